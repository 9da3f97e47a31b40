//! What is read but not acted on yet. A setting that does nothing is told; one that asks for what happens anyway is not.
//! Each entry goes when the feature comes.

use std::ops::Range;

use super::{
    check::Check,
    model::{Settings, Theme},
    raw,
    reader::{At, Field},
};

/// Tells everything in `document` that this version reads without acting on it.
pub(super) fn unused(check: &mut Check<'_>, document: &raw::Document, settings: &Settings) {
    if let Some(At { value: desktop, .. }) = &document.desktop {
        let chosen = &settings.desktop;
        tell(
            check,
            &desktop.theme,
            chosen.theme != Theme::System,
            "desktop.theme",
        );
    }
}

fn tell<T>(check: &mut Check<'_>, field: &Field<T>, differs: bool, what: &str) {
    if let Some(at) = field.as_ref().filter(|_| differs) {
        not_yet(check, &at.span, what);
    }
}

fn not_yet(check: &mut Check<'_>, span: &Range<usize>, what: &str) {
    check.notice(
        span,
        &format!("{what}: read, but not acted on in this version"),
    );
}
