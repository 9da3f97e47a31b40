use routing::Reason;

use super::words::REASONS;
use super::*;

fn at(now: Instant) -> Moment {
    Moment {
        now,
        at: Timestamp::UNIX_EPOCH,
        locale: Locale::En,
    }
}

fn failover(from: &str, to: &str) -> Change {
    Change::Failover {
        from: from.into(),
        to: to.into(),
        group_from: "main".into(),
        group_to: "main".into(),
        why: Reason::Overloaded,
        cost: None,
    }
}

fn elsewhere() -> Change {
    Change::Failover {
        from: "relay".into(),
        to: "local".into(),
        group_from: "main".into(),
        group_to: "spare".into(),
        why: Reason::Network,
        cost: Some(430_000_000_000),
    }
}

fn recovered(provider: &str) -> Change {
    Change::Recovered {
        provider: provider.into(),
    }
}

fn refused(key: Option<&str>) -> Change {
    Change::AuthFailed {
        provider: "relay".into(),
        key: key.map(Into::into),
    }
}

fn spent(done: Done) -> News {
    News::Spent(Spent {
        budget: "daily".to_owned(),
        share: 0.8,
        amount: "16.1".to_owned(),
        limit: "20".to_owned(),
        until: Timestamp::UNIX_EPOCH,
        done,
    })
}

fn told(change: &Change, locale: Locale) -> Notice {
    let moment = Moment {
        locale,
        ..at(Instant::now())
    };
    Notices::default().take(change, moment).unwrap()
}

#[test]
fn a_failover_tells_from_to_and_why() {
    assert_eq!(
        told(&failover("relay", "openrouter"), Locale::En).body,
        "Switched from relay to openrouter: relay is overloaded"
    );
}

#[test]
fn a_failover_out_of_the_group_names_the_other_group() {
    let notice = told(&elsewhere(), Locale::En);
    assert_eq!(
        notice.body,
        "Switched from relay to local (group spare): relay cannot be reached; failover cost about $0.43 of cache"
    );
    assert_eq!(notice.group.as_deref(), Some("spare"));
    assert_eq!(notice.provider.as_deref(), Some("relay"));
}

#[test]
fn a_notice_leads_to_the_page_that_explains_it() {
    let page = |change: &Change| told(change, Locale::En).page;
    assert_eq!(page(&elsewhere()), "/history?provider=relay");
    assert_eq!(page(&recovered("a&b c")), "/providers?provider=a%26b%20c");
    assert_eq!(page(&refused(None)), "/providers?provider=relay");
    assert_eq!(page(&Change::AllDown), "/overview");
    let budget = Notices::default().tell(spent(Done::Told), at(Instant::now()));
    assert_eq!(budget.unwrap().page, "/usage");
}

#[test]
fn at_most_one_a_minute_of_a_kind_is_told_and_the_last_is_not_lost() {
    let (mut notices, start) = (Notices::default(), Instant::now());
    assert!(notices.take(&failover("a", "b"), at(start)).is_some());
    for second in 1..=3 {
        let soon = at(start + Duration::from_secs(second));
        assert_eq!(notices.take(&failover("b", "c"), soon), None);
    }
    assert_eq!(notices.due(), Some(start + APART));
    assert_eq!(notices.ripe(at(start + Duration::from_millis(59_999))), []);
    let ripe = notices.ripe(at(start + APART));
    assert_eq!(ripe.len(), 1);
    assert_eq!(
        ripe[0].body,
        "Switched from b to c: b is overloaded. 2 more like this in the minute before"
    );
    assert_eq!(notices.due(), None);
    let again = at(start + Duration::from_millis(119_999));
    assert_eq!(notices.take(&failover("c", "d"), again), None);
}

