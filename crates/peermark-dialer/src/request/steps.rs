//! How a request goes on: which stages begin, what is due, what follows a failure.

use peermark_dial_policy::Start;

use super::entries::{Entry, State};
use super::planned::{Line, Stage};
use super::{Due, Look, Open, RETRIES};
use crate::action::AttemptId;
use crate::error::Failure;
use crate::moment::Moment;
use crate::peer::SlotKey;

impl Open {
    /// Whether something failed or was put off since [`Self::open`]: then it is to be asked again.
    pub(crate) const fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Begins the stages whose time has come. One before which a better address turned up begins
    /// anew when its time comes again: what was not dialed of it waits, and the attempts of it are
    /// returned, for those that were not dialed either. So are attempts of addresses that a new plan
    /// dials later.
    pub(crate) fn open(&mut self, now: Moment) -> Vec<AttemptId> {
        self.has_changed = false;
        let mut previous = None;
        let (mut all_failed, mut is_open) = (true, true);
        let (mut is_idle, mut has_failed) = (true, !self.failed.is_empty());
        let mut held = Vec::new();
        let stages = self.plan.iter().flat_map(|plan| plan.stages().iter().enumerate());
        for (number, stage) in stages {
            let Some(entries) = self.entries.get_mut(stage.lines()) else { continue };
            if self.has_absent && entries.iter().all(Entry::is_absent) {
                continue;
            }
            is_open &= all_failed
                || match (stage.start, previous) {
                    (Start::Now | Start::IfNone, _) => true,
                    (Start::After(delay), Some(begun)) => {
                        now >= Moment::saturating_add(begun, delay)
                    }
                    _ => false,
                };
            if is_open {
                let since = self.begun.get(number).unwrap_or(now);
                self.begun.set(number, Some(since));
                previous = Some(since);
            } else {
                self.begun.set(number, None);
            }
            for entry in entries.iter_mut().filter(|entry| !entry.is_absent()) {
                entry.return_at(now);
                if !is_open {
                    entry.hurried = Moment::MAX;
                    held.extend(entry.running());
                }
                is_idle &= entry.running().is_none();
                has_failed |= entry.is_out();
                all_failed &= entry.is_out();
            }
        }
        if core::mem::take(&mut self.is_replanned) {
            held.extend(self.early(now));
        }
        // Where something failed, and nothing is under way, nobody waits for the next: it may have
        // come after the failure.
        if is_idle && has_failed && !self.is_due(now) {
            self.hurry(now);
        }
        held
    }

    /// The first address whose time has come and that is not under way, of the best stage; or when
    /// something is due next: a dial, a stage, the deadline.
    pub(crate) fn look(&self, now: Moment) -> Look {
        let mut next = self.deadline;
        let (mut last, mut is_begun) = (None, true);
        for (stage, begun) in self.stages() {
            if let (true, None, Start::After(delay), Some(last)) =
                (is_begun, begun, stage.start, last)
            {
                next = next.min(Moment::saturating_add(last, delay));
            }
            for (place, line, entry) in self.of(stage) {
                match (entry.state(), begun) {
                    (State::Pending, Some(begun)) if !self.is_superseded(line) => {
                        let due = line.due(begun, entry.hurried);
                        if due <= now {
                            return Look::Due(Due { slot: line.slot, place });
                        }
                        next = next.min(due);
                    }
                    (State::Deferred(until), _) => next = next.min(until),
                    _ => {}
                }
            }
            is_begun &= begun.is_some();
            last = begun;
        }
        Look::Until(next)
    }

    /// The stages that have an address which it dials, and when they began.
    pub(super) fn stages(&self) -> impl Iterator<Item = (&Stage, Option<Moment>)> {
        let stages = self.plan.iter().flat_map(|plan| plan.stages().iter().enumerate());
        let has_dials = |stage: &Stage| {
            let mut entries = self.entries.get(stage.lines()).unwrap_or_default().iter();
            !self.has_absent || entries.any(|entry| !entry.is_absent())
        };
        let stages = stages.filter(move |(_, stage)| has_dials(stage));
        stages.map(|(number, stage)| (stage, self.begun.get(number)))
    }

    /// The lines of a stage with their places.
    fn of(&self, stage: &Stage) -> impl Iterator<Item = (usize, &Line, &Entry)> {
        let lines = self.plan.as_ref().and_then(|plan| plan.lines().get(stage.lines()));
        let entries = self.entries.get(stage.lines()).unwrap_or_default();
        let rows = stage.lines().zip(lines.unwrap_or_default()).zip(entries);
        rows.map(|((place, line), entry)| (place, line, entry))
    }

    fn is_due(&self, now: Moment) -> bool {
        self.pending().any(|(_, due)| due <= now)
    }

    /// Those whose stage has begun and that were not dialed: their places and their times.
    fn pending(&self) -> impl Iterator<Item = (usize, Moment)> {
        let begun = self.stages().filter_map(|(stage, begun)| Some((stage, begun?)));
        begun.flat_map(|(stage, begun)| {
            let pending =
                |row: &(usize, &Line, &Entry)| row.2.is_pending() && !self.is_superseded(row.1);
            let pending = self.of(stage).filter(pending);
            pending.map(move |(place, line, entry)| (place, line.due(begun, entry.hurried)))
        })
    }

