use super::*;

#[track_caller]
fn is_called(method: &str, path: &str, values: &[&str], action: &str, target: Option<&str>) {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let method: Method = method.parse().unwrap();
    let words = named(&method, path, &values).unwrap();
    assert_eq!(words, (action.to_owned(), target.map(str::to_owned)));
}

#[test]
fn a_call_is_called_by_its_path() {
    is_called(
        "POST",
        "/api/v1/groups/{name}/pause",
        &["a b"],
        "group.pause",
        Some("a b"),
    );
    is_called(
        "PUT",
        "/api/v1/providers/{name}",
        &["relay"],
        "provider.update",
        Some("relay"),
    );
    is_called("POST", "/api/v1/rules", &[], "rule.add", None);
    is_called(
        "DELETE",
        "/api/v1/prices/{*model}",
        &["z/glm"],
        "price.remove",
        Some("z/glm"),
    );
    is_called("PUT", "/api/v1/groups", &[], "group.order", None);
    is_called(
        "POST",
        "/api/v1/suspended/{id}/fail",
        &["req-1"],
        "suspended.fail",
        Some("req-1"),
    );
    is_called("POST", "/providers/reload", &[], "config.reload", None);
}

#[test]
fn a_key_is_called_by_its_id_however_the_path_spells_it() {
    let key = "/api/v1/providers/{name}/keys/{key}";
    let spelled: [(&str, &str, &[&str], &str); 6] = [
        (
            "POST",
            "/{number}/test",
            &["relay", "relay", "0"],
            "key.test",
        ),
        ("POST", "/test", &["relay", "relay/0"], "key.test"),
        ("POST", "/rotate", &["relay", "0"], "key.rotate"),
        (
            "DELETE",
            "/{number}",
            &["relay", "relay", "0"],
            "key.remove",
        ),
        ("DELETE", "", &["relay", "relay/0"], "key.remove"),
        ("DELETE", "", &["relay", "0"], "key.remove"),
    ];
    for (method, rest, values, action) in spelled {
        is_called(
            method,
            &format!("{key}{rest}"),
            values,
            action,
            Some("relay/0"),
        );
    }
    is_called(
        "POST",
        "/api/v1/providers/{name}/keys",
        &["relay"],
        "key.add",
        Some("relay"),
    );
}

#[test]
fn questions_are_not_written_down() {
    for path in QUESTIONS {
        assert_eq!(named(&Method::POST, path, &[]), None, "{path}");
    }
}

#[test]
fn exceptions_are_of_paths_that_there_are() {
    let calls = crate::admin::calls();
    let routes: Vec<(String, &str)> = calls.routes().collect();
    let called = CALLED.map(|(method, path, _)| (method, path));
    let questions = QUESTIONS.map(|path| ("POST", path));
    for (method, path) in called.into_iter().chain(questions) {
        assert!(
            routes.contains(&(method.to_owned(), path)),
            "{method} {path}"
        );
    }
}
