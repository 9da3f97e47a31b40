//! Claude's models, wherever they are served.

use dialects::{
    Dialect, Operation,
    caps::{Calls, Thinking},
    ir::Effort::{self, High, Low, Max, Medium, Xhigh},
};

use crate::caps;

/// How a Claude model's row reads.
struct Claude {
    name: &'static str,
    /// `thinking: {type: enabled, budget_tokens}`.
    budget: bool,
    adaptive: bool,
    disabled: bool,
    between_tools: bool,
    efforts: &'static [Effort],
    sampling: bool,
    prefill: bool,
    forced: bool,
    mid_system: bool,
}

const fn claude(name: &'static str, flags: [u8; 8], efforts: &'static [Effort]) -> Claude {
    let [
        budget,
        adaptive,
        disabled,
        between_tools,
        sampling,
        prefill,
        forced,
        mid_system,
    ] = flags;
    Claude {
        name,
        budget: budget == 1,
        adaptive: adaptive == 1,
        disabled: disabled == 1,
        between_tools: between_tools == 1,
        efforts,
        sampling: sampling == 1,
        prefill: prefill == 1,
        forced: forced == 1,
        mid_system: mid_system == 1,
    }
}

const ALL: &[Effort] = &[Low, Medium, High, Xhigh, Max];

/// Anthropic's documentation of thinking, effort and sampling by model.
#[rustfmt::skip]
const CLAUDE: [Claude; 20] = [
    //                                   budget adaptive disabled between sampling prefill forced mid_system
    claude("claude-haiku-4-5",                 [1, 0, 1, 0, 1, 1, 1, 0], &[]),
    claude("claude-haiku-4-5-20251001",        [1, 0, 1, 0, 1, 1, 1, 0], &[]),
    claude("claude-sonnet-4-5-20250929",       [1, 0, 1, 0, 1, 1, 1, 0], &[]),
    claude("claude-opus-4-5",                  [1, 0, 1, 0, 1, 1, 1, 0], &[Low, Medium, High]),
    claude("claude-opus-4-6",                  [1, 1, 1, 0, 1, 0, 1, 0], &[Low, Medium, High, Max]),
    claude("claude-sonnet-4-6",                [1, 1, 1, 0, 1, 0, 1, 0], &[Low, Medium, High, Max]),
    claude("claude-opus-4-7",                  [0, 1, 1, 0, 0, 0, 1, 0], ALL),
    claude("claude-opus-4-8[1m]",              [0, 1, 1, 0, 0, 0, 1, 1], ALL),
    claude("claude-sonnet-5",                  [0, 1, 1, 0, 0, 0, 1, 1], ALL),
    claude("claude-opus-5",                    [0, 1, 1, 0, 0, 0, 1, 1], ALL),
    claude("claude-fable-5",                   [0, 1, 0, 0, 0, 0, 1, 1], ALL),
    claude("claude-mythos-5",                  [0, 1, 0, 0, 0, 0, 1, 1], ALL),
    claude("claude-fable-5-1",                 [0, 1, 0, 0, 0, 0, 0, 1], ALL),
    claude("claude-mythos-5-1",                [0, 1, 0, 0, 0, 0, 0, 1], ALL),
    claude("claude-fable-5-2",                 [0, 1, 0, 0, 0, 0, 0, 1], ALL),
    claude("claude-opus-5-5",                  [0, 1, 0, 0, 0, 0, 0, 1], ALL),
    claude("claude-sonnet-5-5",                [0, 1, 0, 1, 0, 0, 0, 1], ALL),
    claude("claude-haiku-5-5",                 [0, 1, 1, 0, 0, 0, 1, 1], ALL),
    claude("claude-sonnet-4-20250514",         [1, 0, 1, 0, 1, 1, 1, 0], &[]),
    claude("claude-3-5-sonnet-latest",         [0, 0, 1, 0, 1, 1, 1, 0], &[]),
];

// PITFALLS 91 and 92: what one generation takes, the next refuses.
#[test]
fn each_claude_model_takes_what_it_takes_wherever_it_is_served() {
    let places = [
        ("https://api.anthropic.com", ""),
        ("https://relay.example/api", ""),
        ("https://openrouter.ai/api", "anthropic/"),
        (
            "https://bedrock-mantle.us-east-1.api.aws/anthropic",
            "us.anthropic.",
        ),
    ];
    for (url, prefix) in places {
        for row in CLAUDE {
            let model = format!("{prefix}{}", row.name);
            let caps = caps(url, Dialect::Anthropic, &model);
            let budget = caps.thinking == Thinking::Budget || caps.budget.is_some();
            let found = (
                (
                    budget,
                    caps.messages.adaptive,
                    caps.can_rest,
                    caps.messages.between_tools,
                ),
                (
                    caps.sampling,
                    caps.prefill,
                    caps.forced_tool_choice,
                    caps.mid_system,
                ),
                (caps.messages.effort, caps.efforts),
            );
            let documented = (
                (row.budget, row.adaptive, row.disabled, row.between_tools),
                (row.sampling, row.prefill, row.forced, row.mid_system),
                (!row.efforts.is_empty(), row.efforts.to_vec()),
            );
            assert_eq!(found, documented, "{model} at {url}");
            assert_eq!(caps.continues, row.prefill, "{model} at {url}");
        }
    }
}

#[test]
fn claude_at_vertex_is_called_at_paths_of_its_own() {
    let base = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5";
    let calls = caps(base, Dialect::Anthropic, "claude-sonnet-4-5@20250929").calls;
    let answer = |stream| calls.path(Operation::Answer { stream });
    let model = "/publishers/anthropic/models/{model}";
    assert_eq!(answer(false), Some(&*format!("{model}:rawPredict")));
    assert_eq!(answer(true), Some(&*format!("{model}:streamRawPredict")));
    assert_eq!(
        calls.path(Operation::Count),
        Some("/publishers/anthropic/models/count-tokens:rawPredict")
    );
    assert_eq!(calls.fields["anthropic_version"], "vertex-2023-10-16");
    for url in [
        "https://api.anthropic.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com/anthropic",
        "https://r.services.ai.azure.com/anthropic",
    ] {
        let own = caps(url, Dialect::Anthropic, "claude-sonnet-4-5").calls;
        assert_eq!(own, Calls::default(), "{url}");
    }
}
