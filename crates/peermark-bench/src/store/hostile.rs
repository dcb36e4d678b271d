//! What a store takes of the allocator beside what it charges, for peers that are made to cost memory.

use std::time::Duration;

use libp2p_core::multiaddr::Protocol;
use peermark::Multiaddr;
use peermark::identity::{Keypair, PeerId};
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord, Seq};
use peermark_peerstore::{Peerstore, Usage};
use peermark_provenance::{Source, Timestamp};

use super::contenders::{LONG, NOW, our_store};
use super::peers::{SEQ, record};
use crate::harness::live_bytes;
use crate::nodes::{addresses, secret};

/// Addresses of a peer that go, of which one stays.
const ADDRESSES: usize = 64;
/// How long those live that go.
const SHORT: Duration = Duration::from_secs(1);
/// When they are gone.
const LATER: Timestamp = Timestamp::from_secs(1_795_000_002);

/// How many peers do it, in a store of so many: a few are enough, and some of them are large.
pub(super) fn count(peers: usize) -> usize {
    peers.clamp(64, 6_400)
}

/// Something that somebody may do to a store, with so many peers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attack {
    /// Many addresses of each peer, of which one lives on.
    ShortLived,
    /// Many reporters of one address, of which one lives on.
    ShortLivedClaims,
    /// Addresses of 512 bytes.
    LongAddresses,
    /// Addresses that are removed again, one by one.
    Removed,
    /// Two contents of one sequence number.
    Contradictions,
    /// Of sixty-four peers, one stays.
    Few,
}

impl Attack {
    pub(super) const ALL: [Self; 6] = [
        Self::ShortLived,
        Self::ShortLivedClaims,
        Self::LongAddresses,
        Self::Removed,
        Self::Contradictions,
        Self::Few,
    ];

    /// As a case is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ShortLived => "short-lived",
            Self::ShortLivedClaims => "short-lived-claims",
            Self::LongAddresses => "long-addresses",
            Self::Removed => "removed",
            Self::Contradictions => "contradictions",
            Self::Few => "few-of-many",
        }
    }

    /// Live bytes of the allocator, those of an empty store aside, and what the store charges: for each
    /// peer that is left.
    pub(super) fn run(self, peers: usize) -> (f64, f64) {
        let (empty, base) = live_bytes(|| our_store(peers));
        drop(empty);
        // What others make, the store does not pay for.
        let records: Vec<_> = (0..peers).filter_map(|n| record(n, SEQ).ok()).collect();
        let (store, live) = live_bytes(|| {
            let store = our_store(peers);
            for (n, record) in records.iter().enumerate() {
                self.one(&store, n, record);
            }
            while store.sweep(LATER, usize::MAX).is_ok_and(|swept| swept.more) {}
            store
        });
        let Usage { peers, bytes, .. } = store.map_or_else(Usage::default, |store| store.usage());
        let left = peers.max(1) as f64;
        (live.saturating_sub(base) as f64 / left, bytes as f64 / left)
    }

    fn one(self, store: &Peerstore, n: usize, record: &CertifiedRecord) {
        let peer = record.peer_id();
        match self {
            Self::ShortLived => {
                report(store, &peer, &numbered(ADDRESSES - 1), &Source::DHT, SHORT);
                report(store, &peer, &numbered(1), &Source::DHT, LONG);
            }
            Self::ShortLivedClaims => {
                for reporter in 0..ADDRESSES {
                    let from = Source::PEER_EXCHANGE.reported_by(reporter_number(reporter));
                    let ttl = if reporter + 1 == ADDRESSES { LONG } else { SHORT };
                    report(store, &peer, &numbered(1), &from, ttl);
                }
            }
            Self::LongAddresses => report(store, &peer, &long(ADDRESSES), &Source::DHT, LONG),
            Self::Removed => {
                let all = numbered(ADDRESSES);
                report(store, &peer, &all, &Source::DHT, LONG);
                for address in all.iter().skip(1) {
                    let Ok(_) = store.remove(&peer, std::slice::from_ref(address), NOW);
                }
            }
            Self::Contradictions => {
                let Ok(_) = store.apply(record, &Source::DHT, LONG, NOW);
                if let Some(other) = contradiction(n) {
                    let Ok(_) = store.apply(&other, &Source::DHT, LONG, NOW);
                }
            }
            Self::Few => {
                let ttl = if n.is_multiple_of(64) { LONG } else { SHORT };
                report(store, &peer, &numbered(1), &Source::DHT, ttl);
            }
        }
    }
}

fn report(
    store: &Peerstore,
    peer: &PeerId,
    addresses: &[Multiaddr],
    source: &Source,
    ttl: Duration,
) {
    let Ok(_) = store.report(peer, addresses, source, ttl, NOW);
}

/// The first addresses of those that are numbered.
fn numbered(count: usize) -> Vec<Multiaddr> {
    (0..count).flat_map(addresses).take(count).collect()
}

/// Addresses as long as they may be, nearly.
fn long(count: usize) -> Vec<Multiaddr> {
    let name = |n: usize| format!("{n:03}{}", "a".repeat(500));
    let address = |n| Multiaddr::empty().with(Protocol::Dns(name(n).into())).with(Protocol::Tcp(1));
    (0..count).map(address).collect()
}

fn reporter_number(n: usize) -> PeerId {
    Keypair::ed25519_from_seed(&secret(1_000_000 + n)).peer_id()
}

/// The record of peer `n` with other addresses under the same number.
fn contradiction(n: usize) -> Option<CertifiedRecord> {
    let keypair = Keypair::ed25519_from_seed(&secret(n));
    let record = PeerRecord::new(keypair.peer_id(), Seq::new(SEQ), addresses(n + 1));
    record.certify(&keypair, Dialect::PeerRecord).ok()
}

#[cfg(test)]
mod tests {
    use super::Attack;

    /// What the allocator gives is at most half more than what is charged (S11).
    #[test]
    fn s11_memory_is_what_is_charged_whatever_peers_do() {
        let mut above = Vec::new();
        for attack in Attack::ALL {
            let (real, charged) = attack.run(6_400);
            let is_honest = real <= 1.5 * charged && charged <= 4.0 * real;
            println!("{}: {real} of {charged}", attack.name());
            above.extend((!is_honest).then(|| (attack.name(), real, charged)));
        }
        assert_eq!(above, []);
    }
}
