//! `practice`: the stand-in provider as a program of its own. It answers on loopback alone.

use anyhow::{Context, bail};
use practice::{Options, Provider};
use serde_json::json;
use tokio::net::TcpListener;

use super::ending::Ending;
use crate::WrongUse;
use crate::args::Practice;
use crate::screen::{self, Cell, Tone};

pub(crate) async fn practice(asked: Practice, json: bool) -> anyhow::Result<()> {
    if !asked.listen.ip().is_loopback() {
        bail!(WrongUse(format!(
            "a practice provider answers whoever asks, so it listens on loopback only: not on {}",
            asked.listen
        )));
    }
    let options = Options {
        name: asked.name,
        scenario: asked.fault,
        ..Options::default()
    };
    let mut ending = Ending::listen()?;
    let provider = Provider::new(options).map_err(|error| WrongUse(format!("--fault: {error}")))?;
    let listener = TcpListener::bind(asked.listen).await.with_context(|| {
        format!(
            "{} cannot be listened on; choose another with --listen",
            asked.listen
        )
    })?;
    let base_url = format!("http://{}", listener.local_addr()?);
    greet(&base_url, json)?;
    practice::serve(listener, provider, async move { ending.asked().await }).await;
    Ok(())
}

fn greet(base_url: &str, json: bool) -> anyhow::Result<()> {
    let mut screen = screen::stdout();
    if json {
        screen.line(json!({ "base_url": base_url, "pid": std::process::id() }).to_string())?;
    } else {
        screen.fact(
            "practice",
            &Cell::new(format!("a stand-in provider at {base_url}"), Tone::Strong),
        )?;
        screen.fact(
            "fail",
            &"ask for the model practice-429, practice-cut, …".into(),
        )?;
        let control = format!(r#"curl {base_url}/practice/control -d '{{"default": "529"}}'"#);
        screen.fact("or for all", &control.into())?;
        screen.fact("what came in", &format!("{base_url}/practice/state").into())?;
    }
    Ok(screen.flush()?)
}
