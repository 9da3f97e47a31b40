//! A call of the API: the handler that answers it, and what is told about it.

use std::collections::BTreeSet;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Ref, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, ToSchema};

use crate::Daemon;
use crate::admin::refusal::Code;

/// Named schemas that others refer to.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

/// What a caller has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The admin token, a client token with a scope of the admin API, or the page's cookie.
    Admin,
    /// The same, but nothing while only this machine can call.
    Scraper,
    /// A client token.
    Client,
    /// Nothing.
    Open,
}

/// Calls that belong together.
#[derive(Default)]
pub(crate) struct Calls {
    pub(super) groups: Vec<Group>,
}

/// Calls under one heading.
pub(super) struct Group {
    pub(super) topic: &'static str,
    pub(super) entry: Entry,
    /// What stands before the paths of its calls.
    pub(super) prefix: &'static str,
    pub(super) calls: Vec<Call>,
}

impl Calls {
    /// None yet, under a heading.
    pub(crate) fn of(topic: &'static str, entry: Entry) -> Self {
        let group = Group {
            topic,
            entry,
            prefix: "",
            calls: Vec::new(),
        };
        Self {
            groups: vec![group],
        }
    }

    /// One more.
    pub(crate) fn with(mut self, call: Call) -> Self {
        if let Some(group) = self.groups.last_mut() {
            group.calls.push(call);
        }
        self
    }

    /// Those of another heading behind these.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.groups.extend(others.groups);
        self
    }

    /// The same, told as being below a path.
    pub(crate) fn below(mut self, prefix: &'static str) -> Self {
        for group in &mut self.groups {
            group.prefix = prefix;
        }
        self
    }

    /// Method and route of each, without the prefix.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> impl Iterator<Item = (String, &'static str)> {
        let calls = self.groups.iter().flat_map(|group| &group.calls);
        calls.map(|call| (call.method.to_string(), call.path))
    }

    /// The routes, without the prefix.
    pub(crate) fn router(self) -> Router<Daemon> {
        let calls = self.groups.into_iter().flat_map(|group| group.calls);
        calls.fold(Router::new(), |router, call| match call.handler {
            Some(handler) => router.route(call.path, handler),
            None => router,
        })
    }
}

/// One call.
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) about: &'static str,
    pub(super) query: Vec<Parameter>,
    pub(super) body: Option<Takes>,
    pub(super) answers: Vec<Answers>,
    pub(super) errors: BTreeSet<Code>,
    pub(super) deprecated: bool,
    pub(super) schemas: Schemas,
    /// Whether it is told of; another spelling of one that is told is not.
    pub(super) listed: bool,
    handler: Option<MethodRouter<Daemon>>,
}

/// A body that a call takes.
pub(super) struct Takes {
    pub(super) schema: RefOr<Schema>,
    pub(super) may_be_left_out: bool,
    /// Another way to send the same, by media type.
    pub(super) or: Option<&'static str>,
}

/// An answer that is no error.
pub(crate) struct Answers {
    pub(super) status: u16,
    pub(super) about: &'static str,
    pub(super) media: Vec<&'static str>,
    pub(super) schema: Option<RefOr<Schema>>,
}

const JSON: &str = "application/json";

