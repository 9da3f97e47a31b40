//! How much to think, in the words that the target takes.

use super::body::{Extras, ObjectSwitch, Switch, TemplateSwitch, TypeSwitch};
use crate::{
    caps::{Caps, Thinking},
    ir::{Effort, Field, Mode, Notes, Reasoning, Show},
};

/// The switch for this intent.
pub(crate) fn write(reasoning: &Reasoning, caps: &Caps, notes: &mut Notes) -> Switch<'static> {
    let mut writer = Writer {
        reasoning,
        caps,
        notes,
    };
    if reasoning.is_unset() {
        return Switch::default();
    }
    if reasoning.mode == Mode::Off {
        return writer.off();
    }
    if reasoning.mode == Mode::BetweenTools {
        writer.lose("thinking cannot be bound to what stands between tool calls");
    }
    writer.on()
}

struct Writer<'a> {
    reasoning: &'a Reasoning,
    caps: &'a Caps,
    notes: &'a mut Notes,
}

impl Writer<'_> {
    fn off(&mut self) -> Switch<'static> {
        let mut switch = Switch::default();
        if !self.caps.can_rest {
            self.lose("the model cannot stop thinking; it is asked for the least");
            let least = self.caps.efforts.iter().min().map(|effort| effort.as_str());
            match self.caps.thinking {
                Thinking::Effort | Thinking::Type => switch.reasoning_effort = least,
                Thinking::Object => {
                    switch.reasoning = Some(ObjectSwitch {
                        effort: least,
                        ..ObjectSwitch::default()
                    });
                }
                _ => {}
            }
            return switch;
        }
        match self.caps.thinking {
            Thinking::None => {}
            Thinking::Effort if self.caps.chat.effort_none => {
                switch.reasoning_effort = Some("none");
            }
            Thinking::Effort => {
                switch.reasoning_effort =
                    self.caps.efforts.iter().min().map(|effort| effort.as_str());
                if switch.reasoning_effort.is_some() {
                    self.lose(
                        "thinking cannot be switched off here; the lowest effort is asked for",
                    );
                }
            }
            // An effort beside it is refused (DeepSeek).
            Thinking::Type | Thinking::Budget => {
                switch.thinking = Some(TypeSwitch {
                    kind: "disabled",
                    budget_tokens: None,
                    own: Extras::default(),
                });
            }
            Thinking::Enable => switch.enable_thinking = Some(false),
            Thinking::Object => {
                switch.reasoning = Some(ObjectSwitch {
                    enabled: Some(false),
                    ..ObjectSwitch::default()
                });
            }
            Thinking::Template => {
                switch.chat_template_kwargs = Some(TemplateSwitch {
                    enable_thinking: Some(false),
                    ..TemplateSwitch::default()
                });
            }
            Thinking::Flag => switch.think = Some(false),
        }
        switch
    }

    fn on(&mut self) -> Switch<'static> {
        let mut switch = Switch::default();
        match self.caps.thinking {
            Thinking::None => self.lose("the model has no switch for thinking"),
            Thinking::Effort => switch.reasoning_effort = self.effort(),
            Thinking::Type => {
                switch.thinking = Some(TypeSwitch {
                    kind: "enabled",
                    budget_tokens: None,
                    own: Extras::default(),
                });
                switch.reasoning_effort = self.effort();
            }
            Thinking::Budget => {
                switch.thinking = Some(TypeSwitch {
                    kind: "enabled",
                    budget_tokens: self.budget(),
                    own: Extras::default(),
                });
            }
            Thinking::Enable => {
                switch.enable_thinking = Some(true);
                switch.thinking_budget = self.budget();
            }
            Thinking::Object => switch.reasoning = Some(self.object()),
            Thinking::Template => {
                self.unleveled();
                switch.chat_template_kwargs = Some(TemplateSwitch {
                    enable_thinking: Some(true),
                    ..TemplateSwitch::default()
                });
            }
            Thinking::Flag => {
                self.unleveled();
                switch.think = Some(true);
            }
        }
        switch
    }

    fn object(&mut self) -> ObjectSwitch<'static> {
        let mut object = ObjectSwitch {
            exclude: (self.reasoning.show == Some(Show::None)).then_some(true),
            ..ObjectSwitch::default()
        };
        if self.reasoning.effort.is_some() {
            object.effort = self.effort();
        } else {
            object.max_tokens = self.budget();
        }
        if object.effort.is_none() && object.max_tokens.is_none() {
            object.enabled = Some(true);
        }
        object
    }

    /// The level nearest to what was asked for.
    fn effort(&mut self) -> Option<&'static str> {
        let asked = self.reasoning.level()?;
        let Some(offered) = self.caps.nearest_effort(asked) else {
            self.lose("the model has no levels of effort");
            return None;
        };
        if offered != asked {
            self.lose(format!(
                "the model has no effort {}; {} is asked for",
                asked.as_str(),
                offered.as_str()
            ));
        } else if self.reasoning.effort.is_none() {
            self.lose(format!(
                "the budget is told as effort {}",
                Effort::as_str(offered)
            ));
        }
        Some(offered.as_str())
    }

    /// The budget in the bounds of the model.
    fn budget(&mut self) -> Option<u64> {
        let asked = self.reasoning.tokens()?;
        let budget = match self.caps.budget {
            Some((least, most)) => asked.clamp(least, most.max(least)),
            None => asked,
        };
        if self.reasoning.budget.is_none() {
            self.lose(format!("the effort is told as a budget of {budget} tokens"));
        } else if budget != asked {
            self.lose(format!("the model's nearest budget is {budget} tokens"));
        }
        Some(budget)
    }

    fn unleveled(&mut self) {
        if self.reasoning.level().is_some() {
            self.lose("thinking is only on or off here");
        }
    }

    fn lose(&mut self, why: impl Into<std::borrow::Cow<'static, str>>) {
        self.notes.lose_field(Field::Reasoning, why);
    }
}
