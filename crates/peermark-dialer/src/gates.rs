//! What a dial may have to wait for, and who waits for what.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::action::AttemptId;
use crate::group::Group;
use crate::ids::IdMap;
use crate::moment::Moment;
use crate::peer::{PeerKey, SlotKey};
use crate::places::PlaceKey;

/// What a dial waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Gate {
    /// For the end of a cancelled dial of the same address: never two at a time.
    Address(PeerKey, SlotKey),
    /// For one of its peer's slots, which its group shares with others (D11).
    Peer(PeerKey, Group),
    /// For the end of any dial.
    All,
    /// For the end of a dial in this network.
    Network(PlaceKey),
    /// For the end of a dial to this host and port.
    Target(PlaceKey),
    /// For the end of a circuit over this relay.
    Relay(PlaceKey),
}

impl Gate {
    /// Whether an attempt that was let through this gate and stopped at `other` keeps the room that
    /// was found here. Those behind wait until it has used that room, or given it up: without this,
    /// all of a long line would pass one gate to stand before the next, and come back.
    pub(crate) fn is_held_at(&self, other: &Self) -> bool {
        match self {
            Self::Relay(_) => matches!(other, Self::Target(_) | Self::Network(_) | Self::All),
            Self::Target(_) => matches!(other, Self::Network(_) | Self::All),
            Self::Network(_) => matches!(other, Self::All),
            Self::Address(..) | Self::Peer(..) | Self::All => false,
        }
    }
}

/// Who waits before which gate. Attempts are numbered as they come: the first in line has the
/// smallest number, and keeps its place when it is sent to another line.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    lines: IdMap<Gate, Line>,
    /// The groups of each peer that have a line.
    of_peers: IdMap<PeerKey, Vec<Group>>,
    /// The first in line where there may be room now, and some who were: [`Line`] tells them apart.
    freed: BinaryHeap<Reverse<(AttemptId, Gate)>>,
    /// When there will be room by time alone: a failure counts no longer.
    timers: BTreeSet<(Moment, Gate)>,
    waiting: usize,
}

/// Those who wait before one gate; there is somebody.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<AttemptId>,
    /// Whether there may be room now.
    is_freed: bool,
}

impl Line {
    fn first(&self) -> Option<AttemptId> {
        self.waiting.first().copied()
    }
}

impl Gates {
    pub(crate) fn line_up(&mut self, gate: Gate, attempt: AttemptId) {
        let line = self.lines.entry(gate).or_default();
        if let Gate::Peer(peer, group) = gate
            && line.waiting.is_empty()
        {
            self.of_peers.entry(peer).or_default().push(group);
        }
        if line.waiting.insert(attempt) {
            self.waiting = self.waiting.saturating_add(1);
        }
        if line.is_freed && line.first() == Some(attempt) {
            self.freed.push(Reverse((attempt, gate)));
        }
    }

    /// Whether somebody waits before a gate.
    pub(crate) fn has_line(&self, gate: &Gate) -> bool {
        self.lines.contains_key(gate)
    }

    /// It leaves the line, wherever it stands.
    pub(crate) fn leave(&mut self, gate: &Gate, attempt: AttemptId) {
        let Some(line) = self.lines.get_mut(gate) else { return };
        let was_first = line.first() == Some(attempt);
        if line.waiting.remove(&attempt) {
            self.waiting = self.waiting.saturating_sub(1);
        }
        match line.first() {
            Some(next) if line.is_freed && was_first => self.freed.push(Reverse((next, *gate))),
            Some(_) => {}
            None => {
                self.lines.remove(gate);
                self.forget_group(gate);
            }
        }
    }

    fn forget_group(&mut self, gate: &Gate) {
        let Gate::Peer(peer, group) = gate else { return };
        if let Some(groups) = self.of_peers.get_mut(peer) {
            groups.retain(|known| known != group);
            if groups.is_empty() {
                self.of_peers.remove(peer);
            }
        }
    }

    /// There may be a slot of this peer, for every group.
    pub(crate) fn free_peer(&mut self, peer: PeerKey) {
        for group in self.of_peers.get(&peer).into_iter().flatten() {
            let gate = Gate::Peer(peer, *group);
            free(&mut self.lines, &mut self.freed, gate);
        }
    }

    /// There may be room behind a gate.
    pub(crate) fn free(&mut self, gate: Gate) {
        free(&mut self.lines, &mut self.freed, gate);
    }

    /// There may be room then, if somebody waits still.
    pub(crate) fn free_at(&mut self, time: Moment, gate: Gate) {
        self.timers.insert((time, gate));
    }

    /// Time passed.
    pub(crate) fn pass(&mut self, now: Moment) {
        while let Some((due, _)) = self.timers.first()
            && *due <= now
            && let Some((_, gate)) = self.timers.pop_first()
        {
            self.free(gate);
        }
    }

    /// When there may be room for somebody, without anything else happening.
    pub(crate) fn next_time(&mut self) -> Option<Moment> {
        while let Some((due, gate)) = self.timers.first() {
            if self.lines.contains_key(gate) {
                return Some(*due);
            }
            self.timers.pop_first();
        }
        None
    }

    /// There is none, or what there is is taken.
    pub(crate) fn close(&mut self, gate: &Gate) {
        if let Some(line) = self.lines.get_mut(gate) {
            line.is_freed = false;
        }
    }

    /// Of those who are first in line where there may be room, the one who came first.
    pub(crate) fn next(&mut self) -> Option<(AttemptId, Gate)> {
        while let Some(Reverse((attempt, gate))) = self.freed.peek() {
            let line = self.lines.get(gate).filter(|line| line.is_freed);
            if line.and_then(Line::first) == Some(*attempt) {
                return Some((*attempt, *gate));
            }
            self.freed.pop();
        }
        None
    }

    /// How many wait.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }
}

fn free(
    lines: &mut IdMap<Gate, Line>,
    freed: &mut BinaryHeap<Reverse<(AttemptId, Gate)>>,
    gate: Gate,
) {
    if let Some(line) = lines.get_mut(&gate)
        && !line.is_freed
        && let Some(first) = line.first()
    {
        line.is_freed = true;
        freed.push(Reverse((first, gate)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_is_next_wherever_there_is_room() {
        let peer = PeerKey(7);
        let gate = Gate::Peer(peer, Group::default());
        let mut gates = Gates::default();
        gates.line_up(Gate::All, AttemptId(3));
        gates.line_up(Gate::All, AttemptId(2));
        gates.line_up(Gate::All, AttemptId(2));
        gates.line_up(gate, AttemptId(1));
        assert_eq!((gates.waiting(), gates.next()), (3, None));
        gates.free(Gate::All);
        assert_eq!(gates.next(), Some((AttemptId(2), Gate::All)));
        gates.free_peer(PeerKey(8));
        assert_eq!(gates.next(), Some((AttemptId(2), Gate::All)));
        gates.free_peer(peer);
        assert_eq!(gates.next(), Some((AttemptId(1), gate)));
        gates.leave(&gate, AttemptId(1));
        gates.leave(&gate, AttemptId(1));
        assert_eq!(gates.next(), Some((AttemptId(2), Gate::All)));
        gates.close(&Gate::All);
        assert_eq!((gates.waiting(), gates.next()), (2, None));
    }
}
