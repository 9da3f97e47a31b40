//! What is wrong and what to do, for people.

use std::io::{self, Write};

use daemon::doctor::{Finding, State};

use crate::figure::counted;
use crate::screen::{Cell, Screen, Table, Tone};

/// A row each, the advice below what was found, and the sum of all.
pub(crate) fn findings<W: Write>(screen: &mut Screen<W>, found: &[Finding]) -> io::Result<()> {
    let mut table = Table::new(&["", "CHECK", "FOUND"]).wrapping();
    for finding in found {
        let state = match finding.state {
            State::Ok => Cell::new("ok", Tone::Good),
            State::Warn => Cell::new("warn", Tone::Warn),
            State::Fail => Cell::new("FAIL", Tone::Bad),
        };
        let found = finding.found.as_str().into();
        table.row(vec![state, finding.check.into(), found]);
        if let Some(advice) = &finding.advice {
            let advice = Cell::new(format!("→ {advice}"), Tone::Faint);
            table.row(vec![Cell::default(), Cell::default(), advice]);
        }
    }
    screen.table(&table)?;
    screen.line("")?;
    screen.line(sum(found))
}

fn sum(found: &[Finding]) -> String {
    let number = |state| {
        found
            .iter()
            .filter(|finding| finding.state == state)
            .count() as u64
    };
    let (failed, warned) = (number(State::Fail), number(State::Warn));
    let warnings = counted(warned, "warning");
    match (failed, warned) {
        (0, 0) => Tone::Good.painted("all is well"),
        (0, _) => Tone::Warn.painted(&format!("nothing failed; {warnings}")),
        (_, 0) => Tone::Bad.painted(&format!("{failed} failed")),
        _ => Tone::Bad.painted(&format!("{failed} failed; {warnings}")),
    }
}
