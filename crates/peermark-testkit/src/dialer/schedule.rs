//! When each address of one request is dialed, given which fail when: computed in the plainest way.
//!
//! Times are milliseconds since the request. Nothing limits how many are dialed at once, and nothing
//! is known of any address before.

use peermark_dial_policy::Start;

/// One address of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests make them")]
pub struct Planned {
    /// The stage that it is in.
    pub stage: usize,
    /// When it is dialed, counted from the beginning of its stage.
    pub delay: u64,
    /// How long a dial of it takes.
    pub takes: u64,
    /// Whether the peer is there.
    pub answers: bool,
}

/// What happened, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests compare them")]
pub enum Step {
    /// This address is dialed.
    Dial(usize),
    /// The dial of this address is not needed any more.
    Cancel(usize),
    /// The request is done, over this address.
    Done(usize),
    /// The request came to nothing.
    Over,
}

/// What a request has to do: each step with its time. Addresses are in the order of stage and delay.
#[must_use]
pub fn steps(stages: &[Start], planned: &[Planned], deadline: u64) -> Vec<(u64, Step)> {
    let mut run = Run {
        stages,
        planned,
        begun: vec![None; stages.len()],
        due: vec![None; planned.len()],
        started: vec![None; planned.len()],
        failed: vec![false; planned.len()],
        steps: Vec::new(),
    };
    let mut now = 0;
    loop {
        if now >= deadline || run.failed.iter().all(|failed| *failed) {
            run.finish(now, Step::Over);
            return run.steps;
        }
        run.start(now);
        let Some((at, ended)) = run.next(now) else {
            now = deadline;
            continue;
        };
        now = at.min(deadline);
        if now == deadline {
            continue;
        }
        if let Some(ended) = ended {
            if planned[ended].answers {
                run.started[ended] = None;
                run.finish(now, Step::Done(ended));
                return run.steps;
            }
            run.fail(ended, now);
        }
    }
}

struct Run<'a> {
    stages: &'a [Start],
    planned: &'a [Planned],
    begun: Vec<Option<u64>>,
    due: Vec<Option<u64>>,
    started: Vec<Option<u64>>,
    failed: Vec<bool>,
    steps: Vec<(u64, Step)>,
}

impl Run<'_> {
    fn of(&self, stage: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.planned.len()).filter(move |n| self.planned[*n].stage == stage)
    }

    /// Begins the stages that may, and dials what is due.
    fn start(&mut self, now: u64) {
        let mut before: Option<usize> = None;
        for stage in 0..self.stages.len() {
            if self.of(stage).next().is_none() {
                continue;
            }
            let better_failed =
                (0..self.planned.len()).all(|n| self.planned[n].stage >= stage || self.failed[n]);
            let may = match (self.begun[stage], before) {
                (Some(_), _) | (None, None) => true,
                (None, Some(before)) => match (self.stages[stage], self.begun[before]) {
                    _ if better_failed => true,
                    (Start::Now, _) => true,
                    (Start::After(wait), Some(begun)) => {
                        now >= begun + u64::try_from(wait.as_millis()).unwrap()
                    }
                    _ => false,
                },
            };
            if !may {
                break;
            }
            if self.begun[stage].is_none() {
                self.begun[stage] = Some(now);
                for n in self.of(stage).collect::<Vec<_>>() {
                    self.due[n] = Some(now + self.planned[n].delay);
                }
            }
            before = Some(stage);
        }
        // Where something failed and nothing is under way, nobody waits for the first of a stage.
        let is_idle = (0..self.planned.len()).all(|n| {
            self.started[n].is_none() && (self.failed[n] || self.due[n].is_none_or(|due| due > now))
        });
        if is_idle && self.failed.contains(&true) {
            self.hurry(now);
        }
        for n in 0..self.planned.len() {
            let is_due = self.due[n].is_some_and(|due| due <= now);
            if is_due && self.started[n].is_none() && !self.failed[n] {
                self.started[n] = Some(now);
                self.steps.push((now, Step::Dial(n)));
            }
        }
    }

    /// The next moment at which something happens: a dial ends, is due, or a stage begins. Of those
    /// that end at once, the one that was dialed first; an end comes before what is due.
    fn next(&self, now: u64) -> Option<(u64, Option<usize>)> {
        let running = (0..self.planned.len()).filter(|n| !self.failed[*n]);
        let order = |n: usize| self.steps.iter().position(|(_, step)| *step == Step::Dial(n));
        let ends = running.filter_map(|n| Some((self.started[n]? + self.planned[n].takes, n)));
        let end = ends.min_by_key(|(at, n)| (*at, order(*n)));
        let waiting = (0..self.planned.len()).filter(|n| self.started[*n].is_none());
        let dues = waiting.filter(|n| !self.failed[*n]).filter_map(|n| self.due[n]);
        let stages = (0..self.stages.len()).filter_map(|stage| match self.stages[stage] {
            Start::After(wait) if self.begun[stage].is_none() => {
                let before = (0..stage).rev().find(|stage| self.of(*stage).next().is_some())?;
                Some(self.begun[before]? + u64::try_from(wait.as_millis()).unwrap())
            }
            _ => None,
        });
        let due = dues.chain(stages).filter(|at| *at > now).min();
        match (end, due) {
            (Some((at, n)), due) if due.is_none_or(|due| at <= due) => Some((at, Some(n))),
            (_, Some(due)) => Some((due, None)),
            (None, None) => None,
            (Some(_), None) => unreachable!("an end without a due is the first"),
        }
    }

    /// An address failed: the next one is dialed at once.
    fn fail(&mut self, failed: usize, now: u64) {
        self.failed[failed] = true;
        self.started[failed] = None;
        self.hurry(now);
    }

    fn hurry(&mut self, now: u64) {
        let later = (0..self.planned.len()).filter(|n| self.started[*n].is_none());
        let later = later.filter(|n| !self.failed[*n] && self.due[*n].is_some_and(|due| due > now));
        if let Some(next) = later.min_by_key(|n| self.due[*n]) {
            self.due[next] = Some(now);
        }
    }

    fn finish(&mut self, now: u64, last: Step) {
        for n in 0..self.planned.len() {
            if self.started[n].is_some() && !self.failed[n] {
                self.steps.push((now, Step::Cancel(n)));
            }
        }
        self.steps.push((now, last));
    }
}
