//! The calls as one `OpenAPI` document.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};
use utoipa::PartialSchema as _;
use utoipa::ToSchema as _;
use utoipa::openapi::path::{
    OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Ref, Schema, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContentBuilder, Deprecated, HttpMethod, InfoBuilder, OpenApiBuilder, Required, ResponseBuilder,
    ResponsesBuilder, Server,
};

use super::call::{Call, Calls, Entry, Group};
use super::shapes;
use crate::VERSION;
use crate::admin::auth::COOKIE;
use crate::admin::refusal::{Code, ErrorBody};

const ABOUT: &str = "Turnout's own API: what it does at the moment, what it did, and how it is told otherwise. \
    Times are RFC 3339 in UTC, money is decimal text in US dollars. Lists come in pages of `limit` things; \
    `next_cursor` of one is `cursor` of the next. An error says in `error.message` what is wrong and what to do, \
    and has the id by which the log names it.";

/// The whole as JSON.
pub(super) fn document(calls: &Calls) -> Value {
    let mut components = ComponentsBuilder::new()
        .schema("Error", ErrorBody::schema())
        .security_scheme("bearer", bearer())
        .security_scheme("session", session())
        .security_scheme("client", client());
    let mut more = Vec::new();
    ErrorBody::schemas(&mut more);
    components = components.schemas_from_iter(more);
    let mut paths = PathsBuilder::new();
    for group in &calls.groups {
        for call in group.calls.iter().filter(|call| call.listed) {
            components = components.schemas_from_iter(call.schemas.iter().cloned());
            let item = PathItem::new(verb(&call.method), operation(group, call));
            paths = paths.path(told(group, call), item);
        }
    }
    let mut seen = BTreeSet::new();
    let topics = calls.groups.iter().map(|group| group.topic);
    let topics = topics.filter(|topic| seen.insert(*topic));
    let tags: Vec<_> = topics
        .map(|topic| TagBuilder::new().name(topic).build())
        .collect();
    let info = InfoBuilder::new()
        .title("Turnout")
        .version(VERSION)
        .description(Some(ABOUT));
    let api = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(tags))
        // Where the document comes from.
        .servers(Some([Server::new("/")]))
        .build();
    let mut document = json!(api);
    shapes::add_settings(&mut document["components"]["schemas"]);
    shapes::in_words_of_json(&mut document);
    document
}

/// The path as it is told: a rest that may have slashes is a name like any other.
fn told(group: &Group, call: &Call) -> String {
    format!("{}{}", group.prefix, call.path).replace("{*", "{")
}

fn operation(group: &Group, call: &Call) -> OperationBuilder {
    let path = told(group, call);
    let (summary, more) = call.about.split_once("\n\n").unwrap_or((call.about, ""));
    let operation = OperationBuilder::new()
        .operation_id(Some(id(call, &path)))
        .tag(group.topic)
        .summary(Some(summary))
        .description((!more.is_empty()).then_some(more))
        .parameters(Some(names(&path).map(in_path).chain(call.query.clone())))
        .request_body(call.body.as_ref().map(body))
        .responses(answers(group.entry, call, names(&path).next().is_some()))
        .deprecated(call.deprecated.then_some(Deprecated::True));
    let none = Vec::<String>::new;
    let bearer = SecurityRequirement::new("bearer", none());
    let session = SecurityRequirement::new("session", none());
    match group.entry {
        Entry::Open => operation,
        Entry::Client => operation.security(SecurityRequirement::new("client", none())),
        Entry::Admin => operation.security(bearer).security(session),
        Entry::Scraper => operation
            .security(SecurityRequirement::default())
            .security(bearer)
            .security(session),
    }
}

