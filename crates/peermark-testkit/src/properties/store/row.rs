//! Any bytes as an entry of a store.

use peermark_peerstore::{
    AddressView, Context, Cost, Limits, Moment, PeerEntry, PeerView, Secret, UnverifiedEntry,
};

/// Rule F2 over arbitrary bytes.
///
/// What [`UnverifiedEntry::decode`] takes is written as it was read, and takes no more bytes. What
/// verifies keeps the invariants of an entry, and only then is anything of it certified.
///
/// # Panics
///
/// When that does not hold.
pub fn store_row(data: &[u8]) {
    let Ok(read) = UnverifiedEntry::decode(data) else { return };
    let written = encode(&read.clone().dangerous_assume_verified());
    assert!(written.len() <= data.len());
    assert_eq!(UnverifiedEntry::decode(&written).as_ref(), Ok(&read));
    let Ok(entry) = read.verify() else { return };
    row_comes_back(&entry);
    let (limits, secret) = (Limits::default(), Secret::from_bytes([7; 16]));
    let view = PeerView::new(&entry, &Context::new(Moment::default(), &limits, &secret));
    let certified = view.addresses().filter(AddressView::is_certified).count();
    assert_eq!(certified > 0, view.record().is_some());
    assert_ne!(Cost::of(&entry), Cost::default());
}

/// An entry is read as it was written, and verifies (F2).
///
/// # Panics
///
/// When it does not.
pub fn row_comes_back(entry: &PeerEntry) {
    let again = UnverifiedEntry::decode(&encode(entry)).expect("it was written");
    assert_eq!(again.verify().as_ref(), Ok(entry));
}

fn encode(entry: &PeerEntry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    bytes
}
