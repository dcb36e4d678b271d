//! A plan for people to read, and for programs.

use core::fmt;

use multiaddr::PeerId;

use crate::candidate::Candidate;
use crate::plan::{DialPlan, Target};

/// A plan with the addresses that it is about: [`DialPlan::show`] makes it.
///
/// [`Display`](fmt::Display) is a timeline; with the feature `serde`, `Serialize` is
/// `{"peer_id", "policy", "stages": [{"start", "dials": [{"address", "delay_ms", "class"}]}],
/// "refused": [{"address", "reason"}]}`.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    plan: &'a DialPlan,
    peer: &'a PeerId,
    policy: &'a str,
    candidates: &'a [Candidate],
    text: Option<fn(&Candidate) -> String>,
}

impl DialPlan {
    /// The plan with what it is about. The candidates are those that it was made from.
    #[must_use]
    pub fn show<'a>(
        &'a self,
        target: &'a Target<'_>,
        policy: &'a str,
        candidates: &'a [Candidate],
    ) -> Timeline<'a> {
        Timeline { plan: self, peer: &target.peer, policy, candidates, text: None }
    }
}

impl<'a> Timeline<'a> {
    /// With addresses written by `text`. Without, data have the form of a multiaddr, and the timeline
    /// has that with control characters escaped.
    #[must_use]
    pub const fn with_text(self, text: fn(&Candidate) -> String) -> Self {
        Self { text: Some(text), ..self }
    }

    fn address(&self, place: usize) -> String {
        let text = self.text.unwrap_or(|candidate| candidate.address().to_string());
        self.candidates.get(place).map(text).unwrap_or_default()
    }

    /// The address as a part of a line. A name in it is free text of whoever made it: no line is
    /// theirs to begin, nor are the colours of the terminal theirs to set.
    fn line(&self, place: usize) -> String {
        let address = self.address(place);
        if self.text.is_some() || !address.contains(char::is_control) {
            return address;
        }
        let escape = |c: char| {
            if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
        };
        address.chars().map(escape).collect()
    }

    fn class(&self, place: usize) -> String {
        let candidate = self.candidates.get(place);
        let class = candidate.and_then(Candidate::class);
        class.map_or_else(|| "none".to_owned(), |class| class.to_string())
    }
}

/// How wide the part of a line is that draws when a dial begins.
const WIDTH: usize = 16;

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}", self.peer, self.policy)?;
        if let Some(nothing) = self.plan.nothing() {
            writeln!(f, "  nothing to dial: {nothing}")?;
        }
        let latest = self.plan.dials().iter().map(|dial| dial.delay().as_millis()).max();
        for stage in self.plan.stages() {
            writeln!(f, "  {}", stage.start)?;
            for dial in stage.dials {
                let ms = dial.delay().as_millis();
                let filled = usize::try_from(ms).unwrap_or(usize::MAX).saturating_mul(WIDTH);
                let latest = latest.and_then(|ms| usize::try_from(ms).ok()).unwrap_or(1).max(1);
                let waits = filled.checked_div(latest).unwrap_or(0).min(WIDTH);
                let goes = WIDTH.saturating_sub(waits).max(1);
                writeln!(
                    f,
                    "    {ms:>5} ms  {}{}  {:11}  {}",
                    "·".repeat(waits.min(WIDTH.saturating_sub(1))),
                    "█".repeat(goes),
                    self.class(dial.candidate()),
                    self.line(dial.candidate()),
                )?;
            }
        }
        if !self.plan.refused().is_empty() {
            writeln!(f, "  refused")?;
        }
        for refused in self.plan.refused() {
            writeln!(f, "    {}: {}", self.line(refused.candidate), refused.reason)?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
mod serialize {
    //! The plan as data.

    use serde::ser::{Serialize, SerializeStruct as _, Serializer};

    use super::Timeline;

    #[derive(serde::Serialize)]
    struct Stage {
        start: String,
        dials: Vec<Dial>,
    }

    #[derive(serde::Serialize)]
    struct Dial {
        address: String,
        delay_ms: u64,
        class: String,
    }

    #[derive(serde::Serialize)]
    struct Refused {
        address: String,
        reason: String,
    }

    impl Serialize for Timeline<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let dial = |dial: &crate::plan::Dial| Dial {
                address: self.address(dial.candidate()),
                delay_ms: u64::try_from(dial.delay().as_millis()).unwrap_or(u64::MAX),
                class: self.class(dial.candidate()),
            };
            let stages: Vec<_> = self
                .plan
                .stages()
                .map(|stage| Stage {
                    start: stage.start.to_string(),
                    dials: stage.dials.iter().map(dial).collect(),
                })
                .collect();
            let refused = self.plan.refused().iter().map(|refused| Refused {
                address: self.address(refused.candidate),
                reason: refused.reason.to_string(),
            });
            let mut plan = serializer.serialize_struct("DialPlan", 4)?;
            plan.serialize_field("peer_id", &self.peer.to_string())?;
            plan.serialize_field("policy", self.policy)?;
            plan.serialize_field("stages", &stages)?;
            plan.serialize_field("refused", &refused.collect::<Vec<_>>())?;
            plan.end()
        }
    }
}
