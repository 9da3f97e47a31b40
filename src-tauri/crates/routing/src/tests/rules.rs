//! What rules ask, and which of them wins.

use std::cell::RefCell;

use super::*;

/// A request with a bit of everything, and what was asked about it.
struct Request {
    model: &'static str,
    text: &'static str,
    hour: u8,
    /// Has images, tools, thinking and web search, and is background.
    is: bool,
    asked: RefCell<Vec<&'static str>>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            model: "claude-haiku-4-5[1m]",
            text: "Please translate this into Straßburger dialect",
            hour: 9,
            is: true,
            asked: RefCell::default(),
        }
    }
}

impl Request {
    fn tell<T>(&self, what: &'static str, value: T) -> T {
        self.asked.borrow_mut().push(what);
        value
    }
}

impl Facts for Request {
    fn model(&self) -> &str {
        self.model
    }
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }
    fn client(&self) -> Option<String> {
        self.tell("client", Some("claude-code".into()))
    }
    fn path(&self) -> String {
        self.tell("path", "/v1/messages".into())
    }
    fn token(&self) -> Option<&str> {
        Some("laptop")
    }
    fn hour(&self) -> u8 {
        self.tell("hour", self.hour)
    }
    fn text(&self) -> String {
        self.tell("text", self.text.into())
    }
    fn tokens(&self) -> u64 {
        self.tell("tokens", 1000)
    }
    fn has_images(&self) -> bool {
        self.tell("has_images", self.is)
    }
    fn has_tools(&self) -> bool {
        self.tell("has_tools", self.is)
    }
    fn thinking(&self) -> bool {
        self.tell("thinking", self.is)
    }
    fn web_search(&self) -> bool {
        self.tell("web_search", self.is)
    }
    fn background(&self) -> bool {
        self.tell("background", self.is)
    }
}

fn rule(name: &str, when: When) -> Rule {
    Rule {
        name: name.into(),
        when,
        then: Then::default(),
    }
}

/// Checks that a rule holds for a request, and one that differs in the one fact does not.
#[track_caller]
fn tells_apart(yes: When, no: When) {
    let request = Request::default();
    for (when, expected) in [(yes, true), (no, false)] {
        let rules = [rule("r", when)];
        let found = decide(&rules, &request).is_some();
        assert_eq!(found, expected, "{:?}", rules[0].when);
    }
}

#[test]
fn each_fact_holds_or_does_not() {
    let all = When::default;
    let model = |glob: &str| When {
        model: Some(Glob::new(glob)),
        ..all()
    };
    tells_apart(model("claude-haiku-*"), model("claude-opus-*"));
    tells_apart(model("CLAUDE-*[1m]"), model("gpt-*[1m]"));
    let tier = |tier| When {
        tier: Some(tier),
        ..all()
    };
    tells_apart(tier(Tier::Small), tier(Tier::Big));
    let dialect = |dialect| When {
        dialect: Some(dialect),
        ..all()
    };
    tells_apart(dialect(Dialect::Anthropic), dialect(Dialect::Gemini));
    let client = |client: &str| When {
        client: Some(client.into()),
        ..all()
    };
    tells_apart(client("Claude-Code"), client("claude"));
    let path = |path: &str| When {
        path: Some(Glob::new(path)),
        ..all()
    };
    tells_apart(path("/v1/messages"), path("/v1/messages/count_tokens"));
    tells_apart(path("/v1/*"), path("/v1beta/*"));
    let token = |token: &str| When {
        token: Some(token.into()),
        ..all()
    };
    tells_apart(token("laptop"), token("Laptop"));
    let keyword = |words: &[&str]| When {
        keyword: words.iter().map(ToString::to_string).collect(),
        ..all()
    };
    tells_apart(keyword(&["nothing", "TRANSLATE"]), keyword(&["nothing"]));
    tells_apart(keyword(&["STRAß"]), keyword(&["strasb"]));
    let regex = |regex: &str| When {
        regex: Some(Expression::new(regex).unwrap()),
        ..all()
    };
    tells_apart(regex(r"\binto\b"), regex(r"\bint\b"));
    tells_apart(regex("(?i)^please"), regex("^please"));
    let similar = |text: &str, threshold| When {
        similar_to: Some(Examples::new(vec!["xyz".into(), text.into()], threshold)),
        ..all()
    };
    let (like, unlike) = ("translate it into some dialect", "what is the time");
    tells_apart(similar(like, None), similar(unlike, None));
    tells_apart(similar(unlike, Some(0.0)), similar(like, Some(1.0)));
    let tokens = |over| When {
        tokens_over: Some(over),
        ..all()
    };
    tells_apart(tokens(999), tokens(1000));
    let hour = |hours: &str| When {
        hour: Some(Hours::parse(hours).unwrap()),
        ..all()
    };
    tells_apart(hour("9-17"), hour("10-17"));
    tells_apart(hour("1, 9"), hour("17-9"));
    let is: [fn(bool) -> When; 5] = [
        |it| When {
            has_images: Some(it),
            ..When::default()
        },
        |it| When {
            has_tools: Some(it),
            ..When::default()
        },
        |it| When {
            thinking: Some(it),
            ..When::default()
        },
        |it| When {
            web_search: Some(it),
            ..When::default()
        },
        |it| When {
            background: Some(it),
            ..When::default()
        },
    ];
    for is in is {
        tells_apart(is(true), is(false));
        let not = Request {
            is: false,
            ..Request::default()
        };
        assert!(decide(&[rule("r", is(false))], &not).is_some());
    }
}