    /// Attempts of addresses whose time has not come: another plan, or a better address, came after
    /// them.
    fn early(&self, now: Moment) -> impl Iterator<Item = AttemptId> {
        let begun = self.stages().filter_map(|(stage, begun)| Some((stage, begun?)));
        begun.flat_map(move |(stage, begun)| {
            let is_early = move |row: &(usize, &Line, &Entry)| {
                row.1.due(begun, row.2.hurried) > now || self.is_superseded(row.1)
            };
            self.of(stage).filter(is_early).filter_map(|(_, _, entry)| entry.running())
        })
    }

    /// Whether a better transport of the same host and port is to be dialed first (D9).
    fn is_superseded(&self, line: &Line) -> bool {
        let is_better = |(other, entry): (&Line, &Entry)| {
            Some(other.candidate) == line.after && !entry.is_out()
        };
        line.after.is_some() && self.dialed().any(is_better)
    }

    /// The addresses that are to be dialed by time alone: their stage began, or will.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = SlotKey> {
        let mut is_timed = true;
        let stages = self.stages().take_while(move |(stage, begun)| {
            is_timed &= begun.is_some() || matches!(stage.start, Start::After(_));
            is_timed
        });
        let lines = stages.flat_map(|(stage, _)| self.of(stage)).filter(|(_, line, entry)| {
            !entry.is_absent() && !entry.is_out() && !self.is_superseded(line)
        });
        lines.map(|(_, line, _)| line.slot)
    }

    /// What is due is dialed, by this attempt.
    pub(crate) fn set_running(&mut self, due: Due, attempt: AttemptId) {
        if let Some(entry) = self.entries.get_mut(due.place) {
            entry.set(State::Running(attempt));
        }
    }

    /// It does not wait for this attempt any more, and may ask for it later.
    pub(crate) fn set_pending(&mut self, attempt: AttemptId) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.running() == Some(attempt)) {
            entry.set(State::Pending);
        }
    }

    /// An address failed: the next one is due at once (D6).
    pub(crate) fn fail(&mut self, slot: SlotKey, failure: Failure, now: Moment) {
        self.has_changed = true;
        match self.failed.iter_mut().find(|(failed, _)| *failed == slot) {
            Some((_, known)) => *known = failure,
            None => self.failed.push((slot, failure)),
        }
        if let Some(entry) = self.entry(slot) {
            entry.set(State::Failed);
        }
        self.hurry(now);
    }

    /// This node did not start a dial of an address: it is tried again then, and the next one is due
    /// at once. After a few times it fails (C7).
    pub(crate) fn defer(&mut self, slot: SlotKey, until: Moment, is_try: bool, now: Moment) {
        let Some(entry) = self.entry(slot) else { return };
        if is_try {
            entry.tries = entry.tries.saturating_add(1);
        }
        if entry.tries > RETRIES {
            self.fail(slot, Failure::NotStarted, now);
            return;
        }
        entry.set(State::Deferred(until));
        self.has_changed = true;
        self.hurry(now);
    }

    fn entry(&mut self, slot: SlotKey) -> Option<&mut Entry> {
        let lines = self.plan.iter().flat_map(|plan| plan.lines());
        let mut rows = lines.zip(&mut self.entries);
        rows.find(|(line, entry)| line.slot == slot && !entry.is_absent()).map(|(_, entry)| entry)
    }

    /// Takes back that addresses failed because they were left alone (C7). Returns whether one was.
    pub(crate) fn forgive_backoff(&mut self) -> bool {
        let is_left = |failure: &Failure| matches!(failure, Failure::BackedOff { .. });
        let mut is_any = false;
        let lines = self.plan.iter().flat_map(|plan| plan.lines());
        for (line, entry) in lines.zip(&mut self.entries).filter(|(_, entry)| !entry.is_absent()) {
            let failed = self.failed.iter().any(|(slot, why)| *slot == line.slot && is_left(why));
            if failed {
                entry.set(State::Pending);
                is_any = true;
            }
        }
        self.failed.retain(|(_, why)| !is_left(why));
        is_any
    }

    /// The network changed: what failed because it was left alone, or was not started, is due again
    /// (C7). Returns whether something was.
    pub(crate) fn network_changed(&mut self, now: Moment) -> bool {
        let mut is_any = self.forgive_backoff();
        for entry in &mut self.entries {
            is_any |= entry.return_now(now);
        }
        is_any
    }

    /// The next one is due at once: of those that are not due anyway.
    fn hurry(&mut self, now: Moment) {
        let later = self.pending().filter(|(_, due)| *due > now);
        let next = later.map(|(place, due)| (due, place)).min();
        if let Some(entry) = next.and_then(|(_, place)| self.entries.get_mut(place)) {
            entry.hurried = now;
        }
    }
}
