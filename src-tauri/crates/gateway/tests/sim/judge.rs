//! The rules.

use std::time::Duration;

use gateway::{AttemptEnded, EndStatus};
use routing::{Reason, Verdict};

use crate::{
    client::Got,
    settings::provider_name,
    sky::Sky,
    stories::{Stories, Story},
    wire::Told,
    world::{Figures, World},
};

/// What is no more than the clock's own grain.
const GRAIN: Duration = Duration::from_millis(2);

impl World {
    /// What must hold of a request as soon as its client knows how it ended.
    pub(crate) fn judge_one(&self, got: &Got) {
        let request = got.asked.request;
        let is_error = got.told == Some(Told::Error);
        if !is_error || got.asked.is_faulty() || self.ordered.contains(&request) {
            return;
        }
        let sky = self.fake.sky();
        let stories = self.stories();
        let story = stories.by_request.get(&request);
        if story.is_some_and(Story::is_choosy) {
            return;
        }
        let waited = story.map(Story::waited).unwrap_or_default();
        let owed = sky.owed(&got.asked.scope, got.began, got.ended, waited);
        self.hold(owed.is_none(), || {
            format!(
                "request {request} failed with {} after {:?} though {} was well all the time: {story:?}",
                got.status,
                got.ended - got.began,
                owed.unwrap(),
            )
        });
    }

    /// What must hold of all when all are through.
    pub(crate) fn judge(&self) -> Figures {
        let mut figures = Figures {
            most_at_once: self.most_at_once,
            virtual_seconds: self.began.elapsed().as_secs(),
            ..Figures::default()
        };
        let stories = self.stories();
        let sky = self.fake.sky();
        self.hold(stories.problems.is_empty(), || stories.problems.join("\n"));
        let (flying, waiting) = (self.gateway.in_flight(), self.gateway.waiting());
        self.hold(flying + waiting == 0, || {
            format!("{flying} requests never ended, {waiting} wait still")
        });
        self.hold(self.gateway.reports_lost() == 0, || {
            "reports were lost".to_owned()
        });
        for got in &self.got {
            let request = got.asked.request;
            let story = stories.by_request.get(&request);
            let told = story.ok_or_else(|| "it was never reported".to_owned());
            let told = told.and_then(|story| self.is_sound(got, story, &stories, &sky));
            match told {
                Ok(tokens) => figures.tokens += tokens,
                Err(why) => self.hold(false, || format!("{why}: {got:?}, {story:?}")),
            }
            if let Some(story) = story {
                figures.count(got, story);
            }
        }
        self.hold(self.got.len() == self.scopes.len(), || {
            "a client is missing".to_owned()
        });
        let waited = stories.waited_in_order(&self.scopes, &self.ordered, self.frame.suspend.max);
        self.hold(waited.is_empty(), || waited.join("\n"));
        let most = self.frame.breaker.failures as usize;
        let silent = stories.silent_and_first(&self.scopes, most, &self.forgot);
        self.hold(silent.is_empty(), || silent.join("\n"));
        figures.digest = stories.digest;
        figures
    }

    /// Whether a request's story, what its client got and what providers did agree; the tokens counted for it.
    fn is_sound(
        &self,
        got: &Got,
        story: &Story,
        stories: &Stories,
        sky: &Sky,
    ) -> Result<u64, String> {
        let request = got.asked.request;
        let demand = |rule: bool, what: &str| rule.then_some(()).ok_or_else(|| what.to_owned());
        let (Some(ended), Some(ended_at)) = (&story.ended, story.ended_at) else {
            return Err("it never ended".to_owned());
        };
        let sendings = || {
            let all = sky.sendings.iter();
            all.filter(|sending| sending.request == request)
        };
        let by = got.ended + GRAIN;
        for sending in sendings() {
            let closed = sending.closed.is_some_and(|at| at <= by);
            // PITFALLS 26: before the first byte, in the middle of a stream, and where no stream was asked for.
            demand(
                closed,
                "a provider went on when its client had left, or was served",
            )?;
        }
        demand(ended_at <= by, "it went on when its client had left")?;
        let most = self.frame.suspend.timeout + GRAIN;
        demand(story.waited() <= most, "it waited longer than it may")?;
        let tries = || story.attempts.iter().filter_map(|it| it.ended.as_ref());
        is_fairly_blamed(got, story)?;
        let of = |sending: usize| sky.sendings.get(sending).filter(|it| it.request == request);
        let status = ended.status;
        match &got.told {
            None => {}
            Some(Told::Whole(sending)) => {
                let sending = of(*sending).ok_or("it is another's answer")?;
                demand(sending.play.is_whole(), "what broke off was called whole")?;
                demand(
                    status == EndStatus::Completed,
                    "a whole answer is a success",
                )?;
                demand(
                    tries().any(|ended| ended.usage == Some(sending.usage)),
                    "its tokens were not counted",
                )?;
            }
            Some(Told::Nothing) => demand(
                sendings().any(|sending| sending.play == crate::play::Play::Empty),
                "nobody said nothing",
            )?,
            Some(Told::Cut(sending)) => {
                let sending = of(*sending).ok_or("it is another's answer")?;
                demand(sending.play.is_cut(), "a whole answer was cut")?;
                demand(status == EndStatus::Failed, "half an answer is a failure")?;
            }
            Some(Told::Error) => {
                demand(status == EndStatus::Failed, "an error is a failure")?;
                demand(
                    self.had_to_fail(got, story, stories),
                    "it could have waited",
                )?;
            }
            Some(Told::Odd(why)) => return Err(why.clone()),
        }
        story.counts_once(request, sky)
    }
}

