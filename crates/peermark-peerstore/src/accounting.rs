//! What is held, in total and by group, and what there is room for: limits and shares (S11).
//!
//! Every engine asks here. Counted with atomics, so that an engine may have several parts with a lock
//! each; near a limit, those that add take turns, so that no limit is exceeded by two that each saw
//! room for one.
//!
//! A store may hold more than its limits, because it was opened with lower ones. Then nothing goes at
//! once: an arrival evicts as much as it needs itself.

mod above;
mod cost;
mod counters;

use crate::context::{EXEMPT, GROUPS, kind_groups, kind_of};
use crate::entry::FloorRank;
use crate::limits::Limits;
use crate::metrics::Sample;
use crate::outcome::Room;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::transition::Need;

pub use above::Above;
pub use cost::Cost;
use cost::Own;
pub(crate) use cost::{Freed, Line};
use counters::{Counters, Step};

/// How far from a limit taking turns begins: more than there are threads that add at one time.
const MARGIN: u64 = 64;

/// What an engine holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Peers with an address, or connected; some of it may have ended and not been swept.
    pub peers: usize,
    /// Records.
    pub records: usize,
    /// Bytes, by the store's own cost model.
    pub bytes: u64,
    /// Floors of peers of which nothing else is held.
    pub floors: usize,
    /// Peers whose contradiction is kept with both records.
    pub evidence: usize,
}

impl Usage {
    /// Returns the numbers as gauges.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let Self { peers, records, bytes, floors, evidence } = *self;
        vec![
            Sample::gauge("peers", "Peers with an address, or connected.", count(peers)),
            Sample::gauge("records", "Certified records that are held.", count(records)),
            Sample::gauge("bytes", "Bytes that are charged to peers.", bytes),
            Sample::gauge("floors", "Replay floors of peers with nothing else.", count(floors)),
            Sample::gauge("evidence", "Contradictions kept with both records.", count(evidence)),
        ]
    }
}

/// Numbers of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "engines store it field by field")]
pub struct Sums {
    /// Entries.
    pub peers: u64,
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
    /// Floors of which nothing else is held.
    pub floors: u64,
    /// Contradictions that are kept with both records.
    pub evidence: u64,
}

/// The accounts of one engine.
#[derive(Debug)]
pub struct Ledger {
    total: Counters,
    groups: Box<[Counters]>,
    /// What no budget is charged with.
    exempt: Counters,
    turn: Mutex<()>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            total: Counters::default(),
            groups: (0..GROUPS).map(|_| Counters::default()).collect(),
            exempt: Counters::default(),
            turn: Mutex::new(()),
        }
    }
}

/// Whose turn it is to add near a limit, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a>(#[expect(dead_code, reason = "held, not read")] Option<MutexGuard<'a, ()>>);

/// What there is no room in, and where room could come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) room: Room,
    pub(crate) among: Among,
}

/// Among which entries a victim is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "engines look in each")]
pub enum Among {
    /// All.
    All,
    /// Those that are charged to this group.
    Group(u16),
    /// Those that are charged to the group of a kind, exempt kinds aside.
    Kinds,
}

impl Among {
    /// Whether what is charged to this group is among them.
    #[must_use]
    pub fn has(self, group: u16, limits: &Limits) -> bool {
        match self {
            Self::All => true,
            Self::Group(own) => group == own,
            Self::Kinds => kind_of(group).is_some_and(|kind| !limits.exempt.contains(kind)),
        }
    }
}

impl Ledger {
    /// Charges what an entry or a floor costs.
    pub fn charge(&self, cost: &Cost) {
        self.post(cost, Step::Add);
    }

    /// Takes back what was charged.
    pub fn release(&self, cost: &Cost) {
        self.post(cost, Step::Subtract);
    }

    fn post(&self, cost: &Cost, step: Step) {
        if let Some(Own { group, sums }) = &cost.own {
            self.total.post(sums, step);
            self.of(*group).post(sums, step);
        }
        for line in &cost.beside {
            self.total.post_bytes(line.bytes, step);
            self.of(line.group).post_bytes(line.bytes, step);
        }
    }

    /// Charges what a group holds that was stored: for engines that open a file.
    pub fn load(&self, group: u16, sums: &Sums) {
        self.total.post(sums, Step::Add);
        self.of(group).post(sums, Step::Add);
    }