#[test]
fn all_that_is_given_must_hold_and_nothing_always_does() {
    let both = |tier| When {
        tier: Some(tier),
        token: Some("laptop".into()),
        ..When::default()
    };
    tells_apart(both(Tier::Small), both(Tier::Middle));
    assert!(decide(&[rule("r", When::default())], &Request::default()).is_some());
    assert_eq!(decide(&[], &Request::default()), None);
}

#[test]
fn the_first_match_wins() {
    let never = When {
        tokens_over: Some(1_000_000),
        ..When::default()
    };
    let rules = ["one", "two", "three"].map(|name| rule(name, When::default()));
    let rules = [vec![rule("zero", never)], rules.to_vec()].concat();
    let found = decide(&rules, &Request::default()).unwrap();
    assert_eq!(&*found.name, "one");
}

#[test]
fn facts_are_asked_for_once_and_only_where_the_cheaper_ones_hold() {
    let dear = |tier| When {
        tier: Some(tier),
        keyword: vec!["absent".into()],
        tokens_over: Some(1),
        ..When::default()
    };
    let request = Request::default();
    let rules = [rule("a", dear(Tier::Big)), rule("b", dear(Tier::Middle))];
    assert_eq!(decide(&rules, &request), None);
    assert_eq!(*request.asked.borrow(), [""; 0], "the tier does not fit");
    let rules = [rule("a", dear(Tier::Small)), rule("b", dear(Tier::Small))];
    assert_eq!(decide(&rules, &request), None);
    assert_eq!(*request.asked.borrow(), ["text"], "no word of it fits");
}

#[test]
fn hours_are_read() {
    let struck = |written: &str| {
        let hours = Hours::parse(written)?;
        let has = |hour: &u8| {
            let request = Request {
                hour: *hour,
                ..Request::default()
            };
            let when = When {
                hour: Some(hours),
                ..When::default()
            };
            decide(&[rule("r", when)], &request).is_some()
        };
        Some((0..24).filter(has).collect::<Vec<u8>>())
    };
    for (written, expected) in [
        ("9-12", vec![9, 10, 11]),
        ("22-2", vec![0, 1, 22, 23]),
        ("23", vec![23]),
        ("0", vec![0]),
        ("22-24", vec![22, 23]),
        ("22-0", vec![22, 23]),
        (" 1 - 2 ,5", vec![1, 5]),
        ("0-24", (0..24).collect()),
    ] {
        assert_eq!(struck(written), Some(expected), "{written}");
    }
    for wrong in [
        "", "9-", "-9", "25", "24", "9-9", "9-25", "+9", "9:30", "1,,2",
    ] {
        assert_eq!(struck(wrong), None, "{wrong}");
    }
}

#[test]
fn rules_written_alike_are_equal() {
    let made = |regex: &str, glob: &str| When {
        model: Some(Glob::new(glob)),
        regex: Some(Expression::new(regex).unwrap()),
        similar_to: Some(Examples::new(vec!["x".into()], None)),
        ..When::default()
    };
    assert_eq!(made("a+", "b*"), made("a+", "b*"));
    assert_ne!(made("a+", "b*"), made("a*", "b*"));
    assert_ne!(made("a+", "b*"), made("a+", "c*"));
    assert!(Expression::new("(").is_err());
}
