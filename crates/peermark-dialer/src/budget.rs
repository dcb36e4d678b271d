//! How often a place is dialed in vain: the budgets that bound what one victim sees (C4).
//!
//! Budgets are counted in quarters of a silence. A place has
//! [`PEERS_PER_TARGET`](crate::PEERS_PER_TARGET) silences, so four times as many answers of somebody
//! else; a dial under way counts as a silence until it ends.

use multiaddr::PeerId;

use crate::moment::Moment;

/// What a silence counts: nobody answered, or not as a peer does.
pub(crate) const SILENCE: u32 = 4;
/// What the answer of another peer counts, and in a network a dial that was cancelled.
pub(crate) const QUARTER: u32 = 1;

/// How much of a place may be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// In quarters, for everybody together.
    whole: u32,
    /// In quarters, for those who have no claim to the reserve.
    common: u32,
    /// How many dials of one peer may end in vain.
    times: usize,
}

impl Budget {
    /// So many silences, of which a quarter is kept.
    pub(crate) fn of(silences: usize, times: usize) -> Self {
        let silences = u32::try_from(silences).unwrap_or(u32::MAX);
        let whole = silences.saturating_mul(SILENCE);
        Self { whole, common: whole.saturating_sub(whole / 4), times }
    }
}

/// Whether one more may be dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    Free,
    /// Not now: some that are under way have to end first.
    Busy,
    /// Not before a while: too many were in vain.
    Exhausted,
}

/// Who asks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who<'a> {
    /// The peer that is dialed.
    pub(crate) peer: &'a PeerId,
    /// Whether the reserve is for it: it was found there before, or the address is of the class user
    /// or dialed.
    pub(crate) is_known: bool,
}

/// One place.
#[derive(Debug, Default)]
pub(crate) struct Use {
    /// The dials under way, and whether the reserve is for them.
    running: Vec<(PeerId, bool)>,
    vain: Vec<Vain>,
}

/// The dials of one peer that were in vain.
#[derive(Debug)]
struct Vain {
    peer: PeerId,
    /// What the worst of them counts.
    quarters: u32,
    is_known: bool,
    /// Until when each counts, the oldest first.
    until: Vec<Moment>,
}

impl Vain {
    fn last(&self) -> Moment {
        self.until.last().copied().unwrap_or(Moment::ORIGIN)
    }
}

impl Use {
    fn forget(&mut self, now: Moment) {
        for vain in &mut self.vain {
            vain.until.retain(|until| *until > now);
        }
        self.vain.retain(|vain| !vain.until.is_empty());
    }

    /// Whether one more dial may begin. A peer's own failures do not count against it, but how often
    /// it may be dialed in vain is bounded too.
    pub(crate) fn room(&mut self, who: Who<'_>, budget: Budget, now: Moment) -> Room {
        self.forget(now);
        let own = self.vain.iter().find(|vain| vain.peer == *who.peer);
        let times = own.map_or(0, |vain| vain.until.len());
        let running = self.running.iter().filter(|(peer, _)| peer == who.peer).count();
        if times >= budget.times {
            return Room::Exhausted;
        }
        let (mut whole, mut common) = (0u32, 0u32);
        for vain in self.vain.iter().filter(|vain| vain.peer != *who.peer) {
            whole = whole.saturating_add(vain.quarters);
            if !vain.is_known {
                common = common.saturating_add(vain.quarters);
            }
        }
        let is_over = |whole: u32, common: u32| {
            whole >= budget.whole || !who.is_known && common >= budget.common
        };
        if is_over(whole, common) {
            return Room::Exhausted;
        }
        for (_, is_known) in &self.running {
            whole = whole.saturating_add(SILENCE);
            if !is_known {
                common = common.saturating_add(SILENCE);
            }
        }
        let is_busy = is_over(whole, common) || times.saturating_add(running) >= budget.times;
        if is_busy { Room::Busy } else { Room::Free }
    }

    pub(crate) fn begin(&mut self, who: Who<'_>) {
        self.running.push((*who.peer, who.is_known));
    }

    /// A dial ended and counts nothing. What the peer counted before is left as it is.
    pub(crate) fn end(&mut self, who: Who<'_>) {
        let is_it =
            |(peer, is_known): &(PeerId, bool)| peer == who.peer && *is_known == who.is_known;
        if let Some(place) = self.running.iter().position(is_it) {
            self.running.swap_remove(place);
        }
    }

    /// The peer is there: what it counted is given back.
    pub(crate) fn found(&mut self, peer: &PeerId) {
        self.vain.retain(|vain| vain.peer != *peer);
    }

    /// A dial was in vain, which counts so much until then.
    pub(crate) fn vain(&mut self, who: Who<'_>, quarters: u32, until: Moment, budget: Budget) {
        let known = self.vain.iter_mut().find(|vain| vain.peer == *who.peer);
        if let Some(vain) = known {
            vain.quarters = vain.quarters.max(quarters);
            vain.is_known &= who.is_known;
            vain.until.push(until);
            let extra = vain.until.len().saturating_sub(budget.times.max(1));
            vain.until.drain(..extra);
        } else {
            let (peer, is_known) = (*who.peer, who.is_known);
            self.vain.push(Vain { peer, quarters, is_known, until: vec![until] });
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.vain.is_empty()
    }

    /// When the next of what was in vain counts no longer.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.vain.iter().filter_map(|vain| vain.until.first()).min().copied()
    }

    /// When the last of it counts no longer.
    pub(crate) fn last(&self) -> Moment {
        self.vain.iter().map(Vain::last).max().unwrap_or(Moment::ORIGIN)
    }

    pub(crate) fn sweep(&mut self, now: Moment) {
        self.forget(now);
    }
}
