//! The map behind the engine, and the books on what it holds.

use std::collections::BTreeMap;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peerstore::{
    Before, Cause, Context, Defect, EXEMPT, Evicted, Limits, Need, PeerEntry, PeerView, Room,
    Shared, Swept, Usage,
};
use peermark_provenance::Timestamp;

/// What work on the table needs beside it.
pub(super) struct Around<'a> {
    pub(super) shared: &'a Shared,
    pub(super) cx: Context<'a>,
}

impl Around<'_> {
    pub(super) fn tell(&self, before: Before, after: &PeerEntry, cause: Cause) {
        before.tell(after, 0, cause, self.shared.hub(), self.shared.metrics());
    }

    /// What a victim is chosen by, beside its class.
    fn lot(&self, peer: &PeerId) -> u64 {
        self.shared.secret().hash(&peer.multihash_bytes())
    }
}

/// Entries with their versions. A floor alone is an entry that is empty.
#[derive(Debug, Default)]
pub(super) struct Table {
    cells: BTreeMap<PeerId, (u64, PeerEntry)>,
    versions: u64,
    books: Books,
}

impl Table {
    /// The entry of a peer, or a new one, and the version to commit against.
    pub(super) fn load(&self, peer: &PeerId) -> (u64, PeerEntry) {
        self.cells.get(peer).cloned().unwrap_or_else(|| (0, PeerEntry::new(*peer, None)))
    }

    /// The version; 0 where nothing is held. No two commits make the same.
    pub(super) fn version(&self, peer: &PeerId) -> u64 {
        self.cells.get(peer).map_or(0, |(version, _)| *version)
    }

    /// Those that are more than a floor.
    pub(super) fn entries(&self) -> impl Iterator<Item = &PeerEntry> {
        self.cells.values().map(|(_, entry)| entry).filter(|entry| !entry.is_empty())
    }

    fn put(&mut self, peer: &PeerId, entry: Option<PeerEntry>) {
        self.versions += 1;
        let before = match entry {
            Some(entry) => {
                self.books.post(&entry, 1);
                self.cells.insert(*peer, (self.versions, entry))
            }
            None => self.cells.remove(peer),
        };
        if let Some((_, before)) = before {
            self.books.post(&before, -1);
        }
    }

    /// Stores what came of an update: of an empty entry its floor, if that counts and has room.
    pub(super) fn store(&mut self, peer: &PeerId, entry: PeerEntry, around: &Around<'_>) {
        if !entry.is_empty() {
            let owner = owner(&entry);
            self.put(peer, Some(entry));
            self.hold_to_share(owner, around);
            return;
        }
        self.put(peer, None);
        let floor = entry.floor().filter(|floor| floor.until > around.cx.floor_now);
        let kept = floor.filter(|floor| self.make_room_for_floor(floor.group, around));
        match kept {
            Some(floor) => self.put(peer, Some(PeerEntry::new(*peer, Some(floor)))),
            None => around.shared.evidence().forget(peer),
        }
    }

    /// Makes room by evicting what is over, and then what is no better.
    pub(super) fn make_room(
        &mut self,
        peer: &PeerId,
        need: &Need,
        is_new: bool,
        around: &Around<'_>,
    ) -> Result<(), Room> {
        while let Some(room) = self.books.lacks(need, is_new, around.cx.limits) {
            let over = self.over(around).find(|over| over != peer);
            if let Some(over) = over {
                self.settle(&over, around);
                continue;
            }
            let fits = |entry: &PeerEntry| match room {
                Room::Share => owner(entry) == need.group,
                Room::Records => entry.has_record(),
                _ => true,
            };
            let victim = self.worst(around, |other, entry| {
                other != peer && entry.class() <= Some(need.class) && fits(entry)
            });
            match victim {
                Some(victim) => self.evict(&victim, around),
                None => return Err(room),
            }
        }
        Ok(())
    }