#[test]
fn a_tokens_own_limit_is_called_after_the_token_in_every_language() {
    for (locale, budget, title) in [
        (Locale::En, "daily", "Budget daily: 80 %"),
        (Locale::En, "of token bob", "Limit of token bob: 80 %"),
        (Locale::ZhCn, "daily", "预算 daily：80%"),
        (Locale::ZhCn, "of token bob", "令牌 bob 的限额：80%"),
    ] {
        let News::Spent(mut about) = spent(Done::Told) else {
            unreachable!("it is about a budget");
        };
        budget.clone_into(&mut about.budget);
        let moment = Moment {
            locale,
            ..at(Instant::now())
        };
        let notice = Notices::default().tell(News::Spent(about), moment);
        assert_eq!(notice.unwrap().title, title);
    }
}

#[test]
fn budgets_are_told_once_a_minute_too() {
    let (mut notices, start) = (Notices::default(), Instant::now());
    assert!(notices.tell(spent(Done::Told), at(start)).is_some());
    assert_eq!(notices.tell(spent(Done::Told), at(start)), None);
    assert_eq!(notices.ripe(at(start + APART)).len(), 1);
}

#[test]
fn kinds_do_not_wait_for_each_other() {
    let (mut notices, now) = (Notices::default(), at(Instant::now()));
    for change in [
        failover("a", "b"),
        recovered("a"),
        Change::AllDown,
        refused(None),
    ] {
        assert!(notices.take(&change, now).is_some(), "{change:?}");
    }
    assert!(notices.tell(spent(Done::Told), now).is_some());
}

fn rested(provider: &str) -> Change {
    Change::Rested {
        provider: provider.into(),
        until: Instant::now(),
        why: Reason::Overloaded,
    }
}

#[test]
fn what_is_no_longer_true_is_not_told_late() {
    let cases = [
        (failover("a", "b"), recovered("a"), true),
        (failover("a", "b"), recovered("b"), false),
        // It may be a rest of one model, or of all that one request can go to.
        (failover("a", "b"), rested("b"), false),
        (failover("a", "b"), Change::AllDown, false),
        (recovered("a"), rested("a"), true),
        (recovered("a"), rested("b"), false),
        (recovered("a"), Change::AllDown, false),
        (Change::AllDown, recovered("a"), true),
        (Change::AllDown, failover("a", "b"), true),
        (refused(None), recovered("relay"), false),
    ];
    for (news, change, is_over) in cases {
        let (mut notices, now) = (Notices::default(), Instant::now());
        assert!(notices.take(&news, at(now)).is_some());
        assert!(notices.take(&news, at(now)).is_none());
        notices.take(&change, at(now));
        let ripe = notices.ripe(at(now + APART));
        assert_eq!(ripe.is_empty(), is_over, "{news:?}, then {change:?}");
    }
}

#[test]
fn what_is_told_late_is_told_with_the_time_at_which_it_happened() {
    let (mut notices, now) = (Notices::default(), Instant::now());
    let after = |seconds: u64| Moment {
        at: Timestamp::UNIX_EPOCH + Duration::from_secs(seconds),
        ..at(now + Duration::from_secs(seconds))
    };
    notices.take(&recovered("a"), after(0));
    notices.take(&recovered("a"), after(20));
    let ripe = notices.ripe(after(60));
    assert_eq!(ripe[0].at, after(20).at);
    assert_eq!(notices.recent().next(), Some(&ripe[0]));
}

#[test]
fn a_choice_by_hand_is_no_news() {
    let chosen = Change::GroupChosen {
        group: "main".into(),
    };
    let told = Notices::default().take(&chosen, at(Instant::now()));
    assert_eq!(told, None);
}