/// `getProvidersName` for `GET /api/v1/providers/{name}`.
fn id(call: &Call, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let mut id = call.method.as_str().to_ascii_lowercase();
    if call.deprecated {
        id.push_str("Earlier");
    }
    for word in path.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

fn verb(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// What stands in braces.
fn names(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/');
    parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn in_path(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(shapes::in_path(name)))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn body(takes: &super::call::Takes) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(takes.schema.clone()));
    let required = if takes.may_be_left_out {
        Required::False
    } else {
        Required::True
    };
    let body = RequestBodyBuilder::new()
        .required(Some(required))
        .content("application/json", content.build());
    let Some(media) = takes.or else {
        return body.build();
    };
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = ContentBuilder::new().schema(Some(Schema::Object(text.build())));
    body.content(media, text.build()).build()
}

fn answers(entry: Entry, call: &Call, is_of_a_name: bool) -> ResponsesBuilder {
    let mut responses = ResponsesBuilder::new();
    for answer in &call.answers {
        let response = ResponseBuilder::new().description(answer.about);
        let response = match &answer.schema {
            Some(schema) => answer.media.iter().fold(response, |response, media| {
                let content = ContentBuilder::new().schema(Some(schema.clone()));
                response.content(*media, content.build())
            }),
            None => response,
        };
        responses = responses.response(answer.status.to_string(), response);
    }
    let mut codes = match entry {
        Entry::Client => BTreeSet::new(),
        _ => call.errors.clone(),
    };
    if is_of_a_name && entry != Entry::Client {
        codes.insert(Code::NotFound);
    }
    match entry {
        Entry::Admin | Entry::Scraper => codes.extend([Code::Unauthorized, Code::Forbidden]),
        Entry::Client => {
            let about = "An error in the words of the dialect.";
            responses = responses.response("default", in_words_of_the_dialect(about));
        }
        Entry::Open => {}
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status
            .entry(code.status().as_u16())
            .or_default()
            .push(code);
    }
    for (status, codes) in by_status {
        let told: Vec<String> = codes
            .iter()
            .map(|code| format!("`{}`: {}", code.word(), code.meaning()))
            .collect();
        let error = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error")));
        let response = ResponseBuilder::new()
            .description(told.join("; ") + ".")
            .content("application/json", error.build());
        responses = responses.response(status.to_string(), response);
    }
    responses
}

fn in_words_of_the_dialect(about: &str) -> ResponseBuilder {
    let any = ObjectBuilder::new().schema_type(Type::Object).build();
    let any = ContentBuilder::new().schema(Some(Schema::Object(any)));
    ResponseBuilder::new()
        .description(about)
        .content("application/json", any.build())
}

fn bearer() -> SecurityScheme {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The admin token, or a client token with the scope `admin:read` or `admin:write`.",
        ));
    SecurityScheme::Http(bearer.build())
}

fn client() -> SecurityScheme {
    let client = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A client token, as clients present it."));
    SecurityScheme::Http(client.build())
}

fn session() -> SecurityScheme {
    let about = "The cookie of the window's page, which a one-time link is exchanged for.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(COOKIE, about)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(
                    fields
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn what_is_referred_to_is_there() {
        let document = document(&crate::admin::calls());
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 40, "{found:?}");
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn a_name_has_one_shape() {
        let mut shapes: HashMap<String, Value> = HashMap::new();
        for call in crate::admin::calls().groups.iter().flat_map(|it| &it.calls) {
            for (name, schema) in &call.schemas {
                let shape = json!(schema);
                let known = shapes.entry(name.clone()).or_insert_with(|| shape.clone());
                assert_eq!(*known, shape, "{name}");
            }
        }
        for name in [
            "ProviderSettings",
            "GroupSettings",
            "RuleSettings",
            "NewToken",
            "Error",
        ] {
            assert!(!shapes.contains_key(name), "{name}");
        }
    }

    #[test]
    fn ids_differ_and_everything_is_told_in_words() {
        let document = document(&crate::admin::calls());
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (verb, call) in item.as_object().unwrap() {
                assert!(ids.insert(call["operationId"].to_string()), "{verb} {path}");
                assert!(
                    !call["summary"].as_str().unwrap().is_empty(),
                    "{verb} {path}"
                );
                assert!(
                    !call["responses"].as_object().unwrap().is_empty(),
                    "{verb} {path}"
                );
                for parameter in call["parameters"].as_array().into_iter().flatten() {
                    let told = parameter["description"].as_str().unwrap_or_default();
                    assert!(!told.is_empty(), "{verb} {path} {parameter}");
                }
            }
        }
    }
}
