//! The power goes at every step.

use clients::Client;

use crate::support::{Home, main_file, target};

const STEPS: usize = 12;

fn files(client: Client) -> Vec<(&'static str, &'static str)> {
    let other = match client {
        Client::ClaudeCode => "{\n  \"model\": \"opus\"\n}\n",
        Client::Codex => "model = \"m\"\n",
        Client::GeminiCli => "FOO=bar\n",
    };
    let mut files = vec![(main_file(client), other)];
    if client == Client::GeminiCli {
        files.push((
            ".gemini/settings.json",
            "{\"security\": {\"auth\": {\"selectedType\": \"oauth-personal\"}}}",
        ));
    }
    files
}

fn as_before(home: &Home, client: Client, step: usize) {
    for (name, text) in files(client) {
        assert_eq!(
            home.read(name).as_deref(),
            Some(text),
            "{client}, broken after {step}"
        );
    }
}

#[test]
fn a_connecting_that_broke_off_is_undone_or_whole_at_the_next_start() {
    for client in Client::ALL {
        for step in 0..STEPS {
            let home = Home::with(&files(client));
            let done = home.breaking(step).connect(client, &target()).is_ok();
            home.clients().recover().unwrap();
            let standing = home
                .clients()
                .look(client, Some(&target().base_url))
                .unwrap();
            assert_eq!(
                standing.connected, standing.remembered,
                "{client}, broken after {step}: {standing:?}"
            );
            assert!(!done || standing.connected);
            if !standing.connected {
                as_before(&home, client, step);
            }
            home.clients().disconnect(client).unwrap();
            home.clients().finish().unwrap();
            as_before(&home, client, step);
        }
    }
}

#[test]
fn a_disconnecting_that_broke_off_is_finished_at_the_next_start() {
    for client in Client::ALL {
        for step in 0..STEPS {
            let home = Home::with(&files(client));
            home.clients().connect(client, &target()).unwrap();
            let broken = home.breaking(step);
            let _ = broken.disconnect(client).and_then(|_| broken.finish());
            home.clients().recover().unwrap();
            // Before the first step was written down nothing has happened yet.
            home.clients().disconnect(client).unwrap();
            home.clients().finish().unwrap();
            as_before(&home, client, step);
            assert!(!home.clients().look(client, None).unwrap().remembered);
        }
    }
}

#[test]
fn a_second_connecting_that_broke_off_loses_nothing_of_the_first() {
    for client in Client::ALL {
        for step in 0..STEPS {
            let home = Home::with(&files(client));
            home.clients().connect(client, &target()).unwrap();
            let mut other = target();
            other.base_url = "http://127.0.0.1:7799".into();
            let _ = home.breaking(step).connect(client, &other);
            home.clients().recover().unwrap();
            home.clients().disconnect(client).unwrap();
            home.clients().finish().unwrap();
            as_before(&home, client, step);
        }
    }
}
