//! A plan that requests of one policy share.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use peermark_dial_policy::{Candidate, Dial, DialPlan, Start};

use crate::moment::{Moment, nanos};
use crate::peer::SlotKey;

/// A plan, and what is left out of it.
#[derive(Clone, Debug)]
pub(crate) struct Planned(Arc<Made>);

#[derive(Debug)]
struct Made {
    plan: DialPlan,
    /// The candidates that it would dial if they were not too many.
    left_out: HashSet<usize>,
    lines: Vec<Line>,
    stages: Vec<Stage>,
}

/// One address of a plan. They stand by stage, then by delay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) slot: SlotKey,
    /// Its place among the candidates.
    pub(super) candidate: u32,
    /// The candidate that supersedes it: it waits until that is out.
    pub(super) after: Option<u32>,
    /// When it is due, in nanoseconds from the beginning of its stage.
    delay: u64,
}

/// One stage of a plan: its lines from one place to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) number: usize,
    pub(super) start: Start,
    from: usize,
    to: usize,
}

impl Line {
    fn new(slot: SlotKey, dial: &Dial) -> Self {
        // No plan has more candidates.
        let number = |place| u32::try_from(place).unwrap_or(u32::MAX);
        let after = dial.after().map(number);
        // What was superseded is due as soon as the better one is out.
        let delay = if after.is_some() { 0 } else { nanos(dial.delay()) };
        Self { slot, candidate: number(dial.candidate()), after, delay }
    }

    /// Its place among the candidates.
    pub(super) fn place(&self) -> usize {
        usize::try_from(self.candidate).unwrap_or(usize::MAX)
    }

    /// When it is due, in a stage that began then; it was hurried to that time.
    pub(super) fn due(&self, begun: Moment, hurried: Moment) -> Moment {
        begun.later(self.delay).min(hurried)
    }
}

impl Stage {
    /// Where its lines are.
    pub(super) const fn lines(&self) -> Range<usize> {
        self.from..self.to
    }
}

impl Planned {
    /// The plan of these candidates, which have these slots, with the `most` best addresses of it: by
    /// stage, then by class, then by delay.
    pub(crate) fn of(
        plan: DialPlan,
        candidates: &[Candidate],
        slots: &[SlotKey],
        most: usize,
    ) -> Self {
        let mut left_out = HashSet::new();
        if plan.dials().len() > most {
            let class_of = |place: usize| candidates.get(place).and_then(Candidate::class);
            let dials = plan.stages().flat_map(|stage| {
                stage.dials.iter().map(move |dial| (stage.number, dial.candidate()))
            });
            let mut dials: Vec<_> = dials.collect();
            dials.sort_by_key(|(stage, place)| (*stage, Reverse(class_of(*place))));
            left_out.extend(dials.iter().skip(most).map(|(_, place)| *place));
        }
        let mut lines: Vec<Line> = Vec::with_capacity(plan.dials().len());
        let mut stages = Vec::new();
        for stage in plan.stages() {
            let from = lines.len();
            let slot_of = |dial: &Dial| slots.get(dial.candidate()).copied();
            let new = |dial| Some(Line::new(slot_of(dial)?, dial));
            lines.extend(stage.dials.iter().filter_map(new));
            let to = lines.len();
            stages.push(Stage { number: stage.number, start: stage.start, from, to });
        }
        Self(Arc::new(Made { plan, left_out, lines, stages }))
    }

    pub(super) fn plan(&self) -> &DialPlan {
        &self.0.plan
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.0.lines
    }

    pub(super) fn stages(&self) -> &[Stage] {
        &self.0.stages
    }

    /// Whether a candidate is one of too many.
    pub(super) fn leaves_out(&self, line: &Line) -> bool {
        !self.0.left_out.is_empty() && self.0.left_out.contains(&line.place())
    }
}
