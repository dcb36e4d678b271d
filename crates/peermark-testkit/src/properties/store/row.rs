//! Any bytes as an entry of a store.

use peermark_peerstore::{PeerEntry, PeerView, UnverifiedEntry};
use peermark_provenance::Timestamp;

/// Rule F2 over arbitrary bytes.
///
/// What [`UnverifiedEntry::decode`] takes is written as it was read, and takes no more bytes. What
/// verifies keeps the invariants of an entry whatever time it is opened at, and only then is
/// anything of it certified.
///
/// # Panics
///
/// When that does not hold.
pub fn store_row(data: &[u8]) {
    let Ok(read) = UnverifiedEntry::decode(data) else { return };
    let written = encode(&read.clone().dangerous_assume_verified());
    assert!(written.len() <= data.len());
    assert_eq!(UnverifiedEntry::decode(&written).as_ref(), Ok(&read));
    let Ok(mut entry) = read.verify() else { return };
    entry.resume(Timestamp::from_secs(1));
    let again = UnverifiedEntry::decode(&encode(&entry)).expect("it was written");
    assert_eq!(again.verify().as_ref(), Ok(&entry));
    let view = PeerView::new(&entry, Timestamp::EPOCH);
    let certified = view.addresses().filter(peermark_peerstore::AddressView::is_certified).count();
    assert_eq!(certified > 0, view.record().is_some());
    assert!(entry.charges().count() > 0);
}

fn encode(entry: &PeerEntry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    bytes
}
