//! What the gateway reports of each request, and the rules that hold for a story as such.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use gateway::{AttemptEnded, Ended, Report, RequestId};
use routing::{Change, Reason, Verdict};
use tokio::time::Instant;

use crate::sky::{Scope, Sky};

/// One request as it was reported.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) attempts: Vec<Attempt>,
    /// When it waited for somebody to serve it: from when, until when, and whether it was tried then.
    pub(crate) waits: Vec<Wait>,
    pub(crate) ended: Option<Ended>,
    pub(crate) ended_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    from: Instant,
    until: Option<Instant>,
    tried: bool,
}

#[derive(Debug)]
pub(crate) struct Attempt {
    number: u32,
    pub(crate) began: Instant,
    pub(crate) provider: Arc<str>,
    pub(crate) ended: Option<AttemptEnded>,
    pub(crate) ended_at: Option<Instant>,
}

/// All requests as they were reported, and what was wrong with the reports.
#[derive(Debug, Default)]
pub(crate) struct Stories {
    by_id: HashMap<RequestId, usize>,
    pub(crate) by_request: BTreeMap<usize, Story>,
    pub(crate) problems: Vec<String>,
    /// The provider of which the last report says nothing, as the attempt ended by its client's doing.
    innocent: Option<Arc<str>>,
    /// A summary of everything reported, by which two runs are compared.
    pub(crate) digest: u64,
}

impl Stories {
    fn wrong(&mut self, what: String) {
        self.problems.push(what);
    }

    /// Takes the next report.
    pub(crate) fn hear(&mut self, report: Report, since: Duration) {
        let now = Instant::now();
        let innocent = std::mem::take(&mut self.innocent);
        if let Report::Changed { change, .. } = &report {
            // What its rival in a race did is told behind it, too.
            let hit = match change {
                Change::Rested { provider, .. } | Change::AuthFailed { provider, .. } => {
                    Some(provider)
                }
                _ => None,
            };
            if hit.is_some() && innocent.as_ref() == hit {
                self.wrong(format!("what a client did had consequences: {change:?}"));
            }
            return;
        }
        if let Report::Started(started) = &report {
            let client = started.client.as_ref().and_then(|name| name.parse().ok());
            // Claude Code tells its session.
            let session = started.session.as_ref().and_then(|it| it.strip_prefix('r'));
            let request = client.or_else(|| session?.parse().ok());
            let request = request.expect("every client has a number");
            self.by_id.insert(started.id.clone(), request);
            if self.by_request.insert(request, Story::default()).is_some() {
                self.wrong(format!("request {request} began twice"));
            }
            return self.note(request, 0, since);
        }
        let request = match id_of(&report) {
            "" => return,
            id => self.by_id.get(id).copied(),
        };
        let Some(request) = request else {
            return self.wrong(format!("nobody asked for {report:?}"));
        };
        let kind = match &report {
            Report::AttemptStarted(attempt) => u64::from(attempt.attempt) << 8 | 1,
            Report::AttemptEnded(attempt) => (attempt.verdict as u64) << 8 | 2,
            Report::Ended(ended) => (ended.status as u64) << 8 | 3,
            Report::Suspended { .. } => 4,
            _ => 5,
        };
        self.note(request, kind, since);
        let story = self.by_request.entry(request).or_default();
        let ended = match &report {
            Report::AttemptEnded(ended) => ended.attempt,
            _ => 0,
        };
        let problem = story.hear(report, now);
        let mut attempts = story.attempts.iter();
        let attempt = attempts.find(|attempt| attempt.number == ended);
        self.innocent = attempt
            .filter(|_| problem == Ok(true))
            .map(|attempt| attempt.provider.clone());
        if let Err(what) = problem {
            self.wrong(format!("request {request}: {what}"));
        }
    }

