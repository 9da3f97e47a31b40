//! A table of a source that is taken apart: each field is taken once, and what nobody took is told as left.

use serde_json::{Map, Value};

use crate::report::Report;
use crate::values::duration;

/// A table and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) place: String,
    fields: Map<String, Value>,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) place: String,
    pub(crate) value: Value,
}

impl Table {
    pub(crate) fn new(place: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self {
            place: place.into(),
            fields,
        }
    }

    pub(crate) fn root(value: Value) -> Self {
        let fields = match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self::new("", fields)
    }

    /// The place of a field of it.
    pub(crate) fn at(&self, field: &str) -> String {
        if self.place.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.place)
        }
    }

    /// Takes a field; `null` is as good as none.
    pub(crate) fn take(&mut self, field: &str) -> Option<Item> {
        // The order of the others stays, as it is told.
        let value = self.fields.shift_remove(field)?;
        (!value.is_null()).then(|| Item {
            place: self.at(field),
            value,
        })
    }

    /// A text; numbers and words for yes and no that a YAML file left unquoted are texts too.
    pub(crate) fn text(&mut self, field: &str, report: &mut Report) -> Option<String> {
        let item = self.take(field)?;
        match item.value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            _ => {
                report.left(item.place, "it should be a text");
                None
            }
        }
    }

    /// A text that says something.
    pub(crate) fn filled(&mut self, field: &str, report: &mut Report) -> Option<String> {
        self.text(field, report).filter(|text| !text.is_empty())
    }

    pub(crate) fn flag(&mut self, field: &str, report: &mut Report) -> Option<bool> {
        let item = self.take(field)?;
        match item.value.as_str().map(str::to_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "1") => return Some(true),
            Some("false" | "no" | "off" | "0") => return Some(false),
            _ => {}
        }
        let is = item.value.as_bool();
        if is.is_none() {
            report.left(item.place, "it should be true or false");
        }
        is
    }

    pub(crate) fn number(&mut self, field: &str, report: &mut Report) -> Option<f64> {
        let item = self.take(field)?;
        let text = item
            .value
            .as_str()
            .and_then(|text| text.trim().parse().ok());
        let number = item.value.as_f64().or(text);
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            report.left(item.place, "it should be a number");
        }
        number
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, field: &str, report: &mut Report) -> Option<u32> {
        let place = self.at(field);
        let number = self.number(field, report)?;
        if number < 0.0 || number > f64::from(u32::MAX) || number.fract() != 0.0 {
            report.left(place, "it should be a whole number");
            return None;
        }
        Some(number as u32)
    }

    /// A duration as the config writes it, of seconds or of a text such as `1m30s`. None for zero.
    pub(crate) fn span(&mut self, field: &str, report: &mut Report) -> Option<String> {
        let item = self.take(field)?;
        let told = match &item.value {
            Value::Number(seconds) => seconds.as_f64().and_then(|seconds| duration(seconds * 1e3)),
            Value::String(text) => crate::values::go_duration(text).and_then(duration),
            _ => None,
        };
        if told.is_none() {
            report.left(item.place, "it should be a duration longer than zero");
        }
        told
    }

    pub(crate) fn table(&mut self, field: &str, report: &mut Report) -> Option<Table> {
        self.take(field)?.table(report)
    }

    pub(crate) fn list(&mut self, field: &str, report: &mut Report) -> Vec<Item> {
        let Some(Item { place, value }) = self.take(field) else {
            return Vec::new();
        };
        let Value::Array(values) = value else {
            report.left(place, "it should be a list");
            return Vec::new();
        };
        let items = values.into_iter().enumerate();
        items
            .map(|(index, value)| Item {
                place: format!("{place}[{index}]"),
                value,
            })
            .collect()
    }

    /// The tables of a list.
    pub(crate) fn tables(&mut self, field: &str, report: &mut Report) -> Vec<Table> {
        let items = self.list(field, report).into_iter();
        items.filter_map(|item| item.table(report)).collect()
    }

    /// All fields, each with its place.
    pub(crate) fn items(self) -> Vec<(String, Item)> {
        let place = |field: &str| self.at(field);
        let fields = self.fields.iter().map(|(field, value)| {
            let item = Item {
                place: place(field),
                value: value.clone(),
            };
            (field.clone(), item)
        });
        fields.collect()
    }

    /// Tells a field as left, where it is there and says something.
    pub(crate) fn leave(&mut self, fields: &[&str], why: &str, report: &mut Report) {
        for field in fields {
            if let Some(item) = self.take(field)
                && !is_nothing(&item.value)
            {
                report.left(item.place, why);
            }
        }
    }

    /// Takes fields that say nothing to a proxy.
    pub(crate) fn ignore(&mut self, fields: &[&str]) {
        for field in fields {
            self.fields.shift_remove(*field);
        }
    }

    /// Tells all that nobody asked for.
    pub(crate) fn rest(self, report: &mut Report) {
        self.rest_as("Turnout has no such setting", report);
    }

    /// The same with a reason.
    pub(crate) fn rest_as(self, why: &str, report: &mut Report) {
        for (_, item) in self.items() {
            if !is_nothing(&item.value) {
                report.left(item.place, why);
            }
        }
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

impl Item {
    pub(crate) fn table(self, report: &mut Report) -> Option<Table> {
        if let Value::Object(fields) = self.value {
            return Some(Table::new(self.place, fields));
        }
        report.left(self.place, "it should be a table");
        None
    }

    pub(crate) fn text(self, report: &mut Report) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                report.left(self.place, "it should be a text");
                None
            }
        }
    }

    /// One text or a list of them.
    pub(crate) fn texts(self, report: &mut Report) -> Vec<String> {
        let items = match self.value {
            Value::Array(values) => {
                let place = &self.place;
                let items = values.into_iter().enumerate().map(|(index, value)| Item {
                    place: format!("{place}[{index}]"),
                    value,
                });
                items.collect()
            }
            value => vec![Item {
                place: self.place,
                value,
            }],
        };
        let texts = items.into_iter().filter_map(|item| item.text(report));
        texts.filter(|text| !text.is_empty()).collect()
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
