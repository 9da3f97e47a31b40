//! What an estimate adds to text, and how near the quick one comes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokens::{Counter, Family, Media, quick, text};

#[test]
fn the_quick_estimate_stays_within_a_quarter_of_the_whole_one() {
    let samples = [
        ("English", include_str!("samples/english.txt")),
        ("German", include_str!("samples/german.txt")),
        ("Chinese", include_str!("samples/chinese.txt")),
        ("code", include_str!("samples/code.py")),
        ("JSON", include_str!("samples/request.json")),
    ];
    for (name, sample) in samples {
        // Once looked at whole, once by samples of a long text, and at each beginning so that none hits a lucky phase.
        for repeats in [1, 60] {
            let long = sample.repeat(repeats);
            let starts = (0..200).filter(|&start| sample.is_char_boundary(start));
            for start in starts.step_by(20) {
                let part = &long[start..];
                let whole = text(Family::Gpt, part).tokens() as f64;
                let ratio = quick(Family::Gpt, part.as_bytes()).tokens() as f64 / whole;
                assert!(
                    (0.75..=1.25).contains(&ratio),
                    "{name} × {repeats} from {start}: {ratio:.2} of {whole}"
                );
            }
        }
    }
}

// PITFALLS 47: a context gauge must not jump by the bytes of an image.
#[test]
fn the_quick_estimate_leaves_base64_out() {
    let words = include_str!("samples/english.txt");
    let image = STANDARD.encode(
        (0..600_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect::<Vec<_>>(),
    );
    let tokens = quick(Family::Gpt, (words.to_owned() + &image).as_bytes()).tokens();
    assert!(tokens < 50_000, "{tokens} for 800 KB of base64");
}

#[test]
fn the_quick_estimate_takes_anything() {
    for (bytes, least, most) in [
        (&b""[..], 0, 0),
        (b"a", 1, 1),
        (&[0xff; 10_000], 1, 20_000),
        (&[b' '; 10_000], 0, 5_000),
    ] {
        let tokens = quick(Family::Gpt, bytes).tokens();
        assert!(
            (least..=most).contains(&tokens),
            "{tokens} for {} bytes",
            bytes.len()
        );
    }
}

#[test]
fn families_are_told_by_model_name() {
    use Family::{Claude, ClaudeFour, DeepSeek, Gemini, Gpt, GptSmall, Llama, Other, Qwen};
    for (model, family) in [
        ("claude-opus-4-7", Claude),
        ("claude-opus-4-8[1m]", Claude),
        ("claude-opus-5-5", Claude),
        ("claude-haiku-5-5-20261001", Claude),
        ("claude-mythos-preview", Claude),
        ("anthropic/claude-opus-4.7", Claude),
        ("claude-opus-4-6", ClaudeFour),
        ("claude-sonnet-4-5-20250929", ClaudeFour),
        ("claude-sonnet-4-20250514", ClaudeFour),
        ("claude-3-5-sonnet-latest", ClaudeFour),
        ("anthropic/claude-sonnet-4.5", ClaudeFour),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ClaudeFour),
        ("gpt-5.6-sol", Gpt),
        ("o3", Gpt),
        ("openai/gpt-4o", Gpt),
        ("gpt-5-mini", GptSmall),
        ("o4-mini", GptSmall),
        ("models/gemini-2.5-pro", Gemini),
        ("gemma3:27b", Gemini),
        ("llama3.3:70b", Llama),
        ("DeepSeek-R1-Distill-Llama-70B", Llama),
        ("Qwen/Qwen3-Coder-480B", Qwen),
        ("deepseek-v4-pro", DeepSeek),
        ("kimi-k3", Other),
        ("ornith", Other),
        ("", Other),
    ] {
        assert_eq!(Family::of_model(model), family, "{model}");
    }
}

#[test]
fn a_family_scales_what_the_tokenizer_says() {
    let sample = include_str!("samples/english.txt");
    let gpt = text(Family::Gpt, sample).tokens();
    assert_eq!(
        text(Family::ClaudeFour, sample).tokens(),
        (gpt * 120).div_ceil(100)
    );
    assert_eq!(
        text(Family::Claude, sample).tokens(),
        (gpt * 156).div_ceil(100)
    );
    assert!(quick(Family::Claude, sample.as_bytes()) > quick(Family::Gpt, sample.as_bytes()));
}