    /// The number of the request of this id.
    pub(crate) fn request(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    fn note(&mut self, request: usize, kind: u64, since: Duration) {
        for part in [request as u64, kind, since.as_millis() as u64] {
            self.digest = (self.digest.rotate_left(5) ^ part).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    /// Those who waited before this instant and behind it.
    fn waiting_at(&self, at: Instant) -> impl Iterator<Item = (&usize, &Story)> {
        let spans = move |wait: &Wait| wait.from < at && wait.until.is_some_and(|it| it > at);
        let waits = move |story: &Story| story.waits.iter().any(spans);
        self.by_request
            .iter()
            .filter(move |(_, story)| waits(story))
    }

    /// Whether somebody who came at this instant could wait, whoever else came or left at the same one.
    pub(crate) fn has_room(&self, at: Instant, max: usize) -> bool {
        let spans = |wait: &Wait| wait.from <= at && wait.until.is_some_and(|it| it >= at);
        let stories = self.by_request.values();
        let waits = stories.filter(|story| story.waits.iter().any(spans));
        waits.count() < max
    }

    /// Who waited on when one that had just come was served.
    fn pushed_in(&self, request: usize, story: &Story, scopes: &[Scope]) -> Option<String> {
        let first = story.attempts.first()?.began;
        let came = story.waits.first().is_none_or(|wait| wait.from > first);
        let mut passed = self.waiting_at(first).filter(|(older, other)| {
            let goes_on = |wait: &Wait| wait.until.is_some_and(|at| at > first);
            scopes[**older] == scopes[request]
                && !other.is_choosy()
                && other
                    .waits
                    .iter()
                    .any(|wait| wait.from < first && goes_on(wait))
        });
        let passed = passed.next().filter(|_| came);
        passed.map(|(older, _)| format!("request {request} was served though {older} waited"))
    }

    /// Those who waited left in the order in which they came, but for those that a person `ordered` otherwise, and
    /// nobody who came waited when `max` did.
    pub(crate) fn waited_in_order(
        &self,
        scopes: &[Scope],
        ordered: &[usize],
        max: usize,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for (request, story) in &self.by_request {
            wrong.extend(self.pushed_in(*request, story, scopes));
            let Some(first) = story.waits.first() else {
                continue;
            };
            if self.waiting_at(first.from).count() >= max {
                wrong.push(format!("request {request} waited though the room was full"));
            }
            let is_ordered = ordered.contains(request);
            let left = story.waits.iter().filter(|wait| wait.tried && !is_ordered);
            for left in left.filter_map(|wait| wait.until) {
                for (older, other) in self.waiting_at(left) {
                    let is_older = other.waits[0].from < first.from;
                    let is_like = scopes[*older] == scopes[*request];
                    if is_older && is_like && !other.is_choosy() {
                        wrong.push(format!("request {request} overtook {older}, who waited"));
                    }
                }
            }
        }
        wrong
    }
}

fn id_of(report: &Report) -> &str {
    match report {
        Report::Started(started) => &started.id,
        Report::AttemptStarted(attempt) => &attempt.id,
        Report::AttemptEnded(attempt) => &attempt.id,
        Report::Ended(ended) => &ended.id,
        Report::Streaming { id, .. }
        | Report::Planned { id, .. }
        | Report::Retrying { id, .. }
        | Report::Suspended { id, .. } => id,
        // What tells no more than these do.
        _ => "",
    }
}

impl Stories {
    /// Providers that were raced again although so many requests in a row had found them silent: each was outrun by
    /// another provider, and the last of `most` puts them to rest. Whatever happened to them at `forgot` begins anew.
    pub(crate) fn silent_and_first(
        &self,
        scopes: &[Scope],
        most: usize,
        forgot: &[Instant],
    ) -> Vec<String> {
        let mut tried: HashMap<&Arc<str>, Tried<'_>> = HashMap::new();
        let mut races = Vec::new();
        for (request, story) in &self.by_request {
            let outrun = story.outrun();
            for attempt in &story.attempts {
                let tried = tried.entry(&attempt.provider).or_default();
                if outrun.is_some_and(|it| it.number == attempt.number) {
                    tried.outrun.push(attempt);
                } else {
                    tried.other.push(attempt);
                }
            }
            let first = outrun.filter(|_| !matches!(scopes[*request], Scope::Provider(_)));
            races.extend(first.map(|attempt| (*request, attempt)));
        }
        for tried in tried.values_mut() {
            tried.outrun.sort_by_key(|attempt| attempt.ended_at);
        }
        let is_silent = |raced: &Attempt| tried[&raced.provider].is_silent(raced, most, forgot);
        let silent = races.iter().filter(|(_, raced)| is_silent(raced));
        silent
            .map(|(request, raced)| {
                format!("request {request} went to a provider that was silent: {raced:?}")
            })
            .collect()
    }
}

/// What was tried at a provider.
#[derive(Default)]
struct Tried<'a> {
    /// Where another one was faster, in the order of their ends.
    outrun: Vec<&'a Attempt>,
    other: Vec<&'a Attempt>,
}

impl Tried<'_> {
    /// Whether it ought to have rested when this one began there.
    fn is_silent(&self, raced: &Attempt, most: usize, forgot: &[Instant]) -> bool {
        /// The shortest rest in any settings.
        const REST: Duration = Duration::from_secs(1);
        let before = self
            .outrun
            .partition_point(|attempt| attempt.ended_at < Some(raced.began));
        let Some(first) = before.checked_sub(most) else {
            return false;
        };
        let row = &self.outrun[first..before];
        let since = row[0].ended_at.unwrap_or(raced.began);
        // One that was out meanwhile may have begun its answer.
        let spoke = self.other.iter().any(|attempt| {
            let ended = attempt.ended.as_ref();
            let is_mute = ended.is_some_and(|ended| {
                ended.verdict == Verdict::Cancelled && ended.http_status.is_none()
            });
            let was_out = attempt.ended_at.is_none_or(|at| at >= since);
            attempt.began < raced.began && was_out && !is_mute
        });
        let anew = forgot.iter().any(|at| *at >= since && *at <= raced.began);
        let mut rests = row.iter().filter(|attempt| {
            let ended = attempt.ended.as_ref();
            ended.is_some_and(|ended| ended.verdict == Verdict::NextProvider)
        });
        let is_over = rests
            .next_back()
            .and_then(|attempt| attempt.ended_at)
            .is_some_and(|at| at + REST <= raced.began);
        !is_over && !spoke && !anew
    }
}

impl Story {
    /// Takes the next report; answers whether it tells of an attempt that says nothing about its provider.
    fn hear(&mut self, report: Report, now: Instant) -> Result<bool, String> {
        if self.ended.is_some() {
            return Err(format!("{report:?} after its end"));
        }
        match report {
            Report::AttemptStarted(attempt) => {
                self.stop_waiting(now, true);
                let number = self.attempts.len() as u32 + 1;
                if attempt.attempt != number {
                    return Err(format!("attempt {} was told as {number}", attempt.attempt));
                }
                self.attempts.push(Attempt {
                    number,
                    began: now,
                    provider: attempt.provider,
                    ended: None,
                    ended_at: None,
                });
            }
            Report::AttemptEnded(ended) => {
                let known = |attempt: &&mut Attempt| attempt.number == ended.attempt;
                let attempt = self.attempts.iter_mut().find(known);
                let attempt = attempt.ok_or("an attempt ended that never began")?;
                if ended
                    .error
                    .as_ref()
                    .is_some_and(|it| it.contains("fault inside"))
                {
                    return Err(format!("{ended:?}"));
                }
                attempt.ended_at = Some(now);
                let innocent = matches!(ended.verdict, Verdict::ClientFault | Verdict::Cancelled);
                if attempt.ended.replace(ended).is_some() {
                    return Err("an attempt ended twice".to_owned());
                }
                return Ok(innocent);
            }
            Report::Suspended { .. } => self.waits.push(Wait {
                from: now,
                until: None,
                tried: false,
            }),
            Report::Ended(ended) => {
                self.stop_waiting(now, false);
                (self.ended, self.ended_at) = (Some(ended), Some(now));
                if self.attempts.iter().any(|attempt| attempt.ended.is_none()) {
                    return Err("it ended before its attempts".to_owned());
                }
            }
            _ => {}
        }
        Ok(false)
    }