impl Call {
    pub(crate) fn get<H: Handler<T, Daemon>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::GET, path).by(on(MethodFilter::GET, handler))
    }

    pub(crate) fn post<H: Handler<T, Daemon>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::POST, path).by(on(MethodFilter::POST, handler))
    }

    pub(crate) fn put<H: Handler<T, Daemon>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::PUT, path).by(on(MethodFilter::PUT, handler))
    }

    pub(crate) fn patch<H: Handler<T, Daemon>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::PATCH, path).by(on(MethodFilter::PATCH, handler))
    }

    pub(crate) fn delete<H: Handler<T, Daemon>, T: 'static>(
        path: &'static str,
        handler: H,
    ) -> Self {
        Self::new(Method::DELETE, path).by(on(MethodFilter::DELETE, handler))
    }

    /// One that a route of another module answers.
    pub(crate) fn elsewhere(method: Method, path: &'static str) -> Self {
        Self::new(method, path)
    }

    fn new(method: Method, path: &'static str) -> Self {
        Self {
            method,
            path,
            about: "",
            query: Vec::new(),
            body: None,
            answers: Vec::new(),
            errors: BTreeSet::new(),
            deprecated: false,
            schemas: Vec::new(),
            listed: true,
            handler: None,
        }
    }

    fn by(self, handler: MethodRouter<Daemon>) -> Self {
        Self {
            handler: Some(handler),
            ..self
        }
    }

    /// What it does: one sentence, and more behind an empty line.
    pub(crate) fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// Another spelling of the path of one that is told of.
    pub(crate) fn unlisted(self) -> Self {
        Self {
            listed: false,
            ..self
        }
    }

    /// It is another name for something, kept for programs that know no other.
    pub(crate) fn deprecated(self) -> Self {
        Self {
            deprecated: true,
            ..self
        }
    }

    /// What may stand in the query.
    pub(crate) fn asks<Q: IntoParams>(mut self) -> Self {
        self.query
            .extend(Q::into_params(|| Some(ParameterIn::Query)));
        self.fails([Code::InvalidRequest])
    }

    /// What may stand in a header.
    pub(crate) fn asks_header(mut self, name: &str, about: &str) -> Self {
        let header = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        self.query.push(header.build());
        self
    }

    /// The JSON that it takes.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        let schema = self.refer::<T>();
        self.takes_schema(schema, false)
    }

    /// The same, which may be left out as a whole.
    pub(crate) fn may_take<T: ToSchema>(mut self) -> Self {
        let schema = self.refer::<T>();
        self.takes_schema(schema, true)
    }

    /// Fields as in the config: one of the schemas that are made from its own.
    pub(crate) fn takes_settings(self, name: &str) -> Self {
        let schema = Ref::from_schema_name(name).into();
        self.takes_schema(schema, false)
    }

    /// The text alone will do as well, as this media type.
    pub(crate) fn or_text(mut self, media: &'static str) -> Self {
        if let Some(body) = &mut self.body {
            body.or = Some(media);
        }
        self
    }

    /// A JSON object of a shape that others decide.
    pub(crate) fn takes_object(self, about: &str) -> Self {
        let any = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(about));
        self.takes_schema(Schema::Object(any.build()).into(), false)
    }

    fn takes_schema(mut self, schema: RefOr<Schema>, may_be_left_out: bool) -> Self {
        self.body = Some(Takes {
            schema,
            may_be_left_out,
            or: None,
        });
        self.fails([Code::InvalidRequest])
    }

    /// Answers 200 with this.
    pub(crate) fn answers<T: ToSchema>(mut self) -> Self {
        let schema = self.refer::<T>();
        self.gives(200, "What was asked for.", JSON, Some(schema))
    }

    /// Answers 201 with this.
    pub(crate) fn creates<T: ToSchema>(mut self) -> Self {
        let schema = self.refer::<T>();
        self.gives(201, "It was made.", JSON, Some(schema))
    }

    /// Answers 200 with a page of these.
    pub(crate) fn lists<T: ToSchema>(mut self) -> Self {
        let items = self.refer::<T>();
        self.gives(200, "One page of the list.", JSON, Some(page_of(items)))
    }

    /// The same for things whose shape others decide.
    pub(crate) fn lists_objects(self) -> Self {
        let items = ObjectBuilder::new().schema_type(Type::Object);
        let page = page_of(Schema::Object(items.build()).into());
        self.gives(200, "One page of the list.", JSON, Some(page))
    }

    /// Answers 204.
    pub(crate) fn answers_nothing(self) -> Self {
        self.gives(204, "It is done.", JSON, None)
    }

    /// Answers this status with something that is no JSON of ours.
    pub(crate) fn answers_with(
        self,
        status: u16,
        about: &'static str,
        media: &'static str,
    ) -> Self {
        let any = ObjectBuilder::new().schema_type(match media {
            JSON => SchemaType::new(Type::Object),
            _ => SchemaType::new(Type::String),
        });
        let any = Schema::Object(any.build());
        self.gives(status, about, media, Some(any.into()))
    }

    /// The last answer may come in this form too.
    pub(crate) fn or_media(mut self, media: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.media.push(media);
        }
        self
    }

    /// Answers this status with the shape of the call's first answer too.
    pub(crate) fn or_answers(self, status: u16, about: &'static str) -> Self {
        let schema = self.answers.first().and_then(|first| first.schema.clone());
        self.gives(status, about, JSON, schema)
    }

    fn gives(
        mut self,
        status: u16,
        about: &'static str,
        media: &'static str,
        schema: Option<RefOr<Schema>>,
    ) -> Self {
        self.answers.push(Answers {
            status,
            about,
            media: vec![media],
            schema,
        });
        self
    }

    /// How it can fail, besides what its entry, its path, its query and its body make plain.
    pub(crate) fn fails<const N: usize>(mut self, codes: [Code; N]) -> Self {
        self.errors.extend(codes);
        self
    }

    /// It writes the config, which may be of another mind.
    pub(crate) fn edits(self) -> Self {
        self.fails([Code::Conflict])
    }

    /// It reads the history, which may be out of reach.
    pub(crate) fn reads_history(self) -> Self {
        self.fails([Code::LedgerUnavailable])
    }

    /// Remembers a type's schema, and answers what refers to it.
    pub(crate) fn knows<T: ToSchema>(mut self) -> Self {
        let _ = self.refer::<T>();
        self
    }

    fn refer<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name();
        self.schemas.push((name.clone().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(name).into()
    }
}

fn page_of(items: RefOr<Schema>) -> RefOr<Schema> {
    let cursor = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(
            "What to pass as `cursor` for the next page; null on the last.",
        ));
    let page = ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(items))
        .property("next_cursor", cursor)
        .required("items")
        .required("next_cursor");
    Schema::Object(page.build()).into()
}
