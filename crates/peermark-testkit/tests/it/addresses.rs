//! R2 over every protocol code and many values, ours against the model.

use peermark_identity::PeerIdExt as _;
use peermark_testkit::model::{self, Field, bytes};
use peermark_testkit::rng::Rng;
use peermark_testkit::{keys, properties};

/// Payloads take so many entries at once, below the limit of a record.
const AT_ONCE: usize = 250;

#[test]
fn r2_every_code_with_many_values_is_kept_or_skipped_as_the_model_says() {
    let mut rng = Rng::new(1);
    let mut entries: Vec<Vec<u8>> = Vec::new();
    // Codes of one and two bytes, which the codes of all known protocols have.
    for code in 0..1u64 << 14 {
        let mut front = Vec::new();
        model::put_varint(&mut front, code, 0);
        let zeros = [front.as_slice(), &[0; 64]].concat();
        let known = multiaddr::Protocol::from_bytes(&zeros);
        let is_known = !matches!(known, Err(multiaddr::Error::UnknownProtocolId(_)));
        for value in values(&mut rng, if is_known { 400 } else { 2 }) {
            entries.push([front.as_slice(), &value].concat());
        }
    }
    let count = entries.len();
    for entries in entries.chunks(AT_ONCE) {
        check(entries);
    }
    assert!(count > 40_000, "{count} entries");
}

/// Values of every length up to 48, with a length in front and without, and text.
fn values(rng: &mut Rng, count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| {
            let len = n % 49;
            let value = match rng.below(4) {
                0 => vec![b'/'; len],
                1 => (0..len).map(|_| b'a' + rng.byte() % 26).collect(),
                2 => [vec![0x12, 0x20], rng.bytes(len)].concat(),
                _ => rng.bytes(len),
            };
            let prefix = match rng.below(3) {
                0 => Vec::new(),
                _ => vec![value.len().to_le_bytes()[0]],
            };
            // Now and then another component behind it.
            let behind = if rng.one_in(4) { vec![0x06, 0x0f, 0xa1] } else { Vec::new() };
            [prefix, value, behind].concat()
        })
        .collect()
}

#[test]
fn r2_own_and_foreign_peer_ids_at_every_place() {
    let own = keys::signer().peer_id();
    let suffix = |id: &[u8]| [&[0xa5, 0x03, id.len().to_le_bytes()[0]], id].concat();
    let foreign = keys::TYPES.map(|key_type| keys::keypair(key_type, 1).peer_id());
    // An id of a few bytes, or of none, is one too.
    let short: [&[u8]; 3] = [&[0x00, 0x00], &[0x00, 0x01, 0x07], &[0x12, 0x20]];
    let mut pieces: Vec<Vec<u8>> = vec![
        suffix(&own.multihash_bytes()),
        b"\x04\xc0\x00\x02\x01\x06\x0f\xa1".to_vec(),
        b"\xa2\x02".to_vec(),
        b"\xdd\x03".to_vec(),
    ];
    pieces.extend(foreign.iter().map(|id| suffix(&id.multihash_bytes())));
    pieces.extend(short.iter().map(|id| suffix(id)));
    let mut entries = vec![Vec::new()];
    for first in &pieces {
        for second in &pieces {
            for third in &pieces {
                entries.push([first.clone(), second.clone(), third.clone()].concat());
            }
            entries.push([first.clone(), second.clone()].concat());
        }
        entries.push(first.clone());
    }
    // The limit of 512 bytes, from both sides, own ids at the end included.
    let of_length = |len: usize| {
        let name = [b"\x36\x90\x03".to_vec(), vec![b'a'; 400]].concat();
        let rest = [b"\x36".to_vec(), vec![u8::try_from(len - 405).unwrap()]].concat();
        [name, rest, vec![b'b'; len - 405]].concat()
    };
    let own = suffix(&own.multihash_bytes());
    for len in 506..518 {
        let suffixed = [of_length(len - own.len()), own.clone()].concat();
        for address in [of_length(len), suffixed] {
            assert_eq!(address.len(), len);
            entries.push(address);
        }
    }
    for entries in entries.chunks(AT_ONCE) {
        check(entries);
    }
}

/// The entries as a record of the testkit's signer, once in order and once with each of them twice.
fn check(entries: &[Vec<u8>]) {
    let own = keys::signer().peer_id();
    let record = |entries: &mut dyn Iterator<Item = &Vec<u8>>| {
        let entry = |entry: &Vec<u8>| bytes(3, model::message(&[bytes(1, entry.clone())]));
        let fields: Vec<Field> =
            std::iter::once(bytes(1, &*own.multihash_bytes())).chain(entries.map(entry)).collect();
        model::message(&fields)
    };
    properties::peer_record(&record(&mut entries.iter()));
    let half = &entries[..entries.len() / 2];
    properties::peer_record(&record(&mut half.iter().chain(half.iter().rev())));
}