    /// The entry of the lowest class; among equals the secret decides.
    fn worst(
        &self,
        around: &Around<'_>,
        may_go: impl Fn(&PeerId, &PeerEntry) -> bool,
    ) -> Option<PeerId> {
        let entries = self.cells.iter().filter(|(_, (_, entry))| !entry.is_empty());
        let may_go = entries.filter(|(peer, (_, entry))| may_go(peer, entry));
        let ranked = may_go.map(|(peer, (_, entry))| ((entry.class(), around.lot(peer)), *peer));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, peer)| peer)
    }

    fn evict(&mut self, peer: &PeerId, around: &Around<'_>) {
        let (_, entry) = self.load(peer);
        let rest = PeerEntry::new(*peer, entry.floor());
        around.tell(Before::of(&entry), &rest, Cause::Eviction);
        around.shared.metrics().evicted(Evicted::Peer);
        self.store(peer, rest, around);
    }

    /// Who is no longer dialed is charged again, and its group may hold too much.
    fn hold_to_share(&mut self, group: u16, around: &Around<'_>) {
        while self.books.is_over(group, around.cx.limits) {
            match self.worst(around, |_, entry| owner(entry) == group) {
                Some(victim) => self.evict(&victim, around),
                None => break,
            }
        }
    }

    /// Whether one more floor of this group has room, after others went.
    fn make_room_for_floor(&mut self, group: u16, around: &Around<'_>) -> bool {
        let limits = around.cx.limits;
        loop {
            let of_group = self.books.group(group).floors;
            let own = group != EXEMPT && of_group >= limits.share_of(count(limits.floors));
            if !own && self.books.total.floors < count(limits.floors) {
                return true;
            }
            let floors = self.cells.iter().filter_map(|(peer, (_, entry))| {
                let floor = entry.floor().filter(|_| entry.is_empty())?;
                (!own || floor.group == group).then(|| (around.lot(peer), *peer))
            });
            let victim = floors.min();
            around.shared.metrics().evicted(Evicted::Floor);
            let Some((_, victim)) = victim else { return false };
            self.put(&victim, None);
            around.shared.evidence().forget(&victim);
        }
    }

    /// Lets go of what is over, of no more than `budget` peers.
    pub(super) fn sweep(&mut self, budget: usize, around: &Around<'_>) -> Swept {
        let mut swept = Swept::default();
        let mut over: Vec<_> = self.over(around).take(budget.saturating_add(1)).collect();
        swept.more = over.len() > budget;
        over.truncate(budget);
        for peer in over {
            let (before, after) = self.settle(&peer, around);
            let addresses = |entry| PeerView::new(entry, Timestamp::EPOCH).addresses().count();
            let (held, kept) = (addresses(&before), addresses(&after));
            swept.addresses += held.saturating_sub(kept);
            swept.records += usize::from(before.has_record() && !after.has_record());
            swept.peers += usize::from(!before.is_empty() && after.is_empty());
            swept.floors += usize::from(before.is_empty());
        }
        swept
    }

    /// The peers of which something is over.
    fn over(&self, around: &Around<'_>) -> impl Iterator<Item = PeerId> {
        let (now, floor_now) = (around.cx.now, around.cx.floor_now);
        let is_over = move |entry: &PeerEntry| {
            if entry.is_empty() {
                entry.floor().is_none_or(|floor| floor.until <= floor_now)
            } else {
                entry.due().is_some_and(|due| due <= now)
            }
        };
        self.cells.iter().filter(move |(_, (_, entry))| is_over(entry)).map(|(peer, _)| *peer)
    }

    fn settle(&mut self, peer: &PeerId, around: &Around<'_>) -> (PeerEntry, PeerEntry) {
        let (_, before) = self.load(peer);
        let mut after = before.clone();
        after.settle(&around.cx);
        around.tell(Before::of(&before), &after, Cause::Expiry);
        self.store(peer, after.clone(), around);
        (before, after)
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.entries().filter_map(PeerEntry::due).min()
    }

    pub(super) fn usage(&self) -> Usage {
        self.books.usage()
    }

    pub(super) fn check(&self, shared: &Shared) -> Result<(), Defect> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(Defect::new(what)) };
        let limits = shared.limits();
        let mut books = Books::default();
        for (peer, (_, entry)) in &self.cells {
            entry.check(limits)?;
            ensure(entry.peer_id() == *peer, "an entry under another peer")?;
            ensure(!entry.is_empty() || entry.floor().is_some(), "an entry with nothing in it")?;
            books.post(entry, 1);
        }
        ensure(books == self.books, "the books say something else than there is")?;
        let groups = || (0..EXEMPT).filter(|group| books.groups.contains_key(group));
        ensure(!groups().any(|group| books.is_over(group, limits)), "more than a share")?;
        ensure(books.is_within(limits), "more than the limits")?;
        ensure(shared.evidence().len() <= limits.evidence, "more evidence than the limit")
    }
}

