//! One host is one dial (D9): spellings are merged, and better transports go first.

use crate::candidate::Candidate;
use crate::dial::Dial;
use crate::key::fingerprint_of;
use crate::policy::Start;
use crate::traits::{Circuit, Layer};

/// Merges the spellings of one address, and lets superseded transports wait. `repeated` is told of
/// each dial that is not made, and of the candidate that is dialed in its place.
pub(crate) fn merge(
    dials: &mut Vec<Dial>,
    candidates: &[Candidate],
    stages: &[Start],
    has_ipv4: bool,
    mut repeated: impl FnMut(usize, usize),
) {
    if !may_share(dials) {
        return;
    }
    let known = Known { candidates, has_ipv4 };
    // Those of one host and port stand side by side, and among them the spellings of one address. A
    // comparison of addresses is for those that are equal, and for an attacker's: sorted, they cost
    // no more than a logarithm.
    dials.sort_unstable_by(|a, b| {
        let fingerprints = fingerprint_of(a.key).cmp(&fingerprint_of(b.key));
        fingerprints
            .then_with(|| known.place(a).cmp(&known.place(b)))
            .then_with(|| known.whole(a).cmp(known.whole(b)))
            .then_with(|| a.stage.cmp(&b.stage))
            .then_with(|| known.is_respelled(a).cmp(&known.is_respelled(b)))
            .then_with(|| a.key.cmp(&b.key))
    });
    dials.dedup_by(|dial, kept| {
        let is_same =
            known.place(dial) == known.place(kept) && known.whole(dial) == known.whole(kept);
        if is_same {
            kept.classes = kept.classes.union(dial.classes);
            repeated(dial.candidate(), kept.candidate());
        }
        is_same
    });
    let best = dials.iter().map(|dial| dial.stage).min();
    // A stage that does not begin supersedes nothing.
    let begins = |dial: &Dial| {
        best == Some(dial.stage) || stages.get(usize::from(dial.stage)) != Some(&Start::IfNone)
    };
    for place in dials.chunk_by_mut(|a, b| known.place(a) == known.place(b)) {
        for (better, worse) in [(Layer::QuicV1, Layer::OverQuic), (Layer::Tcp, Layer::Ws)] {
            let of_better = place.iter().filter(|dial| known.layer(dial) == better && begins(dial));
            let first = of_better.min_by_key(|dial| (dial.stage, dial.key)).copied();
            let Some(first) = first else { continue };
            let Ok(first_place) = u16::try_from(first.candidate()) else { continue };
            for dial in place.iter_mut().filter(|dial| known.layer(dial) == worse) {
                let is_superseded = first.stage <= dial.stage && first.class() >= dial.class();
                dial.after = is_superseded.then_some(first_place);
            }
        }
    }
}

struct Known<'a> {
    candidates: &'a [Candidate],
    has_ipv4: bool,
}

/// What two dials of one host and port have in common: its bytes, whether it is reached by NAT64 where
/// that matters, and the relay of a circuit.
type Place<'a> = (&'a [u8], bool, Option<(usize, Option<&'a [u8]>)>);

impl<'a> Known<'a> {
    fn candidate(&self, dial: &Dial) -> Option<&'a Candidate> {
        self.candidates.get(dial.candidate())
    }

    fn place(&self, dial: &Dial) -> Option<Place<'a>> {
        let candidate = self.candidate(dial)?;
        let relay = |circuit: &'a Circuit| {
            (circuit.hops, circuit.relay.as_ref().map(|relay| relay.as_ref().digest()))
        };
        let traits = candidate.traits();
        let by_nat64 = traits.is_nat64 && !self.has_ipv4;
        Some((candidate.place(), by_nat64, traits.circuit.as_ref().map(relay)))
    }

    /// All of the address, in the plain spelling.
    fn whole(&self, dial: &Dial) -> &'a [u8] {
        self.candidate(dial).map_or(&[], |candidate| candidate.dial_key().address().as_ref())
    }

    fn is_respelled(&self, dial: &Dial) -> bool {
        !self.candidate(dial).is_some_and(Candidate::is_plain)
    }

    fn layer(&self, dial: &Dial) -> Layer {
        self.candidate(dial).map_or(Layer::Other, |candidate| candidate.traits().layer)
    }
}

/// Whether two fingerprints are perhaps equal: seldom so where none are, and cheaper than sorting.
fn may_share(dials: &[Dial]) -> bool {
    let mut seen = [0u64; 256];
    dials.iter().any(|dial| {
        let fingerprint = fingerprint_of(dial.key);
        let word = usize::try_from((fingerprint >> 6) & 0xff).unwrap_or_default();
        let bit = 1u64 << (fingerprint & 63);
        seen.get_mut(word).is_none_or(|word| {
            let was = *word & bit != 0;
            *word |= bit;
            was
        })
    })
}
