//! The lists of named things in the config, such as `[[providers]]` and `server.client_tokens`, changed by the fields that
//! a program sends as JSON. What is not named stays as it was written, comments included.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::edit::{EditError, assign, tables_mut};
use crate::secrets::CLIENT_TOKEN;

/// A list of named things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `[[providers]]`.
    Providers,
    /// `[[groups]]`.
    Groups,
    /// `[[rules]]`.
    Rules,
    /// `server.client_tokens`.
    Tokens,
}

impl Section {
    /// What one of them is called.
    pub fn thing(self) -> &'static str {
        match self {
            Self::Providers => "provider",
            Self::Groups => "group",
            Self::Rules => "rule",
            Self::Tokens => "client token",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Providers => "providers",
            Self::Groups => "groups",
            Self::Rules => "rules",
            Self::Tokens => "client_tokens",
        }
    }

    /// In which order the fields of a new one are written; any others follow.
    fn order(self) -> &'static [&'static str] {
        match self {
            Self::Providers => &["name", "dialect", "base_url", "auth", "keys", "models"],
            Self::Groups => &["name", "policy", "cooldown", "members"],
            Self::Rules => &["name", "enabled", "when", "use"],
            Self::Tokens => &[
                "name",
                "token",
                "scopes",
                "groups",
                "models",
                "limits",
                "expires_at",
            ],
        }
    }

    /// What is shown of one and cannot be set: a thing that was read may be sent back.
    fn is_shown_only(self, field: &str) -> bool {
        let fields: &[&str] = match self {
            Self::Providers => &[
                "health",
                "cooling_until",
                "resting",
                "last_error",
                "ttft_ms",
                "success_rate",
                "groups",
                "forecast",
                "quotas",
            ],
            Self::Groups => &["active", "paused", "state", "cooling_until"],
            Self::Rules | Self::Tokens => &[],
        };
        fields.contains(&field)
    }

    /// The fields of a thing that go into the config.
    pub fn fields(self, mut sent: Map<String, Json>) -> Map<String, Json> {
        sent.retain(|field, value| {
            // The number of keys is shown, their references are set.
            let is_number = field == "keys" && value.is_number();
            !is_number && !self.is_shown_only(field)
        });
        if let (Self::Groups, Some(Json::Array(members))) = (self, sent.get_mut("members")) {
            for member in members.iter_mut().filter_map(Json::as_object_mut) {
                member.retain(|field, _| {
                    ["provider", "priority", "weight"].contains(&field.as_str())
                });
            }
        }
        sent
    }
}

/// Adds a thing behind the others.
pub fn add(
    document: &mut DocumentMut,
    section: Section,
    fields: &Map<String, Json>,
) -> Result<(), EditError> {
    let name = fields.get("name").and_then(Json::as_str);
    let name = name.ok_or_else(|| EditError::Nameless(section.thing()))?;
    if find(document, section, name).is_some() {
        return Err(EditError::Taken(section.thing(), name.to_owned()));
    }
    let first = section.order().iter().copied();
    let rest = fields.keys().map(String::as_str);
    let rest = rest.filter(|field| !section.order().contains(field));
    let mut table = Table::new();
    for field in first.chain(rest) {
        if let Some(value) = fields.get(field).and_then(toml) {
            table.insert(field, Item::Value(value));
        }
    }
    match list(document, section)? {
        Item::ArrayOfTables(tables) => {
            table.decor_mut().set_prefix("\n");
            tables.push(table);
        }
        Item::Value(Value::Array(array)) => array.push(table.into_inline_table()),
        _ => return Err(EditError::WrongType(section.key())),
    }
    Ok(())
}

/// Sets the fields that are given; `null` takes one away.
pub fn change(
    document: &mut DocumentMut,
    section: Section,
    name: &str,
    fields: &Map<String, Json>,
) -> Result<(), EditError> {
    let table = find(document, section, name).ok_or_else(|| unknown(section, name))?;
    set_fields(table, fields);
    Ok(())
}

