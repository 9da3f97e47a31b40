//! The table of vendors that comes with Turnout, and the rules by which it is read.

mod claude;

use std::sync::LazyLock;

use dialects::{
    Dialect,
    caps::{CallIds, Caps, ReasoningBack, Structured, Thinking},
    ir::Effort::{High, Low, Max, Medium, Minimal, Xhigh},
    vendors::Vendors,
};

static VENDORS: LazyLock<Vendors> = LazyLock::new(bundled);

#[allow(clippy::expect_used, reason = "a test's fixture")]
fn bundled() -> Vendors {
    Vendors::parse(include_str!("../../../../../config/vendors.toml")).expect("the table is valid")
}

fn caps(base_url: &str, dialect: Dialect, model: &str) -> Caps {
    let record = VENDORS.record(None, base_url, dialect);
    Caps::clone(&record.caps(model))
}

#[test]
fn every_vendor_is_recognised_by_the_base_urls_it_documents() {
    let cases = [
        ("anthropic", "https://api.anthropic.com"),
        ("openai", "https://api.openai.com/v1"),
        ("openai", "https://eu.api.openai.com/v1"),
        ("openrouter", "https://openrouter.ai/api/v1"),
        ("openrouter", "https://openrouter.ai/api"),
        ("deepseek", "https://api.deepseek.com"),
        ("deepseek", "https://api.deepseek.com/anthropic"),
        ("qwen", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ("qwen", "https://dashscope-intl.aliyuncs.com/apps/anthropic"),
        ("qwen", "https://api-inference.modelscope.cn/v1"),
        ("glm", "https://api.z.ai/api/paas/v4"),
        ("glm", "https://api.z.ai/api/anthropic"),
        ("glm", "https://open.bigmodel.cn/api/paas/v4"),
        ("kimi", "https://api.moonshot.ai/v1"),
        ("kimi", "https://api.moonshot.cn/anthropic"),
        ("minimax", "https://api.minimax.io/v1"),
        ("minimax", "https://api.minimaxi.com/anthropic"),
        ("groq", "https://api.groq.com/openai/v1"),
        ("mistral", "https://api.mistral.ai/v1"),
        ("xai", "https://api.x.ai/v1"),
        ("ollama", "http://localhost:11434"),
        ("ollama", "http://192.168.1.7:11434/v1"),
        ("ollama", "https://ollama.com"),
        ("lmstudio", "http://127.0.0.1:1234/v1"),
        ("lmstudio", "http://[::1]:1234/v1"),
        ("vllm", "http://localhost:8000/v1"),
        ("gemini", "https://generativelanguage.googleapis.com/v1beta"),
        (
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        ("azure", "https://my-resource.openai.azure.com/openai/v1"),
        (
            "azure",
            "https://my-resource.services.ai.azure.com/anthropic",
        ),
        (
            "bedrock",
            "https://bedrock-runtime.us-east-1.amazonaws.com/anthropic",
        ),
        (
            "bedrock",
            "https://bedrock-mantle.eu-central-1.api.aws/anthropic",
        ),
        (
            "vertex",
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5",
        ),
        ("vertex", "https://aiplatform.googleapis.com/v1"),
        ("anthropic", "HTTPS://API.Anthropic.com:443/"),
    ];
    for (vendor, url) in cases {
        assert_eq!(VENDORS.recognise(url), Some(vendor), "{url}");
    }
    for vendor in VENDORS.names() {
        assert!(
            cases.iter().any(|(known, _)| *known == vendor),
            "{vendor} has no case above"
        );
    }
    for url in [
        "https://relay.example/api",
        "https://api.anthropic.com.example",
        "https://notapi.anthropic.com",
        "https://relay.example/https://api.openai.com",
        "http://127.0.0.1:80",
        "",
    ] {
        assert_eq!(VENDORS.recognise(url), None, "{url}");
    }
}

#[test]
fn an_unknown_vendor_has_the_record_of_its_dialect() {
    for dialect in Dialect::ALL {
        let record = VENDORS.record(None, "https://relay.example", dialect);
        assert_eq!(&**record.vendor(), dialect.as_str());
        assert_eq!(record.dialect(), dialect);
        let caps = record.caps("some-model");
        assert!(
            caps.tools && caps.sampling && caps.images,
            "{dialect:?}: {caps:?}"
        );
        assert!(!caps.chat.max_completion_tokens && !caps.chat.developer && !caps.custom_tools);
        assert!(!caps.messages.first_party);
        assert_eq!(caps.context_window, None);
    }
    assert_eq!(caps("", Dialect::OpenaiResponses, "m").stop_max, 0);
    assert_eq!(caps("", Dialect::Gemini, "m").call_ids, CallIds::None);
    assert_eq!(caps("", Dialect::Ollama, "m").thinking, Thinking::Flag);
    assert_eq!(
        caps("", Dialect::Anthropic, "m").structured,
        Structured::None
    );
}

#[test]
fn a_vendor_that_is_named_wins_over_its_url() {
    let record = VENDORS.record(
        Some("mistral"),
        "https://api.openai.com/v1",
        Dialect::OpenaiChat,
    );
    assert_eq!(&**record.vendor(), "mistral");
    assert_eq!(record.caps("mistral-large").call_ids, CallIds::Alnum9);
}

#[test]
fn only_anthropic_itself_is_first_party() {
    let first = |url| caps(url, Dialect::Anthropic, "claude-opus-5-5").messages;
    assert!(first("https://api.anthropic.com").first_party);
    for url in [
        "https://relay.example",
        "https://openrouter.ai/api",
        "https://api.z.ai/api/anthropic",
    ] {
        let messages = first(url);
        assert!(!messages.first_party && messages.betas.is_empty(), "{url}");
    }
    // PITFALLS 103: betas of Claude Code that these do not know.
    for url in [
        "https://bedrock-runtime.us-east-1.amazonaws.com/anthropic",
        "https://us-east5-aiplatform.googleapis.com",
        "https://r.services.ai.azure.com/anthropic",
    ] {
        let messages = first(url);
        assert!(!messages.first_party && !messages.betas.is_empty(), "{url}");
        assert!(
            !messages
                .betas
                .iter()
                .any(|beta| beta.starts_with("claude-code")),
            "{url}"
        );
    }
}

#[test]
fn windows_are_those_of_the_model() {
    for (model, window, output) in [
        ("claude-haiku-4-5", 200_000, 64_000),
        ("claude-sonnet-4-5", 200_000, 64_000),
        ("claude-opus-4-1-20250805", 200_000, 32_000),
        ("claude-opus-4-6", 1_000_000, 128_000),
        ("claude-opus-5-5", 1_000_000, 128_000),
        ("anthropic/claude-haiku-4.5", 200_000, 64_000),
        ("gpt-6-astra", 1_050_000, 128_000),
        ("gpt-6.1-sol", 1_050_000, 128_000),
        ("gpt-5.6-terra", 1_050_000, 128_000),
        ("gpt-5.4-mini", 400_000, 128_000),
        ("gpt-5.2", 400_000, 128_000),
        ("gpt-5", 400_000, 128_000),
        ("gpt-4.1-nano", 1_047_576, 32_768),
        ("gpt-4o-mini", 128_000, 16_384),
        ("o3", 200_000, 100_000),
        ("gemini-2.5-pro", 1_048_576, 65_536),
        ("gemini-4-argon", 1_048_576, 1_048_576),
        ("deepseek-v4-pro", 1_000_000, 384_000),
        ("glm-4.7", 200_000, 128_000),
    ] {
        for dialect in Dialect::ALL {
            let caps = caps("https://relay.example", dialect, model);
            let found = (caps.context_window, caps.max_output);
            assert_eq!(found, (Some(window), Some(output)), "{model} {dialect:?}");
        }
    }
}

// PITFALLS 90: gpt-5 and the o series refuse `max_tokens` and sampling.
#[test]
fn gpt_models_reason_as_their_reference_says() {
    let chat = |model| caps("https://api.openai.com/v1", Dialect::OpenaiChat, model);
    for (model, sampling, stop_max, efforts, none) in [
        ("gpt-4o", true, 4, &[][..], false),
        ("gpt-4.1-mini", true, 4, &[], false),
        ("o1", false, 4, &[Low, Medium, High], false),
        ("o3", false, 0, &[Low, Medium, High], false),
        ("o4-mini", false, 0, &[Low, Medium, High], false),
        ("gpt-5", false, 4, &[Minimal, Low, Medium, High], false),
        (
            "gpt-5-2025-08-07",
            false,
            4,
            &[Minimal, Low, Medium, High],
            false,
        ),
        ("gpt-5-mini", false, 4, &[Minimal, Low, Medium, High], false),
        ("gpt-5.1", false, 4, &[Low, Medium, High], true),
        ("gpt-5.2", false, 4, &[Low, Medium, High, Xhigh], true),
        ("gpt-5.6-sol", false, 4, &[Low, Medium, High, Xhigh], true),
        ("gpt-6-luna", false, 4, &[Low, Medium, High, Xhigh], true),
    ] {
        let caps = chat(model);
        assert_eq!(caps.sampling, sampling, "{model}");
        assert_eq!(caps.stop_max, stop_max, "{model}");
        assert_eq!(caps.efforts, efforts, "{model}");
        assert_eq!(caps.chat.effort_none, none, "{model}");
        assert!(caps.chat.max_completion_tokens, "{model}");
        assert_eq!(caps.chat.developer, !model.starts_with("gpt-4"), "{model}");
    }
    assert!(chat("gpt-5.6-sol").cache_marks && !chat("gpt-5.4").cache_marks);
    assert!(chat("gpt-5").custom_tools && !chat("o3").custom_tools);
    let relay = caps("https://relay.example/v1", Dialect::OpenaiChat, "gpt-5");
    assert!(relay.chat.max_completion_tokens && !relay.sampling && !relay.custom_tools);
    let azure = caps(
        "https://r.openai.azure.com/openai/v1",
        Dialect::OpenaiChat,
        "gpt-5",
    );
    assert!(azure.chat.max_completion_tokens && azure.custom_tools);
}

#[test]
fn gemini_generations_differ() {
    let gemini = |model| {
        caps(
            "https://generativelanguage.googleapis.com",
            Dialect::Gemini,
            model,
        )
    };
    for (model, third, thinking, budget, rests, sampling) in [
        (
            "gemini-2.5-pro",
            false,
            Thinking::Budget,
            Some((128, 32_768)),
            false,
            true,
        ),
        (
            "gemini-2.5-flash",
            false,
            Thinking::Budget,
            Some((1, 24_576)),
            true,
            true,
        ),
        (
            "models/gemini-2.5-flash-lite",
            false,
            Thinking::Budget,
            Some((512, 24_576)),
            true,
            true,
        ),
        ("gemini-2.0-flash", false, Thinking::None, None, true, true),
        (
            "gemini-3.1-pro-preview",
            true,
            Thinking::Effort,
            None,
            false,
            true,
        ),
        (
            "gemini-3.6-flash",
            true,
            Thinking::Effort,
            None,
            false,
            false,
        ),
        ("gemini-4-argon", true, Thinking::Effort, None, false, false),
    ] {
        let caps = gemini(model);
        assert_eq!(caps.gemini.third, third, "{model}");
        assert_eq!(caps.thinking, thinking, "{model}");
        assert_eq!(caps.budget, budget, "{model}");
        assert_eq!(caps.can_rest, rests, "{model}");
        assert_eq!(caps.sampling, sampling, "{model}");
        // PITFALLS 75: ids of calls are refused before the third generation.
        assert_eq!(caps.call_ids == CallIds::None, !third, "{model}");
        assert_eq!(caps.images_in_results, third, "{model}");
        assert_eq!(caps.penalties, !third, "{model}");
    }
    assert_eq!(
        gemini("gemini-3.5-flash").efforts,
        [Minimal, Low, Medium, High]
    );
    assert_eq!(
        gemini("gemini-3.1-pro-preview").efforts,
        [Low, Medium, High]
    );
}

#[test]
fn chat_relatives_differ_as_documented() {
    use ReasoningBack as Back;
    for (url, model, thinking, back) in [
        (
            "https://api.deepseek.com/v1",
            "deepseek-v4-pro",
            Thinking::Type,
            Back::ContentRequired,
        ),
        // PITFALLS 107: a made-up placeholder spoils Kimi's chain of thought.
        (
            "https://api.moonshot.ai/v1",
            "kimi-k2.7-code",
            Thinking::Type,
            Back::Content,
        ),
        (
            "https://api.z.ai/api/paas/v4",
            "glm-5.3",
            Thinking::Type,
            Back::Content,
        ),
        (
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
            "qwen3-max",
            Thinking::Enable,
            Back::Drop,
        ),
        (
            "http://localhost:8000/v1",
            "qwen3",
            Thinking::Template,
            Back::Reasoning,
        ),
        (
            "https://openrouter.ai/api/v1",
            "openai/gpt-5.4",
            Thinking::Object,
            Back::Details,
        ),
        (
            "http://localhost:11434/v1",
            "gpt-oss:20b",
            Thinking::Effort,
            Back::Reasoning,
        ),
        (
            "https://api.mistral.ai/v1",
            "mistral-large-latest",
            Thinking::None,
            Back::Drop,
        ),
        (
            "https://api.groq.com/openai/v1",
            "openai/gpt-oss-120b",
            Thinking::Effort,
            Back::Drop,
        ),
    ] {
        let caps = caps(url, Dialect::OpenaiChat, model);
        assert_eq!(
            (caps.thinking, caps.reasoning_back),
            (thinking, back),
            "{url}"
        );
        assert!(!caps.custom_tools, "{url}");
    }
}

#[test]
fn what_a_chat_relative_cannot_take_is_not_sent_to_it() {
    let chat = |url, model| caps(url, Dialect::OpenaiChat, model);
    // PITFALLS 87: text-only models are not shown images.
    for (url, model) in [
        ("https://api.deepseek.com/v1", "deepseek-v4-pro"),
        ("https://api.minimax.io/v1", "MiniMax-M2.7"),
        ("https://api.z.ai/api/paas/v4", "glm-5.3"),
    ] {
        assert!(!chat(url, model).images, "{model}");
    }
    assert!(chat("https://api.z.ai/api/paas/v4", "glm-5.3-flash").images);
    assert!(chat("https://api.z.ai/api/paas/v4", "glm-4.5v").images);
    assert!(chat("https://api.deepseek.com/v1", "deepseek-flash").images);
    assert!(!chat("https://api.moonshot.ai/v1", "kimi-k3").sampling);
    assert!(!chat("https://api.moonshot.ai/v1", "kimi-k3").forced_tool_choice);
    assert!(!chat("https://api.mistral.ai/v1", "m").chat.stream_options);
    let deepseek = chat("https://api.deepseek.com", "deepseek-flash");
    assert_eq!(deepseek.efforts, [Low, High, Max]);
    let told = [Minimal, Low, Medium, High, Xhigh, Max].map(|asked| deepseek.nearest_effort(asked));
    assert_eq!(told, [Low, Low, High, High, Max, Max].map(Some));
    assert_eq!(
        chat("https://api.x.ai/v1", "grok-4-0709").thinking,
        Thinking::None
    );
    assert_eq!(
        chat("https://api.x.ai/v1", "grok-4.3").thinking,
        Thinking::Effort
    );
    // PITFALLS 88: no `max_completion_tokens` at Ollama.
    let ollama = chat("http://localhost:11434/v1", "qwen3");
    assert!(!ollama.chat.max_completion_tokens && !ollama.image_urls && !ollama.forced_tool_choice);
    let native = |model| caps("http://localhost:11434", Dialect::Ollama, model);
    assert_eq!(native("gpt-oss:20b").thinking, Thinking::Effort);
    assert_eq!(native("qwen3:8b").thinking, Thinking::Flag);
}

#[test]
fn a_providers_own_caps_win_over_everything() {
    let own: toml::Table =
        toml::from_str("context_window = 9\nmessages = { adaptive = false }").unwrap();
    let record = VENDORS.record(None, "https://api.anthropic.com", Dialect::Anthropic);
    let caps = record.with(&own).caps("claude-opus-5-5");
    assert_eq!(caps.context_window, Some(9));
    assert!(!caps.messages.adaptive && caps.messages.effort && caps.messages.first_party);
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, parts) in [
        ("date = 1", &["date"][..]),
        (
            "date = ''\n[[vendors]]\nhost = 'x'",
            &["unknown field", "host"],
        ),
        ("date = ''\n[dialects.openai]\n", &["openai"]),
        (
            "date = ''\n[dialects.gemini]\nimagess = true",
            &["gemini", "imagess"],
        ),
        (
            "date = ''\n[[models]]\nnames = ['a*']\ncaps = { thinking = 'much' }",
            &["a*", "much"],
        ),
        (
            "date = ''\n[[vendors]]\nname = 'v'\nlike = 'w'",
            &["v is like w"],
        ),
        (
            "date = ''\n[[vendors]]\nname = 'v'\n[vendors.caps.chat]\nx = 1",
            &["v", "x"],
        ),
    ] {
        let error = Vendors::parse(text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

#[test]
fn made_up_model_names_do_not_pile_up_and_cannot_break_anything() {
    let record = VENDORS.record(None, "https://api.anthropic.com", Dialect::Anthropic);
    let first = record.caps("claude-opus-5-5");
    for name in [
        "x",
        "",
        "/",
        "*",
        "claude-opus-5-5-20260801",
        "a/b/claude-opus-5.5",
        "日本[1m]",
    ] {
        let caps = record.caps(name);
        assert_eq!(
            *caps == *first,
            name.contains("5-5") || name.contains("5.5"),
            "{name}"
        );
    }
}
