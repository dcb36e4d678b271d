//! What lies in pages that nothing leads to.

use std::collections::{HashMap, HashSet};

use peermark_identity::PeerId;
use peermark_peerstore::{ClockState, Engine as _, Secret};
use peermark_provenance::Source;
use redb_checked::{LeafShape, Scan};

use super::{HolesOf, MetaFrom, Recovered, Target};
use crate::batch::clock_in;
use crate::cores::on_all_cores;
use crate::error::Error;
use crate::listing::RUN;
use crate::row;
use crate::state::State;
use crate::tables::meta;
use crate::view::Found;

/// The largest page of rows: of a peer with as much as there can be.
const MAX_PAGE: usize = 1 << 20;

/// Versions of one row that are kept.
const VERSIONS: usize = 16;

/// What the store says of itself, where its tables do not.
pub(super) fn meta(scan: &Scan<'_>, found: Option<Found>, from: &mut MetaFrom) -> Found {
    let (mut secret, mut clock, mut next_id) = (None, None, None);
    let shape = LeafShape::of::<&str, &[u8]>();
    let read = scan.leaves(shape, MAX_PAGE, |pair| {
        // They have no checksum of their own.
        if !pair.is_sound {
            return;
        }
        match str::from_utf8(pair.key) {
            Ok(meta::SECRET) => secret = pair.value.try_into().ok().or(secret),
            // The latest one.
            Ok(meta::MOMENT) => {
                let now = |clock: &Option<ClockState>| clock.map(|clock| clock.at.now);
                let found = clock_in(pair.value);
                if now(&found) > now(&clock) {
                    clock = found;
                }
            }
            Ok(meta::NEXT_ID) => {
                let id = pair.value.try_into().ok().map(u64::from_le_bytes);
                next_id = id.max(next_id);
            }
            _ => {}
        }
    });
    if let Err(error) = read {
        tracing::warn!(%error, "the blocks cannot be scanned");
    }
    let secret = secret.map(Secret::from_bytes);
    let is_found = secret.is_some() && clock.is_some();
    let known = found.unwrap_or_else(|| Found::nothing(next_id));
    *from = if is_found { MetaFrom::Scan } else { MetaFrom::Nowhere };
    Found { secret: known.secret.or(secret), clock: known.clock.or(clock), ..known }
}

impl Target {
    /// Takes in rows of holes. Returns their ids.
    pub(super) fn take_loose(
        &self,
        scan: &Scan<'_>,
        holes: &HolesOf,
        recovered: &mut Recovered,
    ) -> Result<HashSet<u64>, Error> {
        let mut versions: HashMap<u64, Vec<Vec<u8>>> = HashMap::new();
        let shape = LeafShape::of::<u64, &[u8]>();
        let read = scan.leaves(shape, MAX_PAGE, |pair| {
            let Ok(id) = pair.key.try_into().map(u64::from_le_bytes) else { return };
            if !holes.has(id) || !row::is_sound(id, pair.value) {
                return;
            }
            let versions = versions.entry(id).or_default();
            if versions.len() < VERSIONS && !versions.iter().any(|known| known == pair.value) {
                versions.push(pair.value.to_vec());
            }
        });
        read.map_err(|error| Error::Io(error.into()))?;
        let rows: Vec<_> = versions
            .into_iter()
            .flat_map(|(id, rows)| rows.into_iter().map(move |row| (id, row)))
            .collect();
        let mut by_peer: HashMap<PeerId, Vec<State>> = HashMap::new();
        let read = |(id, row): &(u64, Vec<u8>)| State::verified(*id, row, self.reading).ok();
        for state in on_all_cores(&rows, read).into_iter().flatten() {
            if !holes.admits(&state, &self.reading.secret) {
                continue;
            }
            by_peer.entry(state.entry.peer_id()).or_default().push(state);
        }
        drop(rows);
        let mut ids = HashSet::new();
        let peers: Vec<_> = by_peer.into_iter().collect();
        for part in peers.chunks(RUN) {
            for (peer, states) in part {
                ids.extend(states.iter().map(|state| state.id));
                // What is live is as it was.
                if self.store.load(peer)?.is_none() && self.take(peer, states)? {
                    recovered.loose.push(*peer);
                }
            }
        }
        recovered.loose.sort_unstable();
        Ok(ids)
    }

    /// Takes in what was found of a peer: the best as it is, and the others joined to it.
    fn take(&self, peer: &PeerId, states: &[State]) -> Result<bool, Error> {
        let rank = |state: &State| {
            let floor = state.entry.floor_at(self.at, self.store.shared.limits());
            let accepted = state.entry.state(&self.store.shared.context(self.at)).accepted;
            // The age of the last delivery: the least is the latest.
            (floor.map(|floor| floor.seq), accepted.map(|it| std::cmp::Reverse(it.last)))
        };
        let mut states: Vec<_> =
            states.iter().map(|state| self.store.settled(state.clone())).collect();
        states.sort_by_cached_key(rank);
        let Some(best) = states.pop() else { return Ok(false) };
        let cx = self.store.shared.context(self.at);
        let others: Vec<_> = states.iter().map(|state| state.entry.state(&cx)).collect();
        if !self.write(|batch| batch.take_over(best))? {
            return Ok(false);
        }
        for other in others.into_iter().rev() {
            match other.verify() {
                Ok(join) => {
                    let join = join.trusting_times().keeping_sources();
                    let _ = self.store.update(peer, self.at, &join.by(&Source::MANUAL))?;
                }
                Err(error) => tracing::warn!(%peer, %error, "a version of a row is left out"),
            }
        }
        Ok(true)
    }
}