/// Whether nobody was asked behind the client's own fault, and it was told of none that is not its own.
fn is_fairly_blamed(got: &Got, story: &Story) -> Result<(), String> {
    let demand = |rule: bool, what: &str| rule.then_some(()).ok_or_else(|| what.to_owned());
    let is_refusal = |ended: &AttemptEnded| ended.verdict == Verdict::ClientFault;
    let refused_at = story.attempts.iter().find_map(|attempt| {
        let refusal = attempt.ended.as_ref().filter(|ended| is_refusal(ended));
        refusal.and(attempt.ended_at)
    });
    if let Some(at) = refused_at {
        let is_behind = story.attempts.iter().any(|attempt| attempt.began > at);
        // What was raced then may have begun its answer, and broken off.
        let is_raced = story
            .attempts
            .iter()
            .any(|attempt| attempt.began < at && attempt.ended_at.is_some_and(|end| end > at));
        demand(
            is_raced || !is_behind,
            "the client's own fault was tried again",
        )?;
        let refuser = story
            .attempts
            .iter()
            .find(|attempt| attempt.ended.as_ref().is_some_and(is_refusal));
        let alone = got.asked.refused_by.map(provider_name);
        let is_alone = refuser.is_some_and(|it| alone.as_ref() == Some(&it.provider));
        let is_blamed = got.asked.is_faulty() || is_alone;
        demand(is_blamed, "the client was blamed for nothing")?;
        let is_given = got.told == Some(Told::Error) && got.status == 400;
        demand(
            !is_given || !is_alone || story.outrun().is_none(),
            "one that was still out was given up for a rival's refusal",
        )?;
    }
    Ok(())
}

impl World {
    /// Whether a request that failed could not have waited instead: it did, or it may not, or there was no room, or what
    /// failed it does not pass, or nobody was in service.
    fn had_to_fail(&self, got: &Got, story: &Story, stories: &Stories) -> bool {
        let rules = self.frame.suspend;
        let reason = story.ended.as_ref().and_then(|ended| ended.reason);
        // An empty answer puts nobody to rest, so that nothing is to be waited for.
        let passes = reason.is_some_and(|it| it.passes() && it != Reason::EmptyResponse);
        let by_order = self.ordered.contains(&got.asked.request);
        !rules.enabled
            || !story.waits.is_empty()
            || !passes
            || by_order
            || story.is_choosy()
            || !self.attended.contains(&got.asked.request)
            || got.asked.is_faulty()
            || !story
                .ended_at
                .is_some_and(|at| stories.has_room(at, rules.max))
    }
}

impl Figures {
    fn count(&mut self, got: &Got, story: &Story) {
        let attempts = story.attempts.len();
        self.requests += 1;
        self.attempts += attempts;
        self.waited += usize::from(!story.waited().is_zero());
        let slot = match &got.told {
            Some(Told::Whole(_) | Told::Nothing) => &mut self.served,
            Some(Told::Cut(_)) => &mut self.cut,
            None => &mut self.left,
            _ => &mut self.refused,
        };
        *slot += 1;
        let is_served = matches!(got.told, Some(Told::Whole(_)));
        self.restarted += usize::from(is_served && got.restarts > 0);
        self.outrun += usize::from(story.outrun().is_some());
        self.refused_alone += usize::from(got.asked.refused_by.is_some() && got.status == 400);
        self.served_later += usize::from(is_served && attempts > 1);
    }
}
