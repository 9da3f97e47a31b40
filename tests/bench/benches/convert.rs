//! Conversion of a request of 100 KB to each dialect, of stream events each way, and of an image of 20 MB.
#![allow(missing_docs)] // criterion's macros make a public function

use std::hint::black_box;

use bench::{answer, conversation, convert, picture, stream, write};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dialects::{Dialect, PathFacts, Reply, Scanned, caps::Caps, ir::Origin};

const EVENTS: usize = 200;

fn requests(criterion: &mut Criterion) {
    let body = conversation(100 << 10);
    let caps = Caps::default();
    let mut group = criterion.benchmark_group("request of 100 KB");
    group.throughput(Throughput::Bytes(body.len() as u64));
    for to in Dialect::ALL {
        group.bench_with_input(
            BenchmarkId::new("anthropic to", to.as_str()),
            &to,
            |bencher, to| {
                bencher.iter(|| convert(Dialect::Anthropic, black_box(&body), *to, &caps));
            },
        );
    }
    let facts = PathFacts {
        model: Some("m"),
        stream: Some(true),
    };
    let Ok(request) = Dialect::Anthropic.codec().read_request(&body, facts) else {
        return;
    };
    for from in Dialect::ALL {
        let body = write(&request, from, &caps);
        group.bench_with_input(
            BenchmarkId::new("to anthropic from", from.as_str()),
            &from,
            |bencher, from| {
                bencher.iter(|| convert(*from, black_box(&body), Dialect::Anthropic, &caps));
            },
        );
    }
    group.finish();
}

fn chains(criterion: &mut Criterion) {
    let body = Bytes::from(conversation(100 << 10));
    let mut group = criterion.benchmark_group("chain of 100 KB");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("read in place", |bencher| {
        bencher.iter(|| Scanned::read(black_box(body.clone())));
    });
    if let Ok(request) = Scanned::read(body) {
        group.bench_function("marks", |bencher| {
            bencher.iter(|| request.chain(black_box("local"), "m"));
        });
    }
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let answer = answer(EVENTS);
    let mut group = criterion.benchmark_group("stream of 200 events");
    group.throughput(Throughput::Elements(EVENTS as u64));
    for dialect in Dialect::ALL {
        group.bench_function(
            BenchmarkId::new("written as", dialect.as_str()),
            |bencher| {
                bencher.iter(|| {
                    let mut writer = dialect.codec().stream_writer(Reply::default());
                    let mut out = Vec::new();
                    for event in &answer {
                        writer.write(black_box(event), &mut out);
                    }
                    out
                });
            },
        );
        let frames = stream(dialect, &answer);
        group.bench_function(BenchmarkId::new("read as", dialect.as_str()), |bencher| {
            bencher.iter(|| {
                let mut reader = dialect.codec().stream_reader(&Origin::default());
                let mut out = Vec::new();
                for (name, data) in &frames {
                    let _ = reader.read(name.as_deref(), black_box(data), &mut out);
                }
                let _ = reader.finish(&mut out);
                out
            });
        });
    }
    group.finish();
}

fn images(criterion: &mut Criterion) {
    let body = picture(20 << 20);
    let caps = Caps::default();
    let mut group = criterion.benchmark_group("image of 20 MB");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(body.len() as u64));
    for to in Dialect::ALL {
        group.bench_with_input(
            BenchmarkId::new("anthropic to", to.as_str()),
            &to,
            |bencher, to| {
                bencher.iter(|| convert(Dialect::Anthropic, black_box(&body), *to, &caps));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, requests, chains, events, images);
criterion_main!(benches);