/// Takes a thing out.
pub fn remove(document: &mut DocumentMut, section: Section, name: &str) -> Result<(), EditError> {
    let at = names(document, section).iter().position(|one| one == name);
    let at = at.ok_or_else(|| unknown(section, name))?;
    let left = match existing(document, section) {
        Some(Item::ArrayOfTables(tables)) => {
            tables.remove(at);
            tables.len()
        }
        Some(Item::Value(Value::Array(array))) => {
            array.remove(at);
            array.len()
        }
        _ => return Err(EditError::WrongType(section.key())),
    };
    // Without a list of tokens there would be one of itself.
    if left == 0 && section != Section::Tokens {
        document.remove(section.key());
    }
    Ok(())
}

/// Puts the things in another order; those that are not named follow in the order they had.
pub fn reorder(
    document: &mut DocumentMut,
    section: Section,
    order: &[String],
) -> Result<(), EditError> {
    let there = names(document, section);
    if let Some(name) = order.iter().find(|name| !there.contains(name)) {
        return Err(unknown(section, name));
    }
    let place = |name: &String| {
        order
            .iter()
            .position(|one| one == name)
            .unwrap_or(order.len())
    };
    let mut wanted: Vec<usize> = (0..there.len()).collect();
    wanted.sort_by_key(|index| place(&there[*index]));
    match existing(document, section) {
        Some(Item::ArrayOfTables(tables)) => {
            let old: Vec<Table> = std::mem::take(tables).into_iter().collect();
            let first = old.iter().filter_map(Table::position).min();
            for index in wanted {
                let mut table = old[index].clone();
                // Where tables stand in the file goes by their positions: with one for all, they stand as they are here.
                settle(&mut table, first);
                tables.push(table);
            }
        }
        Some(Item::Value(Value::Array(array))) => {
            let old: Vec<Value> = array.iter().cloned().collect();
            for (value, index) in array.iter_mut().zip(wanted) {
                assign(value, old[index].clone());
            }
        }
        _ => {}
    }
    Ok(())
}

fn settle(table: &mut Table, position: Option<isize>) {
    table.set_position(position);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => settle(table, position),
            Item::ArrayOfTables(tables) => {
                tables.iter_mut().for_each(|table| settle(table, position));
            }
            Item::None | Item::Value(_) => {}
        }
    }
}

/// The list as it stands in the file.
fn existing(document: &mut DocumentMut, section: Section) -> Option<&mut Item> {
    match section {
        Section::Tokens => document.get_mut("server")?.get_mut(section.key()),
        _ => document.get_mut(section.key()),
    }
}

/// The list, made where it is not there.
fn list(document: &mut DocumentMut, section: Section) -> Result<&mut Item, EditError> {
    if section != Section::Tokens {
        let new = || Item::ArrayOfTables(ArrayOfTables::new());
        return Ok(document.entry(section.key()).or_insert_with(new));
    }
    let server = document.entry("server").or_insert_with(toml_edit::table);
    let server = server.as_table_like_mut();
    let server = server.ok_or(EditError::WrongType("server"))?;
    // The token that holds where none is written goes on to hold.
    let local = || {
        let mut local = InlineTable::new();
        local.insert("name", "local".into());
        local.insert("token", format!("keychain:{CLIENT_TOKEN}").into());
        Item::Value(Value::Array(Array::from_iter([local])))
    };
    Ok(server.entry(section.key()).or_insert_with(local))
}

fn unknown(section: Section, name: &str) -> EditError {
    EditError::Unknown(section.thing(), name.to_owned())
}

fn name_of(table: &dyn TableLike) -> Option<&str> {
    table.get("name").and_then(Item::as_str)
}

