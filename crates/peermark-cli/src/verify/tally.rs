//! Counting verdicts, and what is said at the end.

use std::time::{Duration, Instant};

use peermark::peer_record::{CertifiedRecord, Stage};

use crate::refusal::Refusal;

/// How many envelopes were verified, and refused at which stage.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    verified: u64,
    /// In the order of [`Stage::ALL`].
    refused: [u64; Stage::ALL.len()],
    of_lines: bool,
    started: Option<Instant>,
}

impl Tally {
    /// A tally that also measures time, from now on.
    #[expect(clippy::disallowed_methods, reason = "the time that a person waits is shown to them")]
    pub(super) fn start() -> Self {
        Self { started: Some(Instant::now()), ..Self::default() }
    }

    /// Counts one verdict.
    pub(super) fn count(&mut self, verdict: &Result<CertifiedRecord, Refusal>) {
        match verdict {
            Ok(_) => self.verified = self.verified.saturating_add(1),
            Err(refusal) => {
                let stage = refusal.stage();
                for (count, _) in self.by_stage_mut().filter(|(_, counted)| *counted == stage) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Remembers that an input was a list of lines.
    pub(super) fn mark_lines(&mut self) {
        self.of_lines = true;
    }

    /// Adds what another tally counted.
    pub(super) fn add(&mut self, other: &Self) {
        self.verified = self.verified.saturating_add(other.verified);
        for ((count, _), more) in self.by_stage_mut().zip(other.refused) {
            *count = count.saturating_add(more);
        }
        self.of_lines |= other.of_lines;
    }

    fn by_stage_mut(&mut self) -> impl Iterator<Item = (&mut u64, Stage)> {
        self.refused.iter_mut().zip(Stage::ALL)
    }

    pub(super) fn is_of_lines(&self) -> bool {
        self.of_lines
    }

    pub(super) fn verified(&self) -> u64 {
        self.verified
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    pub(super) fn total(&self) -> u64 {
        self.verified.saturating_add(self.refused())
    }

    /// Verified, refused by stage, time and rate.
    pub(super) fn summary(&self) -> String {
        let stages: Vec<_> = Stage::ALL
            .iter()
            .zip(self.refused)
            .filter(|(_, count)| *count > 0)
            .map(|(stage, count)| format!("{stage} {count}"))
            .collect();
        let stages =
            if stages.is_empty() { String::new() } else { format!(" ({})", stages.join(", ")) };
        let (verified, refused) = (self.verified, self.refused());
        let elapsed = self.started.map(|started| started.elapsed()).unwrap_or_default();
        format!("{verified} verified, {refused} refused{stages}; {}", self.pace(elapsed))
    }

    fn pace(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let micros = elapsed.as_micros().max(1);
        let rate = u128::from(self.total()).saturating_mul(1_000_000).checked_div(micros);
        format!("{seconds:.2} s, {} records/s", rate.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Tally;
    use crate::refusal::Refusal;

    #[test]
    fn refusals_are_counted_by_stage_and_added_up() {
        let mut one = Tally::default();
        one.count(&Err(Refusal::Empty));
        one.count(&Err(Refusal::InputTooLong { limit: 1 }));
        let mut all = Tally { verified: 5, ..Tally::default() };
        all.add(&one);
        all.add(&one);
        assert_eq!((all.verified(), all.refused(), all.total()), (5, 4, 9));
        assert!(all.summary().starts_with("5 verified, 4 refused (size 2, envelope 2); "));
        assert_eq!(all.pace(Duration::from_millis(500)), "0.50 s, 18 records/s");
    }
}
