//! What is known of one peer while somebody wants it, or is connected to it.

use std::collections::{BTreeSet, HashMap};

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{Candidate, DialKey};

use crate::action::{AttemptId, Discovery, RequestId};
use crate::group::Group;

/// A peer, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerKey(pub(crate) u32);

/// An address of a peer, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotKey(u32);

/// A connection to a peer.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) key: DialKey,
    pub(crate) address: Multiaddr,
    /// The dial that opened it; `None` where the coordinator was told of it.
    pub(crate) attempt: Option<AttemptId>,
    /// What the name in the address resolved to for this dial.
    pub(crate) resolved: Vec<Multiaddr>,
}

/// One host and port of a peer, however it is spelled.
#[derive(Debug)]
pub(crate) struct Slot {
    key: DialKey,
    /// The first candidate that it is the slot of, by place.
    candidate: Option<usize>,
    /// The attempt that somebody wants: it is under way, or waits for room.
    pub(crate) attempt: Option<AttemptId>,
    /// The attempt that nobody wants any more, and that was not answered yet.
    pub(crate) cancelled: Option<AttemptId>,
    /// The group that shares slots (D11).
    pub(crate) group: Group,
}

impl Slot {
    /// What is dialed, in its plain spelling.
    pub(crate) const fn address(&self) -> &Multiaddr {
        self.key.address()
    }

    const fn is_idle(&self) -> bool {
        self.candidate.is_none() && self.attempt.is_none() && self.cancelled.is_none()
    }
}

/// What is known of one peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) discovery: Discovery,
    pub(crate) requests: BTreeSet<RequestId>,
    pub(crate) connections: Vec<Connection>,
    /// The attempts under way, those that were cancelled included: how many of each group.
    pub(crate) dialing: Vec<(Group, usize)>,
    candidates: Vec<Candidate>,
    /// The slot of each candidate.
    of_candidates: Vec<SlotKey>,
    slots: Vec<Slot>,
    by_key: HashMap<DialKey, SlotKey>,
    /// How many groups the candidates are of.
    groups: usize,
}

impl Peer {
    pub(crate) fn new(id: PeerId) -> Self {
        Self {
            id,
            discovery: Discovery::Done,
            requests: BTreeSet::new(),
            connections: Vec::new(),
            dialing: Vec::new(),
            candidates: Vec::new(),
            of_candidates: Vec::new(),
            slots: Vec::new(),
            by_key: HashMap::new(),
            groups: 0,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.requests.is_empty()
            && self.connections.is_empty()
            && self.slots.iter().all(|slot| slot.attempt.is_none() && slot.cancelled.is_none())
    }

    /// How many attempts are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.dialing.iter().map(|(_, count)| *count).fold(0, usize::saturating_add)
    }

    /// How many of this group are.
    pub(crate) fn of_group(&self, group: Group) -> usize {
        let known = self.dialing.iter().find(|(known, _)| *known == group);
        known.map_or(0, |(_, count)| *count)
    }

    pub(crate) fn begin(&mut self, group: Group) {
        match self.dialing.iter_mut().find(|(known, _)| *known == group) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.dialing.push((group, 1)),
        }
    }

    pub(crate) fn end(&mut self, group: Group) {
        if let Some((_, count)) = self.dialing.iter_mut().find(|(known, _)| *known == group) {
            *count = count.saturating_sub(1);
        }
        self.dialing.retain(|(_, count)| *count > 0);
    }

    pub(crate) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The slots of the candidates, in their order.
    pub(crate) fn slots(&self) -> &[SlotKey] {
        &self.of_candidates
    }

    /// How many groups the candidates are of.
    pub(crate) const fn groups(&self) -> usize {
        self.groups
    }

    pub(crate) fn slot_of(&self, candidate: usize) -> Option<SlotKey> {
        self.of_candidates.get(candidate).copied()
    }

    pub(crate) fn slot(&self, key: SlotKey) -> Option<&Slot> {
        self.slots.get(index(key))
    }

    pub(crate) fn slot_mut(&mut self, key: SlotKey) -> Option<&mut Slot> {
        self.slots.get_mut(index(key))
    }

    /// The slot of an address, where it has one.
    pub(crate) fn find(&self, key: &DialKey) -> Option<SlotKey> {
        self.by_key.get(key).copied()
    }

    /// What is known of this spelling of a slot's address, or else of another.
    pub(crate) fn candidate_as(&self, key: SlotKey, address: &Multiaddr) -> Option<&Candidate> {
        let first = self.candidate(key)?;
        if first.address() == address {
            return Some(first);
        }
        let mut others = self.of_candidates.iter().zip(&self.candidates);
        let same = others.find(|(slot, other)| **slot == key && other.address() == address);
        Some(same.map_or(first, |(_, same)| same))
    }

    /// What is known of the address of a slot.
    pub(crate) fn candidate(&self, key: SlotKey) -> Option<&Candidate> {
        self.candidates.get(self.slot(key)?.candidate?)
    }

    /// Takes new candidates. `is_kept` says which slots somebody refers to still.
    pub(crate) fn set_candidates(
        &mut self,
        candidates: Vec<Candidate>,
        is_kept: impl Fn(SlotKey) -> bool,
    ) {
        for slot in &mut self.slots {
            slot.candidate = None;
        }
        let keys: Vec<_> = candidates.iter().map(|it| it.dial_key().clone()).collect();
        let mut groups: Vec<Group> = Vec::new();
        let mut new = Vec::new();
        for (place, (candidate, key)) in candidates.iter().zip(&keys).enumerate() {
            let group = Group::of(candidate);
            if !groups.contains(&group) {
                groups.push(group);
            }
            match self.by_key.get(key).copied() {
                Some(slot) => self.list(slot, place, group),
                None => new.push((place, key, group)),
            }
        }
        let slots = (0u32..).map(SlotKey).zip(&self.slots);
        let free = slots.filter(|(key, slot)| slot.is_idle() && !is_kept(*key));
        let mut free: Vec<_> = free.map(|(key, _)| key).collect();
        for (place, key, group) in new {
            let slot = match self.by_key.get(key).copied() {
                Some(slot) => slot,
                None => self.take(key, group, free.pop()),
            };
            self.list(slot, place, group);
        }
        self.of_candidates = keys.iter().filter_map(|key| self.find(key)).collect();
        self.groups = groups.len();
        self.candidates = candidates;
    }

    /// A candidate is at this slot: the first of those that are.
    fn list(&mut self, key: SlotKey, place: usize, group: Group) {
        if let Some(slot) = self.slots.get_mut(index(key))
            && slot.candidate.is_none()
        {
            (slot.candidate, slot.group) = (Some(place), group);
        }
    }

    /// A slot for an address that has none: a free one, or a new one.
    fn take(&mut self, of: &DialKey, group: Group, free: Option<SlotKey>) -> SlotKey {
        let slot = Slot { key: of.clone(), candidate: None, attempt: None, cancelled: None, group };
        let key = match free.and_then(|key| Some((key, self.slots.get_mut(index(key))?))) {
            Some((key, place)) => {
                let before = core::mem::replace(place, slot);
                self.by_key.remove(&before.key);
                key
            }
            None => {
                let key = SlotKey(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
                self.slots.push(slot);
                key
            }
        };
        self.by_key.insert(of.clone(), key);
        key
    }

    /// Forgets the candidates: nobody wants the peer.
    pub(crate) fn forget_candidates(&mut self) {
        self.set_candidates(Vec::new(), |_| false);
    }
}

fn index(key: SlotKey) -> usize {
    usize::try_from(key.0).unwrap_or(usize::MAX)
}