    /// What one group holds; of [`EXEMPT`], what no budget is charged with.
    #[must_use]
    pub fn of_group(&self, group: u16) -> Sums {
        self.of(group).sums()
    }

    /// What is held.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let small = |count| usize::try_from(count).unwrap_or(usize::MAX);
        Usage {
            peers: small(self.total.peers()),
            records: small(self.total.records()),
            bytes: self.total.bytes(),
            floors: small(self.total.floors()),
            evidence: small(self.total.evidence()),
        }
    }

    fn of(&self, group: u16) -> &Counters {
        self.groups.get(usize::from(group)).unwrap_or(&self.exempt)
    }

    /// Whether this need is more than a whole limit or share, so that nobody need go for it.
    pub(crate) fn never_fits(need: &Need, new: Option<u64>, limits: &Limits) -> bool {
        let bytes = need.bytes.saturating_add(new.unwrap_or(0));
        let is_more = |share: crate::limits::Share| bytes > share.of(limits.bytes);
        let is_of_kind = kind_of(need.group).is_some_and(|kind| !limits.exempt.contains(kind));
        bytes > limits.bytes
            || (new.is_some() && limits.peers == 0)
            || (need.record && limits.records == 0)
            || share_of(need.group, limits).is_some_and(is_more)
            || (is_of_kind && is_more(limits.kinds_share))
    }

    /// What there is no room in for this need, when what was `freed` for it goes; of a `new` entry, with
    /// what that costs before anything is added.
    pub(crate) fn lacks(
        &self,
        need: &Need,
        new: Option<u64>,
        freed: &Freed,
        limits: &Limits,
    ) -> Option<Lack> {
        let peers = u64::from(new.is_some());
        let bytes = need.bytes.saturating_add(new.unwrap_or(0));
        // Above a limit already, an arrival has to free what it needs, and no more.
        let lacks = |held: u64, more: u64, limit: u64, freed: &dyn Fn() -> u64| {
            more > 0 && held.saturating_add(more) > limit && {
                let freed = freed();
                freed < more && held.saturating_sub(freed).saturating_add(more) > limit
            }
        };
        let share = |among: Among, counters: &[&Counters], share: &dyn Fn(u64) -> u64| {
            let sum = |of: fn(&Counters) -> u64| {
                counters.iter().map(|counters| of(counters)).fold(0, u64::saturating_add)
            };
            let of_peers = lacks(sum(Counters::peers), peers, share(count(limits.peers)), &|| {
                freed.peers(among, limits)
            });
            let of_bytes = lacks(sum(Counters::bytes), bytes, share(limits.bytes), &|| {
                freed.bytes(among, limits)
            });
            (of_peers || of_bytes).then_some(Lack { room: Room::Share, among })
        };
        if let Some(part) = share_of(need.group, limits) {
            let among = Among::Group(need.group);
            let lack = share(among, &[self.of(need.group)], &|total| part.of(total));
            if lack.is_some() {
                return lack;
            }
            if kind_of(need.group).is_some() && self.is_beyond_kinds(peers, bytes, limits) {
                let kinds: Vec<_> = kind_groups()
                    .filter(|group| Among::Kinds.has(*group, limits))
                    .map(|group| self.of(group))
                    .collect();
                let lack = share(Among::Kinds, &kinds, &|total| limits.kinds_share.of(total));
                if lack.is_some() {
                    return lack;
                }
            }
        }
        let is_exempt_kind = share_of(need.group, limits).is_none() && need.group != EXEMPT;
        let among = if is_exempt_kind { Among::Group(need.group) } else { Among::All };
        let total = &self.total;
        let room = if lacks(total.peers(), peers, count(limits.peers), &|| {
            freed.peers(Among::All, limits)
        }) {
            Room::Peers
        } else if lacks(total.records(), u64::from(need.record), count(limits.records), &|| {
            freed.records()
        }) {
            Room::Records
        } else if lacks(total.bytes(), bytes, limits.bytes, &|| freed.bytes(Among::All, limits)) {
            Room::Bytes
        } else {
            return None;
        };
        Some(Lack { room, among })
    }

    /// Whether the kinds together could be beyond their share: what all hold tells, where there is
    /// little.
    fn is_beyond_kinds(&self, peers: u64, bytes: u64, limits: &Limits) -> bool {
        let share = limits.kinds_share;
        self.total.peers().saturating_add(peers) > share.of(count(limits.peers))
            || self.total.bytes().saturating_add(bytes) > share.of(limits.bytes)
    }

    /// Waits for the turn, where this need comes near a limit; `None` where it does not, and there
    /// is room.
    pub(crate) fn turn(&self, need: &Need, new: Option<u64>, limits: &Limits) -> Option<Turn<'_>> {
        let near = |held: u64, more: u64, limit: u64| {
            held.saturating_add(more.saturating_mul(MARGIN)) > limit
        };
        let bytes = need.bytes.saturating_add(new.unwrap_or(0));
        let total = near(self.total.peers(), 1, count(limits.peers))
            || near(self.total.records(), 1, count(limits.records))
            || near(self.total.bytes(), bytes, limits.bytes);
        let of_share = || {
            let Some(share) = share_of(need.group, limits) else { return false };
            let near = |counters: &Counters, share: crate::limits::Share| {
                let exceeds = |held: u64, more: u64, limit: u64| {
                    share.is_exceeded(limit, held.saturating_add(more.saturating_mul(MARGIN)))
                };
                exceeds(counters.peers(), 1, count(limits.peers))
                    || exceeds(counters.bytes(), bytes, limits.bytes)
            };
            near(self.of(need.group), share)
                || (kind_of(need.group).is_some() && near(&self.total, limits.kinds_share))
        };
        (total || of_share()).then(|| Turn(Some(lock(&self.turn))))
    }

    /// Among which floors one has to go for one more of this group; `None` where there is room.
    pub(crate) fn floor_lacks(&self, group: u16, limits: &Limits) -> Option<Among> {
        let held = self.of(group).floors();
        let share = share_of(group, limits).map(|share| share.of(count(limits.floors)));
        if share.is_some_and(|share| held >= share) {
            Some(Among::Group(group))
        } else if self.total.floors() >= count(limits.floors) {
            Some(Among::All)
        } else {
            None
        }
    }

    /// Whether there is room for one more contradiction of this group.
    pub(crate) fn has_room_for_evidence(&self, group: u16, limits: &Limits) -> bool {
        let limit = count(limits.evidence);
        let share = share_of(group, limits).map_or(limit, |share| share.of(limit).min(limit));
        self.of(group).evidence() < share && self.total.evidence() < limit
    }

    /// Whether a group holds more than its share: it may when peers that were dialed no longer are.
    pub(crate) fn is_over_share(&self, group: u16, limits: &Limits) -> bool {
        let of = self.of(group);
        share_of(group, limits).is_some_and(|share| {
            of.peers() > share.of(count(limits.peers)) || of.bytes() > share.of(limits.bytes)
        })
    }

    /// Whether it says the same as `other`.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        let groups = (0..GROUPS).chain([EXEMPT]);
        self.total.sums() == other.total.sums()
            && groups.into_iter().all(|group| self.of_group(group) == other.of_group(group))
    }

    /// Whether all of it is within the limits. A store that was opened with lower ones is not.
    #[must_use]
    pub fn is_within(&self, limits: &Limits) -> bool {
        let Sums { peers, records, bytes, floors, evidence } = self.total.sums();
        peers <= count(limits.peers)
            && records <= count(limits.records)
            && bytes <= limits.bytes
            && floors <= count(limits.floors)
            && evidence <= count(limits.evidence)
            && (0..GROUPS).all(|group| !self.is_over_share(group, limits))
    }
}

/// The share of a group; `None` for what has none.
fn share_of(group: u16, limits: &Limits) -> Option<crate::limits::Share> {
    if group == EXEMPT {
        return None;
    }
    match kind_of(group) {
        None => Some(limits.share),
        Some(kind) => (!limits.exempt.contains(kind)).then_some(limits.kind_share),
    }
}

/// What a newcomer of this rank may displace among floors: as low a rank or a lower one; of the
/// lowest rank, nothing (S3).
pub(crate) fn may_displace(newcomer: FloorRank, other: FloorRank) -> bool {
    newcomer != FloorRank::Lowest && other <= newcomer
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
