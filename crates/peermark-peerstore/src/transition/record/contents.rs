//! The contents of one sequence number, in the order that says which is held (S2).

use peermark_peer_record::StoredRecord;

use crate::entry::{Content, PeerEntry};

/// Where the envelope of a content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the record; of a record that ended, in the evidence; of a withdrawal, nowhere.
    Held,
    /// In the evidence.
    Rival,
    /// It arrives.
    New,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) content: Content,
    pub(super) place: Place,
    /// Whether its envelope is at hand, or it needs none.
    pub(super) is_here: bool,
}

/// The contents of one sequence number that are known, at most three.

#[derive(Debug, Default)]
pub(super) struct Candidates(Vec<Candidate>);

impl Candidates {
    pub(super) fn of(entry: &PeerEntry) -> Self {
        let mut all = Vec::with_capacity(3);
        let rest = entry.extra.as_ref().map(|extra| &extra.rest);
        let floor = rest.and_then(|rest| rest.floor.as_deref());
        let evidence = rest.and_then(|rest| rest.evidence.as_deref());
        if entry.has_record() {
            let held = StoredRecord::dangerous_assume_verified(entry.record.envelope());
            debug_assert!(held.is_ok(), "the envelope of a record that was verified");
            if let Ok(held) = held {
                let content = Content::of(&held, entry.said);
                all.push(Candidate { content, place: Place::Held, is_here: true });
            }
        } else if let Some(floor) = floor {
            let is_withdrawal = floor.content.addresses == 0;
            let is_here = is_withdrawal || evidence.is_some_and(|kept| !kept.held.is_empty());
            all.push(Candidate { content: floor.content, place: Place::Held, is_here });
        }
        if let Some(evidence) = evidence {
            let content = evidence.rival.content;
            let is_here = content.addresses == 0 || !evidence.rival.envelope.is_empty();
            all.push(Candidate { content, place: Place::Rival, is_here });
        }
        Self(all)
    }

    pub(super) fn at(&self, place: Place) -> Option<Content> {
        self.0.iter().find(|candidate| candidate.place == place).map(|found| found.content)
    }

    /// Adds what arrives. Where the payload is known, its envelope takes the place of a worse one, or of
    /// none.
    pub(super) fn add(&mut self, new: Content, is_better_than: impl FnOnce(Place) -> bool) {
        match self.0.iter_mut().find(|other| other.content.digest == new.digest) {
            Some(known) => {
                known.content.said_at(new.said);
                if !known.is_here || is_better_than(known.place) {
                    (known.place, known.is_here) = (Place::New, true);
                }
            }
            None => self.0.push(Candidate { content: new, place: Place::New, is_here: true }),
        }
    }

    /// Those of which there is an envelope, in order. Where the envelope of what was held is gone, what
    /// arrives takes its place.
    pub(super) fn in_order(mut self) -> Vec<Candidate> {
        self.0.retain(|candidate| candidate.is_here);
        self.0.sort_by_key(|candidate| candidate.content.rank());
        self.0
    }
}

pub(super) fn envelope_at(entry: &PeerEntry, place: Place) -> &[u8] {
    let evidence = entry.extra.as_ref().and_then(|extra| extra.rest.evidence.as_deref());
    match place {
        Place::Held if entry.has_record() => entry.record.envelope(),
        Place::Held => evidence.map_or(&[], |evidence| &evidence.held),
        Place::Rival => evidence.map_or(&[], |evidence| &evidence.rival.envelope),
        Place::New => &[],
    }
}