/// The names of the things in a list, in the order of the file.
pub(crate) fn names(document: &mut DocumentMut, section: Section) -> Vec<String> {
    let tables = existing(document, section)
        .map(tables_mut)
        .unwrap_or_default();
    let names = tables
        .into_iter()
        .map(|table| name_of(table).unwrap_or_default().to_owned());
    names.collect()
}

fn find<'d>(
    document: &'d mut DocumentMut,
    section: Section,
    name: &str,
) -> Option<&'d mut dyn TableLike> {
    let tables = existing(document, section)
        .map(tables_mut)
        .unwrap_or_default();
    tables
        .into_iter()
        .find(|table| name_of(*table) == Some(name))
}

fn set_fields(table: &mut dyn TableLike, fields: &Map<String, Json>) {
    for (field, value) in fields {
        match table.get_mut(field) {
            _ if value.is_null() => {
                table.remove(field);
            }
            Some(item) => set_item(item, value),
            None => {
                if let Some(value) = toml(value) {
                    table.insert(field, Item::Value(value));
                }
            }
        }
    }
}

/// Makes an item say something else, in the form it has as far as that goes.
fn set_item(item: &mut Item, wanted: &Json) {
    if json(item).as_ref() == Some(wanted) {
        return;
    }
    if let (Some(table), Json::Object(fields)) = (item.as_table_like_mut(), wanted) {
        let gone: Vec<String> = table
            .iter()
            .map(|(name, _)| name.to_owned())
            .filter(|name| !fields.contains_key(name))
            .collect();
        for name in gone {
            table.remove(&name);
        }
        return set_fields(table, fields);
    }
    if let Json::Array(all) = wanted
        && set_each(item, all)
    {
        return;
    }
    let Some(new) = toml(wanted) else { return };
    match item {
        Item::Value(old) => assign(old, new),
        other => *other = Item::Value(new),
    }
}

/// Changes the tables of a list in place, as members of a group, which are known by their provider. `false` where the list
/// is to have others, or in another order.
fn set_each(item: &mut Item, wanted: &[Json]) -> bool {
    let mut tables = tables_mut(item);
    let provider = |table: &dyn TableLike| {
        let provider = table.get("provider").and_then(Item::as_str);
        provider.map(str::to_owned)
    };
    let are_same = !tables.is_empty()
        && tables.len() == wanted.len()
        && tables.iter().zip(wanted).all(|(table, wanted)| {
            let known = provider(&**table);
            known.is_some() && known.as_deref() == wanted["provider"].as_str()
        });
    if are_same {
        for (table, wanted) in tables.iter_mut().zip(wanted) {
            let Json::Object(fields) = wanted else {
                continue;
            };
            let gone = table.iter().map(|(name, _)| name.to_owned());
            let gone: Vec<String> = gone.filter(|name| !fields.contains_key(name)).collect();
            for name in gone {
                table.remove(&name);
            }
            set_fields(*table, fields);
        }
    }
    are_same
}

/// TOML has no null: what is null is left out.
pub(crate) fn toml(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(is) => (*is).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => items.iter().filter_map(toml).collect::<Array>().into(),
        Json::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), toml(value)?)))
            .collect::<InlineTable>()
            .into(),
    })
}

/// What an item says; `None` for what JSON cannot say.
pub(super) fn json(item: &Item) -> Option<Json> {
    match item {
        Item::Value(value) => value_json(value),
        Item::Table(table) => fields_json(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| fields_json(table)).collect(),
        Item::None => None,
    }
}

fn value_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(is) => (*is.value()).into(),
        Value::Datetime(_) => return None,
        Value::Array(array) => return array.iter().map(value_json).collect(),
        Value::InlineTable(table) => return fields_json(table),
    })
}

fn fields_json(table: &dyn TableLike) -> Option<Json> {
    let fields = table
        .iter()
        .map(|(name, item)| Some((name.to_owned(), json(item)?)));
    fields.collect::<Option<Map<_, _>>>().map(Json::Object)
}
