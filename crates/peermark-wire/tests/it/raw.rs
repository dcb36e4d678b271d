//! Putting bytes together by hand, wrong where a test wants them wrong.

/// A varint in `len` bytes, more than it needs or not; at least as many as it needs.
pub(crate) fn varint_in(value: u64, len: usize) -> Vec<u8> {
    let mut groups: Vec<u8> = (0..10).map(|n| (value >> (7 * n)) as u8 & 0x7f).collect();
    let needed = groups.iter().rposition(|group| *group != 0).map_or(1, |last| last + 1);
    groups.resize(needed.max(len), 0);
    let last = groups.len() - 1;
    groups[..last].iter_mut().for_each(|group| *group |= 0x80);
    groups
}

/// A varint as short as can be.
pub(crate) fn varint(value: u64) -> Vec<u8> {
    varint_in(value, 1)
}

pub(crate) fn tag(number: u32, wire_type: u8) -> Vec<u8> {
    varint(u64::from(number) << 3 | u64::from(wire_type))
}

/// A field of wire type 2.
pub(crate) fn bytes(number: u32, value: &[u8]) -> Vec<u8> {
    claiming(number, value.len() as u64, value)
}

/// A field of wire type 2 with another length than that of its value.
pub(crate) fn claiming(number: u32, length: u64, value: &[u8]) -> Vec<u8> {
    [tag(number, 2), varint(length), value.to_vec()].concat()
}

/// A field of wire type 0.
pub(crate) fn number(number: u32, value: u64) -> Vec<u8> {
    [tag(number, 0), varint(value)].concat()
}

/// A field of this number in every wire type that there is.
pub(crate) fn every_wire_type(number: u32) -> [(u8, Vec<u8>); 4] {
    [
        (0, self::number(number, 1)),
        (1, [tag(number, 1), vec![0; 8]].concat()),
        (2, bytes(number, &[])),
        (5, [tag(number, 5), vec![0; 4]].concat()),
    ]
}

/// A canonical key.
pub(crate) fn key() -> Vec<u8> {
    [number(1, 1), bytes(2, &[7; 32])].concat()
}

/// The four fields of a canonical envelope.
pub(crate) fn envelope_fields() -> [Vec<u8>; 4] {
    [bytes(1, &key()), bytes(2, &[3, 1]), bytes(3, b"payload"), bytes(5, &[9; 64])]
}

/// The fields of a record: a peer id, a number, two addresses.
pub(crate) fn record_fields() -> [Vec<u8>; 4] {
    let entry = |address: &[u8]| bytes(3, &bytes(1, address));
    [bytes(1, &[0, 1, 42]), number(2, 300), entry(&[4, 127, 0, 0, 1]), entry(&[4, 10, 0, 0, 1])]
}
