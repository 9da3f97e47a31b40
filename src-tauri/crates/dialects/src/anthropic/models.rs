//! Lists of models.

use serde::{Deserialize, Serialize};

use crate::ir::{Malformed, Model};

#[derive(Serialize)]
struct List<'a> {
    data: Vec<Entry<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Entry<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<Capabilities>,
}

/// What is known of a model; what is not is left out.
#[derive(Default, PartialEq, Serialize)]
struct Capabilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_input: Option<Supported>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Supported>,
}

#[derive(PartialEq, Serialize)]
struct Supported {
    supported: bool,
}

fn entry(model: &Model) -> Entry<'_> {
    let known = |fact: Option<bool>| fact.map(|supported| Supported { supported });
    let capabilities = Capabilities {
        image_input: known(model.images),
        thinking: known(model.thinking),
    };
    Entry {
        r#type: "model",
        id: &model.id,
        display_name: model.display_name.as_deref().unwrap_or(&model.id),
        created_at: rfc3339(model.created.unwrap_or_default()),
        max_input_tokens: model.context,
        max_tokens: model.max_output,
        capabilities: (capabilities != Capabilities::default()).then_some(capabilities),
    }
}

pub(super) fn write(models: &[Model]) -> Vec<u8> {
    let id = |model: Option<&'_ Model>| model.map(|model| model.id.clone());
    let (first, last) = (id(models.first()), id(models.last()));
    let told = List {
        data: models.iter().map(entry).collect(),
        has_more: false,
        first_id: first.as_deref(),
        last_id: last.as_deref(),
    };
    serde_json::to_vec(&told).unwrap_or_default()
}

pub(super) fn write_one(model: &Model) -> Vec<u8> {
    serde_json::to_vec(&entry(model)).unwrap_or_default()
}

/// Reads a list; compatible servers answer with OpenAI's fields.
pub(super) fn read(body: &[u8]) -> Result<Vec<Model>, Malformed> {
    #[derive(Deserialize)]
    struct Wire {
        data: Vec<WireModel>,
    }
    #[derive(Deserialize)]
    struct WireModel {
        id: String,
        display_name: Option<String>,
        created_at: Option<String>,
        created: Option<i64>,
        owned_by: Option<String>,
        max_input_tokens: Option<u64>,
        max_tokens: Option<u64>,
        capabilities: Option<WireCapabilities>,
    }
    #[derive(Default, Deserialize)]
    struct WireCapabilities {
        image_input: Option<WireSupported>,
        thinking: Option<WireSupported>,
    }
    #[derive(Deserialize)]
    struct WireSupported {
        supported: Option<bool>,
    }
    let read: Wire = serde_json::from_slice(body)
        .map_err(|error| Malformed(format!("the list of models cannot be read: {error}")))?;
    let model = |wire: WireModel| {
        let capabilities = wire.capabilities.unwrap_or_default();
        let fact = |told: Option<WireSupported>| told.and_then(|told| told.supported);
        Model {
            id: wire.id,
            display_name: wire.display_name,
            owned_by: wire.owned_by,
            created: wire
                .created_at
                .as_deref()
                .and_then(seconds)
                .or(wire.created),
            context: wire.max_input_tokens,
            max_output: wire.max_tokens,
            images: fact(capabilities.image_input),
            thinking: fact(capabilities.thinking),
            tools: None,
            embeds: false,
        }
    };
    Ok(read.data.into_iter().map(model).collect())
}

const DAY: i64 = 86_400;

/// Unix seconds as RFC 3339 in UTC.
fn rfc3339(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// RFC 3339 in UTC as Unix seconds; fractions are cut.
fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    Some(days * DAY + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?)
}

/// Days since 1970 as year, month and day of the Gregorian calendar. Years are counted from March, so that a leap day
/// is the last of its year; 400 of them have 146 097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The reverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
