//! Decoding costs a fixed number of steps for each byte, whatever the bytes are.

use peermark_wire::{EnvelopeMessage, KeyMessage, Message, PeerRecordMessage, steps};

use crate::raw;

/// What could make a decoder do more than its share, to be repeated without end.
fn patterns() -> Vec<(&'static str, Vec<u8>)> {
    let long = |wire_type: u64, value| {
        [raw::varint_in(99 << 3 | wire_type, 10), raw::varint_in(value, 10)].concat()
    };
    vec![
        ("varint fields of two bytes", raw::number(6, 0)),
        ("empty byte fields of two bytes", raw::bytes(6, &[])),
        ("tags of ten bytes", [raw::varint_in(6 << 3, 10), vec![0]].concat()),
        ("numbers of ten bytes", [raw::tag(6, 0), raw::varint_in(1, 10)].concat()),
        ("tags and numbers of ten bytes", long(0, u64::MAX)),
        ("tags and numbers of two bytes", [raw::varint(99 << 3), raw::varint_in(1, 2)].concat()),
        ("tags and lengths of ten bytes", long(2, 0)),
        ("fixed values of four bytes", [raw::tag(6, 5), vec![0; 4]].concat()),
        ("empty entries", raw::bytes(3, &[])),
        ("entries of an empty address", raw::bytes(3, &raw::bytes(1, &[]))),
        ("entries of an unknown field", raw::bytes(3, &raw::number(6, 0))),
        ("entries of long varints", raw::bytes(3, &long(0, 1))),
        ("bytes that never end a varint", vec![0x80]),
        ("zeros", vec![0]),
        ("messages that claim the rest", vec![0x0a, 0xff, 0x7f]),
    ]
}

const SIZES: [usize; 4] = [1 << 10, 1 << 12, 1 << 14, 1 << 16];

/// A pass takes at most 7/4 steps for each byte: a field of a tag of two bytes and a value of two
/// counts seven. The four are for what an error in the last field counts.
fn pass(len: usize) -> u64 {
    2 * len as u64 + 4
}

#[test]
fn decoding_is_linear_in_every_message() {
    for (what, pattern) in patterns() {
        for size in SIZES {
            let noise = pattern.repeat(size / pattern.len());
            let check = |message: &str, passes: u64, len: usize, took: u64| {
                let allowed = passes * pass(len);
                assert!(took <= allowed, "{message}, {what}: {took} steps for {len} bytes");
            };

            let envelope = [noise.clone(), raw::envelope_fields().concat()].concat();
            let (_, took) = steps::measure(|| EnvelopeMessage::decode(&envelope).map(drop));
            check("envelope", 1, envelope.len(), took);
            let envelope = [raw::bytes(1, &noise), raw::bytes(2, b"t")].concat();
            let (_, took) = steps::measure(|| EnvelopeMessage::decode(&envelope).map(drop));
            check("key in an envelope", 1, envelope.len(), took);

            let key = |input: &[u8]| KeyMessage::decode(input, 0, Message::PublicKey).map(drop);
            let (_, took) = steps::measure(|| key(&noise));
            check("key", 1, noise.len(), took);

            let record = [noise.clone(), raw::record_fields().concat()].concat();
            let (_, took) = steps::measure(|| {
                let decoded = PeerRecordMessage::decode(&record, usize::MAX)?;
                let entries = decoded.addresses().filter(Result::is_ok).count();
                Ok::<_, peermark_wire::WireError>(entries)
            });
            check("record", 3, record.len(), took);
        }
    }
}

#[test]
fn the_reader_counts_what_it_does() {
    let input = [raw::number(6, 1), [raw::varint(99 << 3), raw::varint_in(1, 2)].concat()].concat();
    let (read, took) = steps::measure(|| PeerRecordMessage::decode(&input, 0).map(drop));
    assert!(read.is_err(), "no peer id");
    assert_eq!(took, 3 + 7, "a field of two bytes counts 3, one of two and two 7");
    let (_, nothing) = steps::measure(|| ());
    assert_eq!(nothing, 0);
}

#[test]
fn too_many_entries_stop_the_decoder_at_the_limit() {
    let record = [raw::bytes(1, &[]), raw::bytes(3, &[]).repeat(1 << 15)].concat();
    let (result, took) = steps::measure(|| PeerRecordMessage::decode(&record, 256).map(drop));
    assert!(result.is_err());
    assert!(took <= pass(2 + 2 * 257), "{took} steps");
}
