//! The record's own limit, and its entries (R2, R3).

use peermark_wire::{Message, PeerRecordMessage, WireErrorKind};

use crate::raw;

fn record(entries: usize, entry: &[u8]) -> Vec<u8> {
    [raw::bytes(1, &[0, 1, 42]), raw::bytes(3, entry).repeat(entries)].concat()
}

#[test]
fn r2_more_entries_than_the_limit_are_refused_before_they_are_parsed() {
    // The entries are no messages at all: nobody looks.
    for (entry, limit) in [(&[][..], 256), (&[0xff; 3], 256), (&[0x0a, 0xff], 3), (&[], 0)] {
        for count in 0..=limit {
            let input = record(count, entry);
            let decoded = PeerRecordMessage::decode(&input, limit).unwrap();
            assert_eq!(decoded.address_count(), count);
            assert_eq!(decoded.addresses().count(), count, "each entry once, broken or not");
        }
        for count in [limit + 1, limit + 2, limit * 4 + 1] {
            let error = PeerRecordMessage::decode(&record(count, entry), limit).unwrap_err();
            let at = 5 + limit * (2 + entry.len());
            let kind = WireErrorKind::TooManyAddresses { limit };
            assert_eq!((error.message, error.kind, error.offset), (Message::PeerRecord, kind, at));
        }
    }
}

#[test]
fn r3_a_record_of_no_addresses_is_one() {
    let input = record(0, &[]);
    let decoded = PeerRecordMessage::decode(&input, 256).unwrap();
    assert_eq!((decoded.seq(), decoded.address_count()), (0, 0));
    assert_eq!(decoded.addresses().count(), 0);
}

#[test]
fn an_entry_without_an_address_has_an_empty_one() {
    for entry in [vec![], raw::bytes(1, &[]), raw::number(7, 1)] {
        let input = record(1, &entry);
        let decoded = PeerRecordMessage::decode(&input, 256).unwrap();
        let address = decoded.addresses().next().unwrap().unwrap();
        assert_eq!(address.multiaddr, [0u8; 0], "{entry:02x?}");
        assert!(address.offset <= input.len());
    }
}

#[test]
fn a_broken_entry_is_an_error_and_the_next_is_read() {
    let good = raw::bytes(3, &raw::bytes(1, &[4, 127, 0, 0, 1]));
    let broken = raw::bytes(3, &raw::claiming(1, 9, &[4]));
    let input = [record(0, &[]), good.clone(), broken, good].concat();
    let decoded = PeerRecordMessage::decode(&input, 256).unwrap();
    let read: Vec<bool> = decoded.addresses().map(|entry| entry.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
}

#[test]
fn what_is_written_is_what_go_libp2p_writes() {
    let mut out = Vec::new();
    PeerRecordMessage::encode(&[0, 1, 42], 0, [&[4, 127, 0, 0, 1][..]], &mut out);
    let entry = raw::bytes(3, &raw::bytes(1, &[4, 127, 0, 0, 1]));
    assert_eq!(out, [raw::bytes(1, &[0, 1, 42]), entry.clone()].concat(), "no zero");
    out.clear();
    PeerRecordMessage::encode(&[0, 1, 42], u64::MAX, [&[4, 127, 0, 0, 1][..]], &mut out);
    assert_eq!(out, [raw::bytes(1, &[0, 1, 42]), raw::number(2, u64::MAX), entry].concat());
}
