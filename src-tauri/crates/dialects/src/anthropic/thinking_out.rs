//! Says how much to think in the words that the model knows.

use super::{
    request_out::Context,
    wire_out::{Thinking, With},
};
use crate::{
    Dialect, caps,
    ir::{Effort, Field, Mode, Reasoning, Show},
};

/// The least budget that Anthropic takes.
const LEAST: u64 = 1024;
/// What a model with budgets alone may think where the client leaves it to the model.
const DEFAULT: Effort = Effort::Medium;

/// What is told of thinking.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
}

/// Whether the model is told to think.
pub(super) fn is_on(thinking: Thinking) -> bool {
    matches!(thinking.r#type, "enabled" | "adaptive")
}

/// Whether the model is told not to think.
pub(super) fn is_off(thinking: Thinking) -> bool {
    thinking.r#type == "disabled"
}

/// Thinking with what else the client says about it: a display that its own words tell is not told twice, and nothing is
/// said about thinking that there is not.
pub(super) fn told<'a>(thinking: Thinking, context: &Context<'a>) -> With<'a, Thinking> {
    let mut extra = context.owns.fields("thinking");
    if is_off(thinking) {
        extra.clear();
    }
    let display = thinking.display;
    let display = display.filter(|_| extra.iter().all(|(name, _)| *name != "display"));
    With {
        value: Thinking {
            display,
            ..thinking
        },
        extra,
    }
}

/// What to say. A budget must leave room for the answer; a forced tool, and a tool loop whose thinking was another
/// model's, forbid manual thinking.
pub(super) fn plan(
    context: &mut Context<'_>,
    max_tokens: u64,
    forced: bool,
    resumes_unsigned: bool,
) -> Plan {
    let asked = &context.request.reasoning;
    // Models of others think without being asked; a client that only wants to see it gets to see Claude's.
    let to_see = matches!(asked.show, Some(Show::Summary | Show::Full));
    if asked.is_unset() && !(to_see && context.caps.messages.adaptive) {
        return Plan::default();
    }
    match asked.mode {
        Mode::Off => rest(context),
        Mode::BetweenTools if context.caps.messages.between_tools => Plan {
            thinking: Some(bare("between_tools")),
            effort: effort(context),
        },
        Mode::BetweenTools => {
            lose(context, "the model cannot think between tools only");
            rest(context)
        }
        Mode::Unset
            if context.request.dialect == Some(Dialect::Anthropic) && asked.budget.is_none() =>
        {
            Plan {
                thinking: None,
                effort: effort(context),
            }
        }
        Mode::Unset | Mode::On | Mode::Adaptive => {
            think(context, max_tokens, forced || resumes_unsigned)
        }
    }
}

fn bare(kind: &'static str) -> Thinking {
    Thinking {
        r#type: kind,
        budget_tokens: None,
        display: None,
    }
}

fn lose(context: &mut Context<'_>, why: &'static str) {
    context.notes.lose_field(Field::Reasoning, why);
}

/// No thinking, or as little as the model can.
fn rest(context: &mut Context<'_>) -> Plan {
    let caps = context.caps;
    let switch = caps.messages.adaptive || caps.thinking == caps::Thinking::Budget;
    let thinking = match () {
        () if caps.can_rest && switch => Some(bare("disabled")),
        () if caps.can_rest => None,
        () if caps.messages.between_tools => Some(bare("between_tools")),
        () => {
            lose(context, "the model always thinks");
            let least = Effort::Low.offered(&caps.efforts);
            return Plan {
                thinking: None,
                effort: least.filter(|_| caps.messages.effort).map(Effort::as_str),
            };
        }
    };
    Plan {
        thinking,
        effort: None,
    }
}

fn think(context: &mut Context<'_>, max_tokens: u64, no_manual: bool) -> Plan {
    let caps = context.caps;
    let asked = &context.request.reasoning;
    let manual = caps.thinking == caps::Thinking::Budget;
    let by_budget = asked.mode == Mode::On && asked.budget.is_some();
    if caps.messages.adaptive && !(manual && by_budget) {
        if asked.mode == Mode::On && asked.budget.is_some() {
            lose(
                context,
                "the model takes no budget of thinking; its effort stands for it",
            );
        }
        return Plan {
            thinking: Some(Thinking {
                display: display(asked),
                ..bare("adaptive")
            }),
            effort: effort(context),
        };
    }
    let mut plan = Plan {
        thinking: None,
        effort: effort_word(context).filter(|_| !manual || asked.effort.is_some()),
    };
    if !manual {
        if plan.effort.is_none() {
            lose(context, "the model's thinking cannot be set");
        }
        return plan;
    }
    if no_manual {
        lose(
            context,
            "the model cannot think while a tool is forced, or in a loop of tools that another model began",
        );
        return plan;
    }
    plan.thinking = budget(context, max_tokens).map(|tokens| Thinking {
        budget_tokens: Some(tokens),
        display: display(asked).filter(|_| caps.messages.first_party),
        ..bare("enabled")
    });
    if plan.thinking.is_none() {
        lose(context, "max_tokens leaves no room for thinking");
    }
    plan
}

/// A budget that the client named must fit as it is; one that stands for a level may shrink.
fn budget(context: &Context<'_>, max_tokens: u64) -> Option<u64> {
    let asked = &context.request.reasoning;
    let (least, most) = context.caps.budget.unwrap_or((LEAST, u64::MAX));
    let most = most.max(least);
    let tokens = asked.budget.map_or_else(
        || {
            let level = asked.effort.unwrap_or(DEFAULT).budget();
            level.clamp(least, most).min(max_tokens / 2)
        },
        |tokens| tokens.clamp(least, most),
    );
    (tokens >= LEAST.max(least) && tokens < max_tokens).then_some(tokens)
}

fn display(asked: &Reasoning) -> Option<&'static str> {
    asked.show.map(|show| match show {
        Show::None => "omitted",
        Show::Summary | Show::Full => "summarized",
    })
}

/// The level asked for, in words on offer.
fn effort(context: &mut Context<'_>) -> Option<&'static str> {
    let asked = context.request.reasoning.level()?;
    let told = effort_word(context);
    if told.is_none() {
        lose(context, "the model has no levels of effort");
    } else if told != Some(asked.as_str()) {
        lose(context, "the model has no such level; the nearest is told");
    }
    told
}

fn effort_word(context: &Context<'_>) -> Option<&'static str> {
    let caps = context.caps;
    let asked = context.request.reasoning.level()?;
    let offered = caps.nearest_effort(asked);
    offered.filter(|_| caps.messages.effort).map(Effort::as_str)
}
