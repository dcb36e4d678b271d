//! What an engine shows of what it stores, while it holds it for one update.

use peermark_provenance::TrustClass;

use crate::accounting::{Among, may_displace};
use crate::entry::{FloorRank, PeerEntry, Remnant};
use crate::event::Event;
use crate::metrics::Evicted;

/// The entries of an engine, held for one update of one peer.
///
/// A peer is in one of two places at most: it has an entry with something in it, or a [`Remnant`].
pub trait Entries {
    /// Why an entry could not be read or stored.
    type Error;
    /// What names an entry while it is held.
    type Key: Copy + PartialEq;

    /// The entry of the peer of this update.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails, as all methods do.
    fn find(&mut self) -> Result<Option<Self::Key>, Self::Error>;

    /// What is left of the peer of this update, where it has no entry.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn remnant(&mut self) -> Result<Option<Remnant>, Self::Error>;

    /// Shows an entry to `read`.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn read<R>(
        &mut self,
        key: Self::Key,
        read: impl FnOnce(&PeerEntry) -> R,
    ) -> Result<R, Self::Error>;

    /// Changes an entry where it is, and files it anew under what it is found by.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn change<R>(
        &mut self,
        key: Self::Key,
        change: impl FnOnce(&mut PeerEntry) -> R,
    ) -> Result<R, Self::Error>;

    /// A new entry of the peer of this update, with what was left of it. It is not stored until
    /// [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn begin(&mut self, rest: Option<Remnant>) -> Result<Self::Key, Self::Error>;

    /// The entry that was begun.
    fn begun(&mut self, key: Self::Key) -> Option<&mut PeerEntry>;

    /// Stores the entry that was begun.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn insert(&mut self, key: Self::Key) -> Result<(), Self::Error>;

    /// Drops the entry that was begun.
    fn give_back(&mut self, key: Self::Key);

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn remove(&mut self, key: Self::Key) -> Result<(), Self::Error>;

    /// Stores what is left of a peer that has no entry.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn keep(&mut self, rest: Remnant) -> Result<(), Self::Error>;

    /// Removes what is left of the peer of this update, and returns it.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn take_remnant(&mut self) -> Result<Option<Remnant>, Self::Error>;

    /// Removes the first to go of what is left of peers, and returns it: of those that `choice` admits
    /// the lowest rank, and in it what the secret chooses.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn evict_remnant(&mut self, choice: &FloorChoice<'_>) -> Result<Option<Remnant>, Self::Error>;

    /// The first to go of the entries that `choice` admits: of the lowest class, and in it what the
    /// secret chooses.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn victim(&mut self, choice: &Choice<'_, Self::Key>) -> Result<Option<Self::Key>, Self::Error>;

    /// An entry of which something may have ended, to be looked at; not the one of this update.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    fn ended(&mut self, except: Option<Self::Key>) -> Result<Option<Self::Key>, Self::Error>;

    /// Whether subscribers want to know what happens to the peer of this entry.
    fn is_followed(&self, key: Self::Key) -> bool;

    /// Tells subscribers.
    fn tell(&mut self, events: Vec<Event>);

    /// Counts that something had to go.
    fn count_evicted(&mut self, what: Evicted);
}

/// Which entries may go.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Choice<'a, K> {
    /// Where they are charged.
    pub among: Among,
    /// Whether they have a record.
    pub with_record: bool,
    /// They are of no higher class.
    pub up_to: TrustClass,
    /// None of these: the one that room is made for, and those that are chosen already.
    pub except: &'a [K],
    /// The limits.
    pub limits: &'a crate::Limits,
}

/// Which remnants may go.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FloorChoice<'a> {
    /// Where they are charged.
    pub among: Among,
    /// The rank of the one that takes the place.
    pub newcomer: FloorRank,
    /// The limits.
    pub limits: &'a crate::Limits,
}

impl FloorChoice<'_> {
    /// Whether one of this rank and group may go.
    #[must_use]
    pub fn admits(&self, rank: FloorRank, group: u16) -> bool {
        may_displace(self.newcomer, rank) && self.among.has(group, self.limits)
    }
}
