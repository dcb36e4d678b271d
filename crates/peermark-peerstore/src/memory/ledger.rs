//! Who holds how much: totals, and a budget for each group of sources (S11).
//!
//! Counted with atomics, across all shards. Near a cap, those who add take turns, so that no cap is
//! exceeded by two who each saw room for one.

use crate::context::GROUPS;
use crate::engine::Usage;
use crate::entry::{Charge, EXEMPT, PeerEntry};
use crate::limits::Limits;
use crate::outcome::Room;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, lock};
use crate::transition::Need;

/// How far from a cap taking turns begins: more than there are threads that add at one time.
const MARGIN: u64 = 64;

/// The books of one engine.
#[derive(Debug)]
pub(super) struct Ledger {
    peers: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    floors: AtomicU64,
    groups: Box<[Group]>,
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Group {
    peers: AtomicU64,
    bytes: AtomicU64,
    floors: AtomicU64,
}

/// What one entry is charged with.
#[derive(Debug, Default)]
pub(super) struct Bill {
    record: bool,
    own: Option<Charge>,
    others: Vec<Charge>,
}

impl Bill {
    pub(super) fn of(entry: &PeerEntry) -> Self {
        let (record, own) = (entry.has_record(), Some(entry.own_charge()));
        let has_others = entry.extra.is_some();
        let others = if has_others { entry.charges().skip(1).collect() } else { Vec::new() };
        Self { record, own, others }
    }

    /// The group that the entry itself is charged to.
    pub(super) fn owner(&self) -> u16 {
        self.own.map_or(EXEMPT, |charge| charge.group)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            peers: AtomicU64::new(0),
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            floors: AtomicU64::new(0),
            groups: (0..GROUPS).map(|_| Group::default()).collect(),
            turn: Mutex::new(()),
        }
    }
}

impl Ledger {
    /// Charges for an entry.
    pub(super) fn charge(&self, bill: &Bill) {
        self.post(bill, add);
    }

    /// Takes back what was charged for it.
    pub(super) fn release(&self, bill: &Bill) {
        self.post(bill, sub);
    }

    fn post(&self, bill: &Bill, post: fn(&AtomicU64, u64)) {
        let Some(own) = bill.own else {
            return;
        };
        post(&self.peers, 1);
        if bill.record {
            post(&self.records, 1);
        }
        if let Some(group) = self.group(own.group) {
            post(&group.peers, 1);
        }
        for charge in bill.others.iter().chain([&own]) {
            post(&self.bytes, charge.bytes);
            if let Some(group) = self.group(charge.group) {
                post(&group.bytes, charge.bytes);
            }
        }
    }

    pub(super) fn charge_floor(&self, group: u16) {
        add(&self.floors, 1);
        if let Some(group) = self.group(group) {
            add(&group.floors, 1);
        }
    }

    pub(super) fn release_floor(&self, group: u16) {
        sub(&self.floors, 1);
        if let Some(group) = self.group(group) {
            sub(&group.floors, 1);
        }
    }

    /// What there is no room in for this need, and whether the group is to blame.
    pub(super) fn lacks(&self, need: &Need, is_new: bool, limits: &Limits) -> Option<Room> {
        let peers = u64::from(is_new);
        let bytes = bytes_of(need, is_new);
        if let Some(group) = self.group(need.group) {
            let share = |total| limits.share_of(total);
            if is_new && get(&group.peers).saturating_add(1) > share(count(limits.peers))
                || get(&group.bytes).saturating_add(bytes) > share(limits.bytes)
            {
                return Some(Room::Share);
            }
        }
        if get(&self.peers).saturating_add(peers) > count(limits.peers) {
            Some(Room::Peers)
        } else if need.record && get(&self.records).saturating_add(1) > count(limits.records) {
            Some(Room::Records)
        } else if get(&self.bytes).saturating_add(bytes) > limits.bytes {
            Some(Room::Bytes)
        } else {
            None
        }
    }

    /// Whose turn it is, where this need comes near a cap.
    pub(super) fn turn(
        &self,
        need: &Need,
        is_new: bool,
        limits: &Limits,
    ) -> Option<MutexGuard<'_, ()>> {
        let near = |counter: &AtomicU64, more: u64, cap: u64| {
            get(counter).saturating_add(more.saturating_mul(MARGIN)) > cap
        };
        let bytes = bytes_of(need, is_new);
        let group = self.group(need.group).is_some_and(|group| {
            near(&group.peers, 1, limits.share_of(count(limits.peers)))
                || near(&group.bytes, bytes, limits.share_of(limits.bytes))
        });
        let total = near(&self.peers, 1, count(limits.peers))
            || near(&self.records, 1, count(limits.records))
            || near(&self.bytes, bytes, limits.bytes);
        (group || total).then(|| lock(&self.turn))
    }

    /// Whether a group holds more than its share: it may when peers that were dialed no longer
    /// are.
    pub(super) fn is_over(&self, group: u16, limits: &Limits) -> bool {
        self.group(group).is_some_and(|group| {
            get(&group.peers) > limits.share_of(count(limits.peers))
                || get(&group.bytes) > limits.share_of(limits.bytes)
        })
    }

    /// Whether one more floor of this group has room: `Err` says whether only its own group's
    /// floors can make some.
    pub(super) fn floor_fits(&self, group: u16, limits: &Limits) -> Result<(), bool> {
        let share = limits.share_of(count(limits.floors));
        if self.group(group).is_some_and(|group| get(&group.floors) >= share) {
            Err(true)
        } else if get(&self.floors) >= count(limits.floors) {
            Err(false)
        } else {
            Ok(())
        }
    }

    pub(super) fn usage(&self) -> Usage {
        let small = |counter| usize::try_from(get(counter)).unwrap_or(usize::MAX);
        Usage {
            peers: small(&self.peers),
            records: small(&self.records),
            bytes: get(&self.bytes),
            floors: small(&self.floors),
        }
    }

    /// What one group holds: peers, bytes, floors.
    pub(super) fn of_group(&self, group: u16) -> (u64, u64, u64) {
        self.group(group)
            .map_or((0, 0, 0), |group| (get(&group.peers), get(&group.bytes), get(&group.floors)))
    }

    fn group(&self, group: u16) -> Option<&Group> {
        self.groups.get(usize::from(group))
    }
}

fn bytes_of(need: &Need, is_new: bool) -> u64 {
    let fixed = if is_new { count(PeerEntry::OVERHEAD_WITH_MORE) } else { 0 };
    need.bytes.saturating_add(fixed)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Acquire)
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::AcqRel);
}

fn sub(counter: &AtomicU64, n: u64) {
    counter.fetch_sub(n, Ordering::AcqRel);
}