#[test]
fn a_notice_tells_as_data_what_its_words_say() {
    let none = serde_json::json!({
        "provider": null, "group": null, "to": null, "reason": null, "cost_usd": null, "key": null, "budget": null,
        "more": 2,
    });
    let cases = [
        (
            News::of(&elsewhere()),
            serde_json::json!({
                "kind": "failover", "provider": "relay", "to": "local", "group": "spare", "reason": "network",
                "cost_usd": "0.43",
            }),
        ),
        (
            News::of(&recovered("relay")),
            serde_json::json!({ "kind": "recovery", "provider": "relay" }),
        ),
        (
            Some(News::AllDown),
            serde_json::json!({ "kind": "all-down" }),
        ),
        (
            News::of(&refused(Some("relay/1"))),
            serde_json::json!({ "kind": "auth", "provider": "relay", "key": "relay/1" }),
        ),
        (
            Some(spent(Done::NotChosen {
                group: "spare".to_owned(),
                why: "gone".to_owned(),
            })),
            serde_json::json!({
                "kind": "budget", "group": "spare", "budget": {
                    "name": "daily", "share": 0.8, "spent_usd": "16.1", "limit_usd": "20",
                    "until": "1970-01-01T00:00:00Z", "done": "not_chosen", "why": "gone",
                },
            }),
        ),
    ];
    for (news, data) in cases {
        let told = notice(&news.unwrap(), 2, at(Instant::now()));
        let mut wanted = none.as_object().unwrap().clone();
        wanted.extend(data.as_object().unwrap().clone());
        let mut told = serde_json::to_value(told).unwrap();
        let told = told.as_object_mut().unwrap();
        for words in ["id", "at", "title", "body", "page"] {
            told.remove(words);
        }
        assert_eq!(*told, wanted);
    }
}

#[test]
fn what_costs_no_cent_is_told_neither_in_words_nor_as_data() {
    for (cost, is_told) in [(CENT / 2, true), (CENT / 2 - 1, false)] {
        let change = Change::Failover {
            from: "relay".into(),
            to: "local".into(),
            group_from: "main".into(),
            group_to: "main".into(),
            why: Reason::Network,
            cost: Some(cost),
        };
        let notice = told(&change, Locale::En);
        assert_eq!(notice.cost_usd.is_some(), is_told);
        assert_eq!(notice.body.contains("of cache"), is_told, "{}", notice.body);
    }
}

/// Every sort of news, with every way it can be told.
fn all_news() -> Vec<News> {
    let mut all: Vec<News> = REASONS
        .into_iter()
        .map(|why| News::Failover {
            from: "relay".into(),
            to: "router".into(),
            group_from: "main".into(),
            group_to: "spare".into(),
            why,
            cost: Some(430_000_000_000),
        })
        .collect();
    let changes = [
        recovered("relay"),
        Change::AllDown,
        refused(None),
        refused(Some("relay/1")),
    ];
    all.extend(changes.iter().filter_map(News::of));
    let (local, group) = ("2026-11-23 00:00".to_owned(), "spare".to_owned());
    all.extend([
        spent(Done::Told),
        spent(Done::Refused { local }),
        spent(Done::Chosen {
            group: group.clone(),
        }),
        spent(Done::NotChosen {
            group,
            why: "gone".to_owned(),
        }),
    ]);
    all
}

#[test]
fn nothing_of_a_chinese_notice_is_left_in_english() {
    const NAMES: [&str; 10] = [
        "relay", "router", "spare", "daily", "gone", "keys", "set", "turnout", "turnoutd", "daemon",
    ];
    for news in all_news() {
        let chinese = words::words(&news, 2, Locale::ZhCn);
        let english = words::words(&news, 2, Locale::En);
        assert_ne!(chinese, english);
        let text = format!("{} {}", chinese.title, chinese.body);
        let foreign: Vec<&str> = text
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .filter(|word| !word.is_empty() && !NAMES.contains(word))
            .filter(|word| !crate::program().contains(word))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?} in {text}");
    }
}

#[test]
fn a_chinese_notice_tells_as_much_as_an_english_one() {
    assert_eq!(
        told(&elsewhere(), Locale::ZhCn).body,
        "已从 relay 切换到 local（组 spare）：relay 无法连接；切换约损失 $0.43 的缓存"
    );
    for news in all_news() {
        let names = |locale| {
            let words = words::words(&news, 0, locale);
            let text = format!("{} {}", words.title, words.body);
            [
                "relay", "router", "spare", "daily", "0.43", "16.1", "80", "/1", "00:00", "gone",
            ]
            .map(|name| text.contains(name))
        };
        assert_eq!(names(Locale::En), names(Locale::ZhCn), "{news:?}");
    }
}
