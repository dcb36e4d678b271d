//! Peer ids as bytes and as text.

use peermark_identity::{PeerId, PeerIdError, PeerIdExt, PublicKeyError};

use crate::support::Random;

/// Every canonical form: identity digests of 0 to 42 bytes, and a SHA-256.
fn every_length() -> Vec<Vec<u8>> {
    let mut random = Random(1);
    let mut all: Vec<Vec<u8>> = (0..=42u8)
        .flat_map(|len| {
            let digest = &random.bytes::<42>()[..usize::from(len)];
            let zeros = &[0; 42][..usize::from(len)];
            let ones = &[0xff; 42][..usize::from(len)];
            [digest, zeros, ones].map(|digest| [&[0x00, len], digest].concat())
        })
        .collect();
    all.push([&[0x12, 0x20][..], &random.bytes::<32>()].concat());
    all
}

#[test]
fn bytes_and_text_round_trip_at_every_length() {
    for bytes in every_length() {
        let peer = PeerId::from_multihash_bytes(&bytes).unwrap();
        assert_eq!(*peer.multihash_bytes(), *bytes);
        assert_eq!(peer.to_string(), bs58_of(&bytes));
        assert_eq!(PeerId::parse_text(&peer.to_string()), Ok(peer));
        assert_eq!(PeerId::parse_text(&peer.to_cid()), Ok(peer));
        assert_eq!(format!("{:?}", peer.multihash_bytes()), format!("PeerIdBytes({peer})"));
        assert_eq!(PeerId::from(peer.multihash_bytes()), peer);
        assert_eq!(peer.to_bytes(), bytes);
    }
}

/// Base58btc by the definition: repeated division.
fn bs58_of(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut number = bytes[zeros..].to_vec();
    let mut digits = Vec::new();
    while !number.is_empty() {
        let mut rest = 0u32;
        for byte in &mut number {
            rest = rest * 256 + u32::from(*byte);
            *byte = (rest / 58) as u8;
            rest %= 58;
        }
        digits.push(ALPHABET[rest as usize]);
        let skip = number.iter().take_while(|byte| **byte == 0).count();
        number.drain(..skip);
    }
    digits.extend(vec![b'1'; zeros]);
    digits.reverse();
    String::from_utf8(digits).unwrap()
}

#[test]
fn order_is_that_of_the_bytes() {
    let all = every_length();
    for left in &all {
        for right in &all {
            let peers = [left, right].map(|bytes| PeerId::from_multihash_bytes(bytes).unwrap());
            assert_eq!(peers[0].cmp(&peers[1]), left.cmp(right));
            let bytes = peers.map(|peer| peer.multihash_bytes());
            assert_eq!(bytes[0].cmp(&bytes[1]), left.cmp(right));
            assert_eq!(bytes[0] == bytes[1], left == right);
        }
    }
}