/// The group that an entry itself is charged to.
fn owner(entry: &PeerEntry) -> u16 {
    entry.charges().next().map_or(EXEMPT, |charge| charge.group)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// What is held, in total and by group.
#[derive(Debug, Default, PartialEq)]
struct Books {
    total: Sums,
    groups: BTreeMap<u16, Sums>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    peers: u64,
    records: u64,
    bytes: u64,
    floors: u64,
}

impl Books {
    /// Adds an entry, or takes it off.
    fn post(&mut self, entry: &PeerEntry, sign: i64) {
        let mut post = |group: u16, of: fn(&mut Sums) -> &mut u64, amount: u64| {
            let groups = self.groups.entry(group).or_default();
            for sums in [&mut self.total, groups] {
                let sum = of(sums);
                *sum = if sign > 0 { *sum + amount } else { *sum - amount };
            }
            if *groups == Sums::default() {
                self.groups.remove(&group);
            }
        };
        if entry.is_empty() {
            post(entry.floor().map_or(EXEMPT, |floor| floor.group), |sums| &mut sums.floors, 1);
            return;
        }
        post(owner(entry), |sums| &mut sums.peers, 1);
        post(owner(entry), |sums| &mut sums.records, entry.has_record().into());
        for charge in entry.charges() {
            post(charge.group, |sums| &mut sums.bytes, charge.bytes);
        }
    }

    fn group(&self, group: u16) -> Sums {
        self.groups.get(&group).copied().unwrap_or_default()
    }

    fn lacks(&self, need: &Need, is_new: bool, limits: &Limits) -> Option<Room> {
        let fixed = if is_new { count(PeerEntry::OVERHEAD_WITH_MORE) } else { 0 };
        let (peers, bytes) = (u64::from(is_new), need.bytes + fixed);
        let group = self.group(need.group);
        let of_peers = is_new && group.peers + peers > limits.share_of(count(limits.peers));
        let of_bytes = group.bytes + bytes > limits.share_of(limits.bytes);
        if need.group != EXEMPT && (of_peers || of_bytes) {
            Some(Room::Share)
        } else if self.total.peers + peers > count(limits.peers) {
            Some(Room::Peers)
        } else if need.record && self.total.records + 1 > count(limits.records) {
            Some(Room::Records)
        } else if self.total.bytes + bytes > limits.bytes {
            Some(Room::Bytes)
        } else {
            None
        }
    }

    fn is_over(&self, group: u16, limits: &Limits) -> bool {
        let sums = self.group(group);
        let peers = sums.peers > limits.share_of(count(limits.peers));
        group != EXEMPT && (peers || sums.bytes > limits.share_of(limits.bytes))
    }

    fn is_within(&self, limits: &Limits) -> bool {
        let Sums { peers, records, bytes, floors } = self.total;
        peers <= count(limits.peers)
            && records <= count(limits.records)
            && bytes <= limits.bytes
            && floors <= count(limits.floors)
    }

    fn usage(&self) -> Usage {
        let small = |n| usize::try_from(n).unwrap_or(usize::MAX);
        let mut usage = Usage::default();
        usage.peers = small(self.total.peers);
        usage.records = small(self.total.records);
        usage.bytes = self.total.bytes;
        usage.floors = small(self.total.floors);
        usage
    }
}
