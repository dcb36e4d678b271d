//! Entries as bytes: what goes in comes out, and what was changed on the way does not (F2, F5).

use std::collections::HashMap;
use std::time::Duration;

use peermark_identity::{Keypair, PeerId};
use peermark_peer_record::{Dialect, PeerRecord};
use peermark_peerstore::{
    Config, Context, Engine as _, Limits, Moment, PayloadDigest, PeerEntry, PeerView, Peerstore,
    RowError, Secret, UnverifiedEntry,
};
use peermark_provenance::{DialOutcome, Source, Timestamp};
use peermark_testkit::rng::Rng;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);

/// Entries of every shape: with a record, with claims of every kind beside it, connected, with a
/// floor alone.
fn entries() -> Vec<PeerEntry> {
    let store = Peerstore::in_memory(Config::default());
    let keys: Vec<_> = (0..6).map(|n| Keypair::ed25519_from_seed(&[n; 32])).collect();
    let address = |n: usize| format!("/ip4/192.0.2.{n}/tcp/4001").parse().unwrap();
    let record = |key: &Keypair, addresses: usize| {
        PeerRecord::new(key.peer_id(), 7.into(), (1..=addresses).map(address))
            .certify(key, Dialect::PeerRecord)
            .unwrap()
    };
    let reporter = keys[5].peer_id();
    let told = Source::PUBSUB.reported_by(reporter);
    for (n, key) in keys.iter().enumerate().take(5) {
        let peer = key.peer_id();
        if n != 2 {
            let _ =
                store.apply(&record(key, [1, 4, 0, 40, 0][n]), &Source::DHT, HOUR, NOW).unwrap();
        }
        if n > 1 && n < 4 {
            for source in [Source::MANUAL, told, Source::application(700)] {
                let _ =
                    store.report(&peer, &[address(1), address(60)], &source, HOUR, NOW).unwrap();
            }
            store.dialed(&peer, &address(60), DialOutcome::Success, HOUR, NOW).unwrap();
            store.dialed(&peer, &address(1), DialOutcome::Failure, HOUR, NOW).unwrap();
        }
    }
    assert!(store.connected(&keys[3].peer_id(), NOW).unwrap());
    // A contradiction, and a floor from outside, beside a record and without one.
    for n in [1, 4] {
        let peer = keys[n].peer_id();
        let _ = store.apply(&record(&keys[n], 5), &Source::DHT, HOUR, NOW).unwrap();
        let to = (9.into(), PayloadDigest::of(b"another"));
        assert!(store.raise_floor(&peer, to, HOUR, &Source::DHT, NOW).unwrap());
    }
    let _ = store.clear(&keys[4].peer_id(), NOW).unwrap();
    let mut entries = Vec::new();
    for region in 0..store.engine().regions() {
        let Ok(()) = store.engine().read_region(region, |all| entries.extend(all.cloned()));
    }
    let peer = keys[4].peer_id();
    let Ok(floor) = store.engine().remnant(&peer);
    entries.push(PeerEntry::new(peer, Some(floor.unwrap())));
    entries.push(PeerEntry::new(keys[5].peer_id(), None));
    assert_eq!(entries.len(), 6);
    entries
}

fn encode(entry: &PeerEntry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    bytes
}

#[test]
fn f2_an_entry_comes_back() {
    for entry in entries() {
        let read = UnverifiedEntry::decode(&encode(&entry)).unwrap();
        use peermark_identity::PeerIdExt as _;
        assert!(read.is_of(&entry.peer_id().multihash_bytes()));
        assert_eq!(read.clone().dangerous_assume_verified(), entry);
        assert_eq!(read.verify().unwrap(), entry);
    }
}

/// libp2p admits a SHA-256 of any length up to 64 bytes as a peer id: such a peer has an entry like
/// any other, and so has what it reports.
#[test]
fn f2_an_entry_of_an_id_that_is_no_keys_comes_back() {
    for len in [0u8, 20, 31, 33, 64] {
        let peer = PeerId::from_bytes(&[vec![0x12, len], vec![7; len.into()]].concat()).unwrap();
        let store = Peerstore::in_memory(Config::default());
        let address = format!("/ip4/192.0.2.1/tcp/4001/p2p/{peer}").parse().unwrap();
        let source = Source::DHT.reported_by(peer);
        let _ = store.report(&peer, &[address], &source, HOUR, NOW).unwrap();
        let known = store.addresses(&peer, NOW).unwrap();
        assert_eq!(known[0].address.to_string(), "/ip4/192.0.2.1/tcp/4001");
        let Ok(entry) = store.engine().view(&peer, |entry| entry.cloned());
        for entry in [entry.unwrap(), PeerEntry::new(peer, None)] {
            assert_eq!(entry.peer_id(), peer);
            assert_eq!(UnverifiedEntry::decode(&encode(&entry)).unwrap().verify(), Ok(entry));
        }
    }
}

#[test]
fn f2_a_part_of_an_entry_is_none() {
    for bytes in entries().iter().map(encode) {
        for len in 0..bytes.len() {
            let cut = UnverifiedEntry::decode(&bytes[..len]);
            assert!(matches!(cut, Err(RowError::Truncated { .. } | RowError::Malformed { .. })));
        }
        let longer = [&*bytes, &[0]].concat();
        assert_eq!(UnverifiedEntry::decode(&longer), Err(RowError::Trailing { excess: 1 }));
    }
}

/// What a changed bit makes of the bytes is no entry, or one whose record is the very same: no
/// forged address becomes a certified one.
#[test]
fn f2_no_changed_bit_certifies_anything() {
    for entry in entries() {
        let bytes = encode(&entry);
        let certified = |entry: &PeerEntry| -> HashMap<Vec<u8>, Vec<u8>> {
            let (limits, secret) = (Limits::default(), Secret::from_bytes([7; 16]));
            let cx = Context::new(Moment::default(), &limits, &secret);
            let view = PeerView::new(entry, &cx);
            let envelope = view.record().map(|record| record.as_bytes().to_vec());
            let addresses = view.addresses().filter(|address| address.is_certified());
            let of = |address: peermark_peerstore::AddressView<'_>| {
                (address.address().as_bytes().to_vec(), envelope.clone().unwrap())
            };
            addresses.map(of).collect()
        };
        let honest = certified(&entry);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let read = UnverifiedEntry::decode(&changed).and_then(UnverifiedEntry::verify);
            let Ok(read) = read else { continue };
            for (address, envelope) in certified(&read) {
                assert_eq!(honest.get(&address), Some(&envelope), "bit {bit}");
            }
        }
    }
}

#[test]
fn f2_any_bytes_are_read_without_a_panic() {
    let mut rng = Rng::new(0x5eed);
    for _ in 0..20_000 {
        let len = rng.below(200);
        let mut bytes = rng.bytes(len);
        if let [format, flags, ..] = &mut *bytes {
            (*format, *flags) = (1, *flags & 0xf);
        }
        if let Ok(read) = UnverifiedEntry::decode(&bytes) {
            let _ = read.verify();
        }
    }
}