#[test]
fn messages_tools_and_media_add_up() {
    let mut counter = Counter::new(Family::Gpt);
    assert_eq!(counter.estimate().tokens(), 3);
    counter.message().text("hello world");
    assert_eq!(counter.estimate().tokens(), 3 + 3 + 2);
    counter.tool().tool();
    assert_eq!(counter.estimate().tokens(), 3 + 3 + 2 + 12 + 2 * 7);
    counter.media(Media::SmallImage);
    assert_eq!(counter.estimate().tokens(), 3 + 3 + 2 + 12 + 2 * 7 + 85);
}

/// The examples of Anthropic's "Token counting", which say what a prompt has beside its text.
#[test]
fn the_documented_claude_examples_are_met() {
    let mut greeting = Counter::new(Family::ClaudeFour);
    greeting
        .text("You are a scientist")
        .message()
        .text("Hello, Claude");
    assert!(
        (12..=18).contains(&greeting.estimate().tokens()),
        "{:?}",
        greeting.estimate()
    );

    let mut weather = Counter::new(Family::ClaudeFour);
    weather
        .tool()
        .text("get_weather")
        .text("Get the current weather in a given location")
        .text(
            r#"{"type":"object","properties":{"location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"}},"required":["location"]}"#,
        )
        .message()
        .text("What's the weather like in San Francisco?");
    let tokens = weather.estimate().tokens();
    assert!((380..=440).contains(&tokens), "{tokens} for 403");
}

#[test]
fn images_cost_what_the_vendors_say() {
    let image = |width, height| Media::Image { width, height };
    for (family, media, tokens) in [
        (Family::ClaudeFour, image(200, 200), 54),
        (Family::ClaudeFour, image(1000, 1000), 1_334),
        (Family::ClaudeFour, image(8000, 8000), 1_600),
        (Family::Claude, image(8000, 8000), 4_784),
        (Family::Gpt, image(1024, 1024), 765),
        (Family::Gpt, image(2048, 4096), 1_105),
        (Family::Gpt, Media::SmallImage, 85),
        (Family::GptSmall, image(1024, 1024), 1_658),
        (Family::GptSmall, image(8000, 8000), 2_488),
        (Family::Gemini, image(384, 384), 258),
        (Family::Gemini, image(960, 540), 516),
        (Family::Qwen, image(1024, 1024), 1_369),
        (Family::Gpt, image(u64::MAX, 1), 765),
        (Family::Other, image(u64::MAX, u64::MAX), 4_096),
        (Family::Claude, image(0, 0), 1),
        (Family::Claude, Media::Document { bytes: 120_000 }, 7_500),
        (Family::Gemini, Media::Audio { bytes: 160_000 }, 320),
    ] {
        let mut counter = Counter::new(family);
        let before = counter.estimate().tokens();
        counter.media(media);
        assert_eq!(
            counter.estimate().tokens() - before,
            tokens,
            "{family:?} {media:?}"
        );
    }
}

#[test]
fn sizes_are_read_from_image_headers() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58\x08\x06\0\0\0".to_vec();
    let gif = b"GIF89a\x20\x03\x58\x02\0\0\0".to_vec();
    let webp = b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1f\x03\0\x57\x02\0".to_vec();
    let frame = b"\xff\xc0\0\x11\x08\x02\x58\x03\x20\x03\x01\x22\0\x02\x11\x01\x03\x11\x01";
    let jpeg = [
        &b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"[..],
        frame,
    ]
    .concat();
    // A photograph: a preview of 60 KB stands before the frame.
    let preview = [&b"\xff\xd8\xff\xe1\xea\x62"[..], &vec![7; 60_000], frame].concat();
    for (name, head) in [
        ("png", png),
        ("gif", gif),
        ("webp", webp),
        ("jpeg", jpeg),
        ("jpeg with a preview", preview),
    ] {
        let bytes = [head, vec![0; 300_000]].concat();
        let expected = Media::Image {
            width: 800,
            height: 600,
        };
        assert_eq!(Media::image(&bytes), expected, "{name}");
        assert_eq!(
            Media::image_base64(&STANDARD.encode(&bytes)),
            expected,
            "{name}"
        );
    }
    for text in ["", "AAAA", "not base64!", "iVBO", "bm8gaW1hZ2UgYXQgYWxs"] {
        assert_eq!(Media::image_base64(text), Media::UnknownImage, "{text:?}");
    }
}
