//! W6: order and length of varints are free outside keys, and one inside.

use peermark_wire::{
    EnvelopeMessage, KeyMessage, Message, PeerRecordMessage, WireErrorKind, key_type,
};

use crate::raw;

/// All orders of four things.
fn orders() -> Vec<[usize; 4]> {
    let mut all = Vec::new();
    for a in 0..4 {
        for b in 0..4 {
            for c in 0..4 {
                let d = 6usize.wrapping_sub(a + b + c);
                let order = [a, b, c, d];
                if (0..4).all(|n| order.contains(&n)) {
                    all.push(order);
                }
            }
        }
    }
    assert_eq!(all.len(), 24);
    all
}

#[test]
fn w6_any_order_of_fields_is_the_same_envelope() {
    let fields = raw::envelope_fields();
    let plain = fields.concat();
    let expected = EnvelopeMessage::decode(&plain).unwrap();
    for order in orders() {
        let shuffled = order.map(|n| fields[n].clone()).concat();
        let message = EnvelopeMessage::decode(&shuffled).unwrap();
        assert_eq!(message, expected, "{order:?}");
        let mut canonical = Vec::new();
        message.encode(&mut canonical);
        assert_eq!(canonical, plain, "{order:?}");
    }
}

#[test]
fn w6_any_order_of_fields_is_the_same_record_but_for_its_addresses() {
    let fields = raw::record_fields();
    for order in orders() {
        let shuffled = order.map(|n| fields[n].clone()).concat();
        let record = PeerRecordMessage::decode(&shuffled, 256).unwrap();
        assert_eq!((record.peer_id(), record.seq()), (&[0, 1, 42][..], 300), "{order:?}");
        let first = record.addresses().next().unwrap().unwrap();
        let position = |n| order.iter().position(|place| *place == n);
        let expected = if position(2) < position(3) { 127 } else { 10 };
        assert_eq!(first.multiaddr[1], expected, "{order:?}: the order that was written");
    }
}

/// `field` with its tag and its length or number in this many bytes each.
fn stretched(field: &[u8], tag_len: usize, value_len: usize) -> Vec<u8> {
    // All tags here take one byte; lengths and numbers at most two.
    let tag = raw::varint_in(u64::from(field[0]), tag_len);
    let continued = field[1] & 0x80 != 0;
    let (number, rest) = match continued {
        false => (u64::from(field[1]), &field[2..]),
        true => (u64::from(field[1] & 0x7f) | u64::from(field[2]) << 7, &field[3..]),
    };
    [tag, raw::varint_in(number, value_len), rest.to_vec()].concat()
}

#[test]
fn w6_varints_longer_than_they_must_be_are_read_outside_keys() {
    let envelope = raw::envelope_fields();
    let plain = envelope.concat();
    let record = raw::record_fields();
    for tag_len in 1..=10 {
        for value_len in 1..=10 {
            let input: Vec<u8> =
                envelope.iter().flat_map(|field| stretched(field, tag_len, value_len)).collect();
            let message = EnvelopeMessage::decode(&input).unwrap();
            let mut canonical = Vec::new();
            message.encode(&mut canonical);
            assert_eq!(canonical, plain, "{tag_len} and {value_len} bytes");

            let entry = stretched(&raw::bytes(1, &[4, 127, 0, 0, 1]), tag_len, value_len);
            let fields = [record[0].clone(), record[1].clone(), raw::bytes(3, &entry)];
            let input: Vec<u8> =
                fields.iter().flat_map(|field| stretched(field, tag_len, value_len)).collect();
            let record = PeerRecordMessage::decode(&input, 256).unwrap();
            assert_eq!((record.peer_id(), record.seq()), (&[0, 1, 42][..], 300));
            let address = record.addresses().next().unwrap().unwrap();
            assert_eq!(address.multiaddr, [4, 127, 0, 0, 1]);
            assert_eq!(&input[address.offset..][..5], address.multiaddr);
        }
    }
}

#[test]
fn w6_a_key_has_one_form() {
    let (kind, data) = (raw::number(1, 1), raw::bytes(2, &[7; 32]));
    let key = [kind.clone(), data.clone()].concat();
    assert_eq!(decode(&key), Ok(KeyMessage { key_type: 1, data: &[7; 32] }));

    let not_canonical = Err(WireErrorKind::NotCanonical);
    assert_eq!(decode(&[data.clone(), kind.clone()].concat()), not_canonical, "data first");
    for len in 2..=10 {
        let kinds = [stretched(&kind, len, 1), stretched(&kind, 1, len)];
        for kind in kinds {
            let input = [kind, data.clone()].concat();
            assert_eq!(decode(&input), not_canonical, "a longer type, {len} bytes");
        }
        for data in [stretched(&data, len, 1), stretched(&data, 1, len)] {
            let input = [kind.clone(), data.clone()].concat();
            assert_eq!(decode(&input), not_canonical, "longer data, {len} bytes");
            assert_eq!(decode(&data), not_canonical, "without a type, {len} bytes");
        }
    }
    // Two deviations that would make up for each other in length alone: there are none, because a
    // varint is never shorter than it must be. A type of many bytes with short data is still one.
    let big = [raw::number(1, u64::MAX), raw::bytes(2, &[])].concat();
    assert_eq!(decode(&big), Ok(KeyMessage { key_type: u64::MAX, data: &[] }));
    let stretched_zero = [stretched(&raw::number(1, 0), 1, 2), raw::bytes(2, &[])].concat();
    assert_eq!(decode(&stretched_zero), not_canonical);
}

#[test]
fn w6_a_missing_type_is_rsa_and_comes_back_written() {
    for len in [0usize, 1, 123, 124, 125, 126, 127, 128, 294] {
        let data = vec![5; len];
        let input = raw::bytes(2, &data);
        let key = KeyMessage::decode(&input, 0, Message::PublicKey).unwrap();
        assert_eq!(key, KeyMessage { key_type: key_type::RSA, data: &data });
        let mut encoded = Vec::new();
        key.encode(&mut encoded);
        assert_eq!(encoded, [raw::number(1, 0), input.clone()].concat(), "{len} bytes");
        assert_eq!(encoded.len(), key.encoded_len());
        let again = KeyMessage::decode(&encoded, 0, Message::PublicKey);
        assert_eq!(again, Ok(key), "and is its own canonical form");
    }
}

fn decode(input: &[u8]) -> Result<KeyMessage<'_>, WireErrorKind> {
    KeyMessage::decode(input, 3, Message::PublicKey).map_err(|error| {
        assert_eq!((error.message, error.offset), (Message::PublicKey, 3));
        error.kind
    })
}
