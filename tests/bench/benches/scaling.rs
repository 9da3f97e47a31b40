//! What ten times the size costs: the least of several interleaved runs, as a ratio. Linear work stays near 10.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bench::{answer, conversation, convert, parallel_calls, picture, stream, tool_rounds};
use dialects::{Dialect, caps::Caps, ir::Origin};

const ROUNDS: usize = 15;

#[allow(clippy::print_stdout)] // the table is what this program is for
fn main() {
    let caps = Caps::default();
    println!(
        "{:<44}{:>12}{:>12}{:>8}",
        "ten times the size", "1×", "10×", "ratio"
    );
    for to in Dialect::ALL {
        let (small, large) = (conversation(100 << 10), conversation(1000 << 10));
        let time = |body: &[u8]| timed(|| convert(Dialect::Anthropic, black_box(body), to, &caps));
        row(
            &format!("conversation, anthropic to {}", to.as_str()),
            || time(&small),
            || time(&large),
        );
    }
    for (what, body) in [
        ("tool rounds", tool_rounds as fn(usize) -> Vec<u8>),
        ("parallel calls", parallel_calls),
    ] {
        for to in Dialect::ALL {
            let (small, large) = (body(500), body(5000));
            let time =
                |body: &[u8]| timed(|| convert(Dialect::OpenaiChat, black_box(body), to, &caps));
            row(
                &format!("{what}, openai-chat to {}", to.as_str()),
                || time(&small),
                || time(&large),
            );
        }
    }
    // Both larger than the caches and than what the allocator keeps: below, memory that is already there is quicker.
    for to in Dialect::ALL {
        let (small, large) = (picture(20 << 20), picture(200 << 20));
        let time = |body: &[u8]| timed(|| convert(Dialect::Anthropic, black_box(body), to, &caps));
        row(
            &format!("image, anthropic to {}", to.as_str()),
            || time(&small),
            || time(&large),
        );
    }
    for dialect in Dialect::ALL {
        let (small, large) = (
            stream(dialect, &answer(500)),
            stream(dialect, &answer(5000)),
        );
        let time = |frames: &[(Option<Vec<u8>>, Vec<u8>)]| {
            timed(|| {
                let mut reader = dialect.codec().stream_reader(&Origin::default());
                let mut out = Vec::new();
                for (name, data) in frames {
                    let _ = reader.read(name.as_deref(), black_box(data), &mut out);
                }
                let _ = reader.finish(&mut out);
                out
            })
        };
        row(
            &format!("stream read as {}", dialect.as_str()),
            || time(&small),
            || time(&large),
        );
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

#[allow(clippy::print_stdout)]
fn row(what: &str, small: impl Fn() -> Duration, large: impl Fn() -> Duration) {
    let mut least = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        least = (least.0.min(small()), least.1.min(large()));
    }
    let ratio = least.1.as_secs_f64() / least.0.as_secs_f64();
    println!(
        "{what:<44}{:>12}{:>12}{ratio:>8.1}",
        format!("{:.1?}", least.0),
        format!("{:.1?}", least.1)
    );
}
