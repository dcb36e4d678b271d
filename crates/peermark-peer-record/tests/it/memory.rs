//! The heading of rules W: no allocation above the size of the input.

use allocation_counter::{AllocationInfo, measure};
use peermark_peer_record::{CertifiedRecord, Dialects, PEER_RECORD};

use crate::{keypair, multiaddr, payload, sealed};

fn cost(bytes: &[u8], verifies: bool) -> AllocationInfo {
    let mut result = None;
    let info = measure(|| result = Some(CertifiedRecord::verify(bytes, Dialects::Any)));
    assert_eq!(result.is_some_and(|result| result.is_ok()), verifies);
    info
}

#[test]
fn w_one_allocation_up_to_eight_addresses_and_two_above() {
    let addresses: Vec<_> =
        (1..=9).map(|port| multiaddr(&format!("/ip4/192.0.2.1/tcp/{port}"))).collect();
    for count in 0..=9 {
        let some = addresses.iter().take(count).map(AsRef::as_ref);
        let bytes = sealed(&payload(&keypair(1).peer_id(), 1, some), &keypair(1), PEER_RECORD);
        let info = cost(&bytes, true);
        assert_eq!(info.count_total, if count <= 8 { 1 } else { 2 }, "{count} addresses");
    }
}

/// What is kept is one copy of the input and, beyond eight addresses, four bytes for each that fits,
/// in at least six. Before that, the bytes that were signed are put together for a moment.
#[test]
fn w_hostile_input_is_given_no_more_room_than_it_paid_for() {
    let own = keypair(1).peer_id();
    let record = |entry: &[u8], count: usize| {
        let payload = payload(&own, 1, std::iter::repeat_n(entry, count));
        sealed(&payload, &keypair(1), PEER_RECORD)
    };
    let largest = [&[0x35, 0xfb, 0x01][..], &[b'a'; 251]].concat();
    let garbage = [0xff; 20];
    let unknown = [0xff, 0x7f];
    for entry in [&b""[..], &[0xcd, 0x03], &unknown, &garbage, &[4, 127, 0, 0, 1]] {
        for count in [0, 1, 8, 9, 100, 256] {
            let bytes = record(entry, count);
            let info = cost(&bytes, true);
            let peak = usize::try_from(info.bytes_max).unwrap();
            assert!(peak <= 2 * bytes.len(), "{peak} for {} bytes of {entry:?}", bytes.len());
        }
    }
    // Entries of nothing are many for their bytes: room for all that are announced, 4 bytes each,
    // would be more than for those that can be kept.
    let bytes = record(b"", 256);
    let total = usize::try_from(cost(&bytes, true).bytes_total).unwrap();
    assert!(total <= bytes.len() * 8 / 3, "{total} for {} bytes of nothing", bytes.len());

    let bytes = record(&largest, 28);
    let peak = usize::try_from(cost(&bytes, true).bytes_max).unwrap();
    assert!(peak <= 2 * bytes.len(), "{peak} for {}", bytes.len());
}

#[test]
fn w_what_is_refused_early_costs_nothing() {
    for bytes in [&b""[..], &[0xff; 8192], &[0xff; 9000], &[0x0a, 0xff, 0xff, 0xff, 0x0f]] {
        assert_eq!(cost(bytes, false).count_total, 0, "{} bytes", bytes.len());
    }
}
