//! A plan for people to read, and for programs.

use core::fmt;

use multiaddr::{Multiaddr, PeerId, Protocol};

use crate::candidate::Candidate;
use crate::check::Target;
use crate::dial::Dial;
use crate::plan::{DialPlan, Refused};
use crate::refusal::Refusal;

/// A plan with the addresses that it is about: [`DialPlan::show`] makes it.
///
/// [`Display`](fmt::Display) is a timeline; with the feature `serde`, `Serialize` is
/// `{"peer_id", "policy", "stages": [{"start", "dials": [{"address", "delay_ms", "class", "after"}]}],
/// "refused": [{"address", "reason", "dialed"}]}`. What is dialed is written in its plain spelling (D9),
/// a circuit or `dnsaddr` with the peer id at its end. `after` is there where an address is superseded,
/// and names the one that has to fail first; its `delay_ms` is `null`. `dialed` where another spelling is dialed, and names that.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    plan: &'a DialPlan,
    peer: &'a PeerId,
    policy: &'a str,
    candidates: &'a [Candidate],
    text: Option<fn(&Multiaddr) -> String>,
}

impl DialPlan {
    /// Returns the plan with what it is about. The candidates are those that it was made from.
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
    /// With addresses written by `text`. Without, they have the form of a multiaddr. Lines of text are
    /// escaped either way.
    #[must_use]
    pub const fn with_text(self, text: fn(&Multiaddr) -> String) -> Self {
        Self { text: Some(text), ..self }
    }

    pub(crate) const fn plan(&self) -> &'a DialPlan {
        self.plan
    }

    pub(crate) const fn policy(&self) -> &'a str {
        self.policy
    }

    /// What is dialed for a candidate.
    pub(crate) fn dialed(&self, place: usize) -> String {
        self.candidates.get(place).map(|known| self.text(known, known.plain())).unwrap_or_default()
    }

    /// A candidate as it is written.
    pub(crate) fn given(&self, place: usize) -> String {
        self.candidates
            .get(place)
            .map(|known| self.text(known, known.address()))
            .unwrap_or_default()
    }

    /// The address as a dialer needs it: circuits and `dnsaddr` say nothing without the peer (C5).
    fn text(&self, candidate: &Candidate, address: &Multiaddr) -> String {
        let text = self.text.unwrap_or(|address| address.to_string());
        let ends = matches!(address.iter().last(), Some(Protocol::P2p(_)));
        let is_dnsaddr = matches!(address.iter().next(), Some(Protocol::Dnsaddr(_)));
        if !ends && (candidate.traits().is_circuit() || is_dnsaddr) {
            return text(&address.clone().with(Protocol::P2p(*self.peer)));
        }
        text(address)
    }

    pub(crate) fn reason(&self, refused: &Refused) -> String {
        match refused.reason {
            Refusal::Repeated { dialed } => {
                format!("{}, as {}", refused.reason, self.dialed(dialed))
            }
            reason => reason.to_string(),
        }
    }
}

pub(crate) fn class(dial: &Dial) -> String {
    dial.class().map_or_else(|| "none".to_owned(), |class| class.to_string())
}

/// Escapes what does not belong into a line of text: control characters, those that turn its direction
/// round, and others that cannot be seen. A name in an address is free text of a stranger, who is not
/// to begin a line, nor to set the colours of a terminal.
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::escape_line;
///
/// assert_eq!(escape_line("/dns/a\n\u{202e}b"), r"/dns/a\n\u{202e}b");
/// assert_eq!(escape_line("/dns/b\u{fc}cher.example"), "/dns/b\u{fc}cher.example");
/// ```
#[must_use]
pub fn escape_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => line.push(c),
            c => line.extend(c.escape_debug()),
        }
    }
    line
}

/// How wide the part of a line is that draws when a dial begins.
const WIDTH: usize = 16;

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}", self.peer, escape_line(self.policy))?;
        if let Some(nothing) = self.plan.nothing() {
            writeln!(f, "  nothing to dial: {nothing}")?;
        }
        let timed = self.plan.dials().iter().filter(|dial| dial.after().is_none());
        let latest = timed.map(|dial| dial.delay().as_millis()).max();
        if let Some(latest) = latest.filter(|ms| *ms > 0) {
            // From where the bars begin to where they end.
            writeln!(
                f,
                "{:14}0 {:>width$}",
                "",
                format!("{latest} ms"),
                width = WIDTH.saturating_sub(2)
            )?;
        }
        let latest = latest.and_then(|ms| usize::try_from(ms).ok()).unwrap_or(1).max(1);
        for stage in self.plan.stages() {
            writeln!(f, "  {}", stage.start)?;
            for dial in stage.dials {
                let address = escape_line(&self.dialed(dial.candidate()));
                let class = class(dial);
                if let Some(after) = dial.after() {
                    let (bar, after) = ("·".repeat(WIDTH), escape_line(&self.dialed(after)));
                    writeln!(
                        f,
                        "       later  {bar}  {class:11}  {address}  (superseded: when {after} failed)"
                    )?;
                    continue;
                }
                let ms = dial.delay().as_millis();
                let filled = usize::try_from(ms).unwrap_or(usize::MAX).saturating_mul(WIDTH);
                let waits = filled.checked_div(latest).unwrap_or(0).min(WIDTH);
                let goes = WIDTH.saturating_sub(waits).max(1);
                writeln!(
                    f,
                    "    {ms:>5} ms  {}{}  {class:11}  {address}",
                    "·".repeat(waits.min(WIDTH.saturating_sub(1))),
                    "█".repeat(goes),
                )?;
            }
        }
        if !self.plan.refused().is_empty() {
            writeln!(f, "  refused")?;
        }
        for refused in self.plan.refused() {
            let (given, reason) = (self.given(refused.candidate), self.reason(refused));
            writeln!(f, "    {}: {}", escape_line(&given), escape_line(&reason))?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
mod serialize {
    //! The plan as data.

    use serde::ser::{Serialize, SerializeStruct as _, Serializer};

    use super::{Timeline, class};
    use crate::refusal::Refusal;

    #[derive(serde::Serialize)]
    struct Stage {
        start: String,
        dials: Vec<Dial>,
    }

    #[derive(serde::Serialize)]
    struct Dial {
        address: String,
        /// `null` where it waits for another.
        delay_ms: Option<u64>,
        class: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    }

    #[derive(serde::Serialize)]
    struct Refused {
        address: String,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        dialed: Option<String>,
    }

    impl Serialize for Timeline<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let dial = |dial: &crate::dial::Dial| Dial {
                address: self.dialed(dial.candidate()),
                delay_ms: dial
                    .after()
                    .is_none()
                    .then(|| u64::try_from(dial.delay().as_millis()).unwrap_or(u64::MAX)),
                class: class(dial),
                after: dial.after().map(|after| self.dialed(after)),
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
                address: self.given(refused.candidate),
                reason: refused.reason.to_string(),
                dialed: match refused.reason {
                    Refusal::Repeated { dialed } => Some(self.dialed(dialed)),
                    _ => None,
                },
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
