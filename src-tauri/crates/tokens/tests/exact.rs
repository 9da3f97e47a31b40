//! The text count against the reference implementation of the same vocabulary.

use std::sync::LazyLock;

use proptest::prelude::*;
use tiktoken_rs::CoreBPE;
use tokens::Family;

static REFERENCE: LazyLock<CoreBPE> = LazyLock::new(reference);

#[allow(clippy::expect_used, reason = "a test's fixture")]
fn reference() -> CoreBPE {
    tiktoken_rs::o200k_base().expect("the bundled vocabulary loads")
}

const SAMPLES: [&str; 5] = [
    include_str!("samples/english.txt"),
    include_str!("samples/german.txt"),
    include_str!("samples/chinese.txt"),
    include_str!("samples/code.py"),
    include_str!("samples/request.json"),
];

#[track_caller]
fn check(text: &str) {
    let reference = REFERENCE.count_ordinary(text) as u64;
    assert_eq!(
        tokens::text(Family::Gpt, text).tokens(),
        reference,
        "{:?}",
        text.chars().take(200).collect::<String>()
    );
}

#[test]
fn counts_gpt_text_as_the_reference_does() {
    for sample in SAMPLES {
        check(sample);
    }
    for text in [
        "",
        " ",
        "a",
        "  a",
        "a  ",
        "\r\n",
        " \r\n \n  x",
        "x \n\n\t y",
        "12345678 1,234.5",
        "½²Ⅷ٣",
        "it's IT'S we'll they'Re 'tis d'accord I'ſ",
        "HTTPServer camelCase XMLHttpRequest ABCdEF",
        "ǅungla ʰello aʰB",
        "e\u{301}A\u{301}B \u{301}x \u{301}",
        "नमस्ते दुनिया",
        "สวัสดีชาวโลก",
        "مرحبا بالعالم",
        "안녕하세요 세계",
        "日本語とカタカナ、ｆｕｌｌ",
        "👩‍👩‍👧‍👦🇩🇪 ✅",
        "a\u{85}b\u{2028}c\u{a0}d\u{200b}e",
        "// ---- ////\n\n/* */ <|endoftext|>",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    ] {
        check(text);
    }
}

#[test]
fn a_long_run_is_counted_in_reasonable_time() {
    // Merging pair by pair from the front takes minutes for these.
    for unit in ["a", "=", "啊", "ab", " "] {
        check(&unit.repeat(3_000));
        let long = tokens::text(Family::Gpt, &unit.repeat(1 << 17)).tokens();
        assert!(long > 1_000, "{unit}: {long}");
    }
}

/// Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, punctuation, kana, Chinese, Korean, emoji: blocks in which no
/// version of Unicode assigns anything new, since the two libraries need not be of the same one.
const LETTERS: &str = "[\u{0}-\u{52f}\u{5d0}-\u{6ff}\u{900}-\u{97f}\u{2000}-\u{206f}\u{3041}-\u{30ff}\u{4e00}-\u{9fa5}\
    \u{ac00}-\u{d7a3}\u{1f300}-\u{1f64f}]{0,60}";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_text_is_counted_as_the_reference_does(text in LETTERS) {
        check(&text);
    }

    #[test]
    fn awkward_neighbours_are_counted_as_the_reference_does(
        text in "[ \t\r\n/'.,aAzZsStT19éÉǅʰ中\u{301}\u{2028}\u{a0}_-]{0,40}"
    ) {
        check(&text);
    }
}
