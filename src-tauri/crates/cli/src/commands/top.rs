//! `top`: the running instance as an interface in the terminal.

use anyhow::bail;

use super::ending::Ending;
use crate::WrongUse;
use crate::home::Home;
use crate::top;

pub(crate) async fn top(home: &Home, json: bool) -> anyhow::Result<()> {
    if json {
        bail!(WrongUse(
            "top is for people; for programs there are `status --json` and GET /api/v1/stream"
                .to_owned()
        ));
    }
    top::demand("`status`, `groups`, `providers` and `history`")?;
    // Told on the terminal as it is, where nothing runs.
    home.running().await?;
    let mut ending = Ending::listen()?;
    top::run(home, false, ending.asked()).await
}