#[test]
fn only_canonical_multihashes_of_two_kinds_are_peer_ids() {
    use PeerIdError::{DigestLength, Multihash, UnsupportedHash};
    let identity = |len: u8, digest: usize| [&[0x00, len], &vec![7; digest][..]].concat();
    let sha256 = |len: u8, digest: usize| [&[0x12, len], &vec![7; digest][..]].concat();
    let cases = [
        (vec![], Multihash),
        (vec![0x00], Multihash),
        (vec![0x12], Multihash),
        (identity(36, 35), Multihash),
        (identity(36, 37), Multihash),
        (identity(43, 43), DigestLength { code: 0, got: 43 }),
        (identity(64, 64), DigestLength { code: 0, got: 64 }),
        (sha256(32, 31), Multihash),
        (sha256(32, 33), Multihash),
        (sha256(31, 31), DigestLength { code: 0x12, got: 31 }),
        (sha256(20, 20), DigestLength { code: 0x12, got: 20 }),
        (sha256(64, 64), DigestLength { code: 0x12, got: 64 }),
        // Varints in two bytes where one would do.
        ([&[0x80, 0x00, 0x01], &[7; 1][..]].concat(), Multihash),
        ([&[0x00, 0x81, 0x00], &[7; 1][..]].concat(), Multihash),
        ([&[0x92, 0x00, 0x20], &[7; 32][..]].concat(), Multihash),
        ([&[0x12, 0xa0, 0x00], &[7; 32][..]].concat(), Multihash),
        // SHA-512, SHA3-256 and BLAKE2b-256.
        ([&[0x13, 0x40], &[7; 64][..]].concat(), UnsupportedHash(0x13)),
        ([&[0x16, 0x20], &[7; 32][..]].concat(), UnsupportedHash(0x16)),
        ([&[0xa0, 0xe4, 0x02, 0x20], &[7; 32][..]].concat(), UnsupportedHash(0xb220)),
        (vec![0xff; 40], Multihash),
    ];
    for (bytes, error) in cases {
        assert_eq!(PeerId::from_multihash_bytes(&bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn cids_in_every_base_are_read() {
    let peer: PeerId = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse().unwrap();
    let cid = [&[0x01, 0x72], &peer.multihash_bytes()[..]].concat();
    let bases = [
        multibase::Base::Base2,
        multibase::Base::Base8,
        multibase::Base::Base16Lower,
        multibase::Base::Base16Upper,
        multibase::Base::Base32Lower,
        multibase::Base::Base32Upper,
        multibase::Base::Base32PadLower,
        multibase::Base::Base32HexLower,
        multibase::Base::Base32Z,
        multibase::Base::Base36Lower,
        multibase::Base::Base36Upper,
        multibase::Base::Base58Btc,
        multibase::Base::Base58Flickr,
        multibase::Base::Base64,
        multibase::Base::Base64Url,
        multibase::Base::Base64UrlPad,
        multibase::Base::Base256Emoji,
    ];
    for base in bases {
        let text = multibase::encode(base, &cid);
        assert_eq!(PeerId::parse_text(&text), Ok(peer), "{text}");
    }
}

#[test]
fn text_that_is_not_a_peer_id_is_refused_with_the_reason() {
    use PeerIdError::{Cid, DigestLength, Multihash, Text, TextTooLong, UnsupportedHash};
    let base16 = |bytes: &[u8]| multibase::encode(multibase::Base::Base16Lower, bytes);
    let sha256 = [&[0x12, 0x20], &[7; 32][..]].concat();
    let cases = [
        (String::new(), Text),
        ("1".to_owned(), Multihash),
        ("Qm".to_owned(), UnsupportedHash(5)),
        ("12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbh0".to_owned(), Text),
        (" 12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".to_owned(), Text),
        ("12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ\n".to_owned(), Text),
        ("12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbh".to_owned(), Multihash),
        ("1".repeat(62), TextTooLong { limit: 61, got: 62 }),
        ("Qm".repeat(1 << 20), TextTooLong { limit: 61, got: 1 << 21 }),
        ("z".repeat(1 << 20), TextTooLong { limit: 369, got: 1 << 20 }),
        ("ä".to_owned(), Text),
        ("fzz".to_owned(), Text),
        ("f".to_owned(), Cid),
        // Version 0 in a multibase, version 2, another codec, codec in two bytes.
        (base16(&sha256), Cid),
        (base16(&[&[0x02, 0x72], &sha256[..]].concat()), Cid),
        (base16(&[&[0x01, 0x70], &sha256[..]].concat()), Cid),
        (base16(&[&[0x01, 0xf2, 0x00], &sha256[..]].concat()), Cid),
        (base16(&[&[0x01, 0x72], &sha256[..33]].concat()), Multihash),
        (base16(&[0x01, 0x72, 0x12, 0x01, 0x07]), DigestLength { code: 0x12, got: 1 }),
    ];
    for (text, error) in cases {
        assert_eq!(PeerId::parse_text(&text), Err(error), "{text:.80}");
    }
}

#[test]
fn the_key_inside_is_read_strictly() {
    let sha256 = PeerId::from_multihash_bytes(&[&[0x12, 0x20], &[7; 32][..]].concat()).unwrap();
    assert_eq!(sha256.public_key(), Ok(None));
    // An identity multihash of anything is a peer id, though not of a key.
    let random = PeerId::from_multihash_bytes(&[&[0x00, 0x20], &[7; 32][..]].concat()).unwrap();
    assert!(
        matches!(random.public_key(), Err(PublicKeyError::Malformed(error)) if error.offset >= 2)
    );
    let low_order = PeerId::from_multihash_bytes(
        &[&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20], &[0; 32][..]].concat(),
    );
    assert!(matches!(low_order.unwrap().public_key(), Err(PublicKeyError::Invalid { .. })));
}

/// libp2p admits a SHA-256 that is cut off; its bytes are read as the id of nobody.
#[test]
fn ids_that_are_not_canonical_have_bytes_and_are_not_read() {
    let full = PeerId::from_bytes(&[&[0x12, 0x40], &[7; 64][..]].concat()).unwrap();
    let bytes = [&[0x12, 0x14], &[7; 20][..]].concat();
    let short = PeerId::from_bytes(&bytes).unwrap();
    let error = PeerIdError::DigestLength { code: 0x12, got: 20 };
    assert_eq!(*short.multihash_bytes(), *bytes);
    assert_eq!(full.multihash_bytes().len(), 66);
    assert_eq!(PeerId::from_multihash_bytes(&short.multihash_bytes()), Err(error));
    // What is behind the digest of one that was cut off says nothing.
    let cut = PeerId::from_multihash(full.as_ref().truncate(20)).unwrap();
    assert_eq!(cut.multihash_bytes(), short.multihash_bytes());
    for peer in [full, short, cut] {
        assert_eq!(PeerId::from(peer.multihash_bytes()), peer);
    }
}