    fn stop_waiting(&mut self, now: Instant, tried: bool) {
        if let Some(wait) = self.waits.last_mut().filter(|wait| wait.until.is_none()) {
            (wait.until, wait.tried) = (Some(now), tried);
        }
    }

    /// From its first wait to the end of its last one.
    pub(crate) fn waited(&self) -> Duration {
        let ends = self.waits.first().zip(self.waits.last());
        ends.and_then(|(first, last)| Some(last.until? - first.from))
            .unwrap_or_default()
    }

    /// Some provider cannot serve it, whatever others get there.
    pub(crate) fn is_choosy(&self) -> bool {
        let ended = self.attempts.iter().filter_map(|it| it.ended.as_ref());
        ended
            .filter_map(|ended| ended.reason)
            .any(|reason| matches!(reason, Reason::NotFound | Reason::InvalidRequest))
    }

    /// Who was beaten by a rival before it said anything, though it had begun before that.
    pub(crate) fn outrun(&self) -> Option<&Attempt> {
        let is_outrun = |attempt: &&Attempt| {
            let rival = self.attempts.get(attempt.number as usize);
            let races =
                rival.is_some_and(|rival| attempt.ended_at.is_some_and(|at| at > rival.began));
            races && attempt.ended.as_ref().is_some_and(|ended| ended.hedged)
        };
        self.attempts.iter().find(is_outrun)
    }

    /// Tokens were counted for the sendings that told them, and once for each.
    pub(crate) fn counts_once(&self, request: usize, sky: &Sky) -> Result<u64, String> {
        let mut counted = HashSet::new();
        let mut total = 0;
        for attempt in &self.attempts {
            let ended = attempt.ended.as_ref();
            let told = ended
                .and_then(|ended| ended.usage)
                .filter(|it| !it.estimated && it.total() > 0);
            let Some(usage) = told else { continue };
            total += usage.total();
            let sending = sky.sendings.iter().enumerate().find(|(number, sending)| {
                sending.request == request
                    && sending.provider == attempt.provider
                    && sending.usage == usage
                    && !counted.contains(number)
            });
            match sending {
                Some((number, _)) => counted.insert(number),
                None => return Err(format!("{usage:?} of {attempt:?} was never told")),
            };
        }
        Ok(total)
    }
}
