//! Counting what became of records, and what is said at the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use peermark::peer_record::{CertifiedRecord, Stage};
use peermark::peerstore::{Applied, Outcome, OutcomeKind};
use peermark::peerstore_redb::Error;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::refusals::{Contradiction, Said};
use crate::failure::Failure;
use crate::json::Text;

/// What became of records.
#[derive(Debug)]
pub(super) struct Outcomes {
    read: u64,
    /// In the order of [`OutcomeKind::ALL`].
    stored: [u64; OutcomeKind::ALL.len()],
    /// Of those that were refreshed, how many live no longer for it.
    not_extended: u64,
    /// By reason.
    refused: BTreeMap<String, u64>,
    /// In the order of [`Stage::ALL`].
    invalid: [u64; Stage::ALL.len()],
    started: Instant,
}

fn count(counts: &mut [u64], at: Option<usize>) {
    if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
        *count = count.saturating_add(1);
    }
}

fn sum(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

impl Outcomes {
    /// Nothing yet; time is measured from now on.
    #[expect(clippy::disallowed_methods, reason = "the time that a person waits is shown to them")]
    pub(super) fn start() -> Self {
        Self {
            read: 0,
            stored: Default::default(),
            not_extended: 0,
            refused: BTreeMap::new(),
            invalid: Default::default(),
            started: Instant::now(),
        }
    }

    /// A record, or what should be one, was read.
    pub(super) fn read(&mut self) {
        self.read = self.read.saturating_add(1);
    }

    /// It was none.
    pub(super) fn invalid(&mut self, stage: Stage) {
        count(&mut self.invalid, Stage::ALL.iter().position(|other| *other == stage));
    }

    /// It was refused beside what the store answers.
    pub(super) fn refused_for(&mut self, reason: String) {
        count(&mut self.stored, place(OutcomeKind::Refused));
        let refused = self.refused.entry(reason).or_default();
        *refused = refused.saturating_add(1);
    }

    /// What the store made of it. What is wrong with the store and not with the record is an
    /// error.
    pub(super) fn applied(&mut self, answer: Result<Applied, Error>) -> Result<(), Failure> {
        match answer.map(|applied| applied.outcome) {
            Ok(Outcome::Refused { reason }) => self.refused_for(reason.to_string()),
            Ok(outcome) => {
                let is_same = matches!(outcome, Outcome::Refreshed { extended: false });
                self.not_extended = self.not_extended.saturating_add(u64::from(is_same));
                count(&mut self.stored, place(outcome.kind()));
            }
            Err(Error::Quarantined { .. }) => {
                self.refused_for("what was stored of the peer is damaged".to_owned());
            }
            Err(error) => return Err(Failure::Store(error)),
        }
        Ok(())
    }

    /// How many were read.
    pub(super) fn total(&self) -> u64 {
        self.read
    }

    /// How many the store has now, because of this or already.
    pub(super) fn held(&self) -> u64 {
        let kinds = [OutcomeKind::Inserted, OutcomeKind::Replaced, OutcomeKind::Refreshed];
        kinds.iter().fold(0, |sum, kind| sum.saturating_add(self.of(*kind)))
    }

    /// How many are none, contradict what is there, or were refused. What is older than what is
    /// there is no trouble.
    pub(super) fn bad(&self) -> u64 {
        let kinds = [OutcomeKind::Contradiction, OutcomeKind::Refused];
        kinds.iter().fold(sum(&self.invalid), |sum, kind| sum.saturating_add(self.of(*kind)))
    }

    fn of(&self, kind: OutcomeKind) -> u64 {
        place(kind).and_then(|at| self.stored.get(at)).copied().unwrap_or_default()
    }

    fn invalid_by_stage(&self) -> impl Iterator<Item = (Stage, u64)> {
        Stage::ALL.into_iter().zip(self.invalid).filter(|(_, count)| *count > 0)
    }

    /// Everything in one line: outcomes, reasons, stages, time and rate.
    pub(super) fn summary(&self) -> String {
        let detail = |parts: Vec<String>| match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join(", ")),
        };
        let mut parts = vec![format!("{} read", self.read)];
        for kind in OutcomeKind::ALL {
            let count = self.of(kind);
            let why = match kind {
                OutcomeKind::Refused => {
                    self.refused.iter().map(|(reason, count)| format!("{reason} {count}")).collect()
                }
                OutcomeKind::Refreshed if self.not_extended > 0 => {
                    vec![format!("{} not extended", self.not_extended)]
                }
                _ => Vec::new(),
            };
            if count > 0 || kind == OutcomeKind::Inserted {
                parts.push(format!("{count} {kind}{}", detail(why)));
            }
        }
        let invalid = sum(&self.invalid);
        if invalid > 0 {
            let stages = self.invalid_by_stage().map(|(stage, count)| format!("{stage} {count}"));
            parts.push(format!("{invalid} invalid{}", detail(stages.collect())));
        }
        format!("{}; {}", parts.join(", "), self.pace(self.started.elapsed()))
    }

    fn pace(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let micros = elapsed.as_micros().max(1);
        let rate = u128::from(self.read).saturating_mul(1_000_000).checked_div(micros);
        format!("{seconds:.2} s, {} records/s", rate.unwrap_or_default())
    }
}

/// What is to be said of a record that contradicts another, or that the store refuses.
pub(super) fn refusal(record: &CertifiedRecord, answer: &Result<Applied, Error>) -> Option<Said> {
    let peer = record.peer_id();
    let said = |refused: String, error: String| Said {
        peer_id: Some(Text(peer)),
        refused,
        error,
        contradiction: None,
    };
    match answer.as_ref().map(|applied| (applied.seq, &applied.outcome)) {
        Ok((seq, Outcome::Contradiction { held, got, .. })) => {
            let error =
                format!("{peer} signed two records with seq {seq}: payloads {held} and {got}");
            let (seq, held, got) = (Text(seq), Text(*held), Text(*got));
            let contradiction = Some(Contradiction { seq, held, got });
            Some(Said { contradiction, ..said("contradiction".to_owned(), error) })
        }
        Ok((_, Outcome::Refused { reason })) => {
            Some(said(reason.to_string(), format!("{peer}: {reason}")))
        }
        Err(error @ Error::Quarantined { .. }) => {
            Some(said("damaged".to_owned(), error.to_string()))
        }
        _ => None,
    }
}

fn place(kind: OutcomeKind) -> Option<usize> {
    OutcomeKind::ALL.iter().position(|other| *other == kind)
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("read", &self.read)?;
        for kind in OutcomeKind::ALL {
            if kind == OutcomeKind::Refused {
                map.serialize_entry("refused", &self.refused)?;
            } else {
                map.serialize_entry(&kind.to_string(), &self.of(kind))?;
            }
        }
        map.serialize_entry("not_extended", &self.not_extended)?;
        let invalid: BTreeMap<_, _> =
            self.invalid_by_stage().map(|(stage, count)| (stage.to_string(), count)).collect();
        map.serialize_entry("invalid", &invalid)?;
        map.serialize_entry("seconds", &self.started.elapsed().as_secs_f64())?;
        map.end()
    }
}
