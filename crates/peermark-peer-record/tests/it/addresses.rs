//! R2: one bad address does not cost the others, and the same address counts once.

use peermark_identity::PeerIdExt as _;
use peermark_peer_record::{
    Address, AddressDefect, AddressTextError, MAX_ADDRESS_LEN, MAX_ADDRESSES, RecordError,
    SkippedAddresses, VerifyError, normalize_address, parse_address,
};
use peermark_wire::WireErrorKind;

use crate::{keypair, multiaddr, payload, texts, verify_addresses, verify_payload};

const GOOD: [u8; 8] = [4, 192, 0, 2, 1, 6, 0x0f, 0xa1];

/// A record of one bad entry between two good ones: the bad one is skipped and counted.
fn check_skipped(bad: &[u8], defect: AddressDefect) {
    let other = multiaddr("/ip6/2001:db8::1/udp/4001/quic-v1");
    let record = verify_addresses([&GOOD[..], bad, other.as_ref()]);
    assert_eq!(texts(&record), ["/ip4/192.0.2.1/tcp/4001", "/ip6/2001:db8::1/udp/4001/quic-v1"]);
    let mut expected = SkippedAddresses::default();
    *match defect {
        AddressDefect::Empty => &mut expected.empty,
        AddressDefect::TooLong => &mut expected.too_long,
        AddressDefect::UnknownProtocol => &mut expected.unknown_protocol,
        AddressDefect::Malformed => &mut expected.malformed,
        AddressDefect::ForeignPeerId => &mut expected.foreign_peer_id,
        AddressDefect::EmptyValue => &mut expected.empty_value,
        AddressDefect::SlashInName => &mut expected.slash_in_name,
    } = 1;
    assert_eq!(record.skipped_addresses(), expected, "{bad:x?}");
    assert_eq!(record.skipped_addresses().total(), 1);
}

#[test]
fn r2_empty_addresses_are_skipped_and_counted() {
    check_skipped(b"", AddressDefect::Empty);
    let only_self = multiaddr(&format!("/p2p/{}", keypair(1).peer_id()));
    check_skipped(only_self.as_ref(), AddressDefect::Empty);
    // An entry without the multiaddr field, and one with an unknown field instead.
    for entry in [&b""[..], &[0x10, 1]] {
        let bare = crate::with_field(payload(&keypair(1).peer_id(), 1, [&GOOD[..]]), 3, entry);
        let record = verify_payload(&bare).unwrap();
        assert_eq!((record.addresses().len(), record.skipped_addresses().empty), (1, 1));
    }
}

#[test]
fn r2_undecodable_addresses_are_skipped_and_counted() {
    check_skipped(&[4, 192, 0, 2], AddressDefect::Malformed);
    check_skipped(&GOOD[..7], AddressDefect::Malformed);
    check_skipped(&[54, 200, b'x'], AddressDefect::Malformed);
    check_skipped(&[54, 2, 0xff, 0xfe], AddressDefect::Malformed);
    check_skipped(&[0x80], AddressDefect::Malformed);
    check_skipped(b"/ip4/192.0.2.1/tcp/4001", AddressDefect::UnknownProtocol);
}

#[test]
fn r2_unknown_protocols_are_skipped_and_counted() {
    check_skipped(&[0xff, 0x7f], AddressDefect::UnknownProtocol);
    check_skipped(&[&GOOD[..], &[0xff, 0x7f, 1]].concat(), AddressDefect::UnknownProtocol);
}

/// A component with a value of its own length.
fn with_value(code: &[u8], value: &[u8]) -> Vec<u8> {
    [code, &[u8::try_from(value.len()).unwrap()], value].concat()
}

/// `dns`, `dns4`, `dns6`, `dnsaddr`, `sni`, `ip6zone`.
const NAMES: [&[u8]; 6] = [&[53], &[54], &[55], &[56], &[0xc1, 0x03], &[42]];

#[test]
fn r2_empty_names_and_paths_are_skipped_and_counted() {
    // `unix`, `http-path`, the paths of `x-parity-ws` and `x-parity-wss`, `garlic64`, `garlic32`.
    let paths: [&[u8]; 6] =
        [&[0x90, 0x03], &[0xe1, 0x03], &[0xa2, 0x25], &[0xac, 0x25], &[0xbe, 0x03], &[0xbf, 0x03]];
    for code in NAMES.into_iter().chain(paths) {
        let empty = with_value(code, b"");
        check_skipped(&empty, AddressDefect::EmptyValue);
        check_skipped(&[&empty, &GOOD[5..]].concat(), AddressDefect::EmptyValue);
        check_skipped(&[&GOOD[..], &empty].concat(), AddressDefect::EmptyValue);
        assert_eq!(Address::from_bytes(&empty), Err(AddressDefect::EmptyValue));
    }
}

#[test]
fn r2_names_with_a_slash_are_skipped_and_counted() {
    for code in NAMES {
        for name in ["/", "a/tcp/1", "/a", "a/"] {
            let bytes = with_value(code, name.as_bytes());
            check_skipped(&[&bytes, &GOOD[5..]].concat(), AddressDefect::SlashInName);
            assert_eq!(Address::from_bytes(&bytes), Err(AddressDefect::SlashInName));
        }
    }
    // A path has slashes.
    for code in [[0x90, 0x03], [0xe1, 0x03], [0xa2, 0x25]] {
        let bytes = with_value(&code, b"/a/b");
        assert_eq!(verify_addresses([&bytes[..]]).addresses().len(), 1);
    }
}

#[test]
fn r2_a_peer_id_in_text_is_base58_or_any_cid() {
    let relay = keypair(9).peer_id();
    let (base58, base32) = (relay.to_string(), relay.to_cid());
    let cid = multibase::decode(&base32).unwrap().1;
    let base36 = multibase::encode(multibase::Base::Base36Lower, &cid);
    assert!(base32.starts_with("bafz") && base36.starts_with("k51"));
    let base2 = multibase::encode(multibase::Base::Base2, &cid);
    let expected = multiaddr(&format!("/ip4/192.0.2.1/tcp/1/p2p/{base58}/p2p-circuit/webrtc"));
    for id in [&base58, &base32, &base36, &base2, &base32.to_uppercase()] {
        for name in ["p2p", "ipfs"] {
            let text = format!("/ip4/192.0.2.1/tcp/1/{name}/{id}/p2p-circuit/webrtc");
            assert_eq!(parse_address(&text).as_ref(), Ok(&expected), "{text}");
        }
        let at_the_end = parse_address(&format!("/dns/p2p/tcp/1/p2p/{id}")).unwrap();
        assert_eq!(at_the_end, multiaddr(&format!("/dns/p2p/tcp/1/p2p/{base58}")));
    }
    // A CID of something else, no CID, nothing, and more than any id needs.
    let other = multibase::encode(multibase::Base::Base32Lower, [&[1, 0x55], &cid[2..]].concat());
    for id in [&other, "bafz", "x", "", &"z".repeat(10_000), &"1".repeat(10_000)] {
        let text = format!("/p2p/{id}/p2p-circuit");
        assert_eq!(parse_address(&text), Err(AddressTextError::Malformed), "{text}");
    }
    assert_eq!(parse_address("/ip4/192.0.2.1/p2p"), Err(AddressTextError::Malformed));
}

#[test]
fn r2_one_slash_at_the_end_of_text_is_tolerated() {
    for text in ["/ip4/192.0.2.1/tcp/4001", "/unix/%2Ftmp%2Fx", "/ip4/192.0.2.1/tcp/1/ws"] {
        let read = parse_address(&format!("{text}/")).unwrap();
        assert_eq!(read, parse_address(text).unwrap(), "{text}");
        assert!(parse_address(&format!("{text}//")).is_err(), "{text}");
    }
    assert_eq!(parse_address("/"), Err(AddressTextError::Empty));
    // It is no value.
    assert_eq!(parse_address("/dns/"), Err(AddressTextError::Malformed));
}

#[test]
fn r2_a_second_encoding_of_the_same_address_is_refused() {
    // Code 4770 with the path "/" has the text of /ws; so has 4780 that of /wss.
    for code in [[0xa2, 0x25], [0xac, 0x25]] {
        check_skipped(&[&GOOD[..], &code, &[1, b'/']].concat(), AddressDefect::Malformed);
    }
    let with_path = [&GOOD[..], &[0xa2, 0x25, 2, b'/', b'a']].concat();
    let record = verify_addresses([&with_path[..]]);
    assert_eq!(texts(&record), ["/ip4/192.0.2.1/tcp/4001/x-parity-ws/%2Fa"]);
}

#[test]
fn r2_the_own_peer_id_at_the_end_is_stripped() {
    let own = keypair(1).peer_id();
    let relay = keypair(9).peer_id();
    let check = |given: String, kept: String| {
        let record = verify_addresses([multiaddr(&given).as_ref()]);
        assert_eq!(texts(&record), [kept], "{given}");
        assert_eq!(record.skipped_addresses().total(), 0);
    };
    let base = "/ip4/192.0.2.1/tcp/4001".to_owned();
    check(base.clone(), base.clone());
    check(format!("{base}/p2p/{own}"), base.clone());
    check(format!("{base}/p2p/{own}/p2p/{own}"), base.clone());
    let circuit = format!("{base}/p2p/{relay}/p2p-circuit");
    check(circuit.clone(), circuit.clone());
    check(format!("{circuit}/p2p/{own}"), circuit);
    // In the middle it is a relay, whoever that is.
    let through_self = format!("{base}/p2p/{own}/p2p-circuit");
    check(through_self.clone(), through_self);
}

#[test]
fn r2_a_foreign_peer_id_at_the_end_is_skipped() {
    let (own, other) = (keypair(1).peer_id(), keypair(9).peer_id());
    for text in [
        format!("/ip4/192.0.2.9/tcp/1/p2p/{other}"),
        format!("/ip4/192.0.2.9/tcp/1/p2p/{other}/p2p/{own}"),
        format!("/ip4/192.0.2.9/tcp/1/p2p/{other}/p2p-circuit/p2p/{other}"),
    ] {
        check_skipped(multiaddr(&text).as_ref(), AddressDefect::ForeignPeerId);
    }
}

#[test]
fn r2_duplicates_collapse_and_order_is_kept() {
    let own = keypair(1).peer_id();
    let text = |port: u16| format!("/ip4/192.0.2.1/tcp/{port}");
    // Few are compared with each other, many are sorted.
    for count in [2u16, 8, 9, 64] {
        let ports: Vec<u16> = (0..count).map(|i| i.wrapping_mul(7919)).collect();
        let mut addresses: Vec<_> = ports.iter().map(|port| multiaddr(&text(*port))).collect();
        addresses.extend(
            ports.iter().rev().map(|port| multiaddr(&format!("{}/p2p/{own}", text(*port)))),
        );
        let record = verify_addresses(addresses.iter().map(AsRef::as_ref));
        let expected: Vec<_> = ports.iter().map(|port| text(*port)).collect();
        assert_eq!(texts(&record), expected, "{count} addresses twice");
        assert_eq!(record.addresses().len(), expected.len());
        assert_eq!(record.skipped_addresses().total(), 0, "nothing is lost with a duplicate");
    }
}

#[test]
fn r2_256_entries_are_read_and_257_are_refused() {
    let addresses: Vec<_> =
        (0..=MAX_ADDRESSES).map(|port| multiaddr(&format!("/ip4/192.0.2.1/tcp/{port}"))).collect();
    let record = verify_addresses(addresses.iter().take(256).map(AsRef::as_ref));
    assert_eq!(record.addresses().len(), 256);

    let own = keypair(1).peer_id();
    let limit = MAX_ADDRESSES;
    let refused = |payload: &[u8]| match verify_payload(payload).unwrap_err() {
        VerifyError::Record(RecordError::Malformed(error)) => error.kind,
        other => panic!("{other:?}"),
    };
    let one_more = payload(&own, 1, addresses.iter().map(AsRef::as_ref));
    assert_eq!(refused(&one_more), WireErrorKind::TooManyAddresses { limit });
    // Entries count, whatever they hold; and none is looked into: these are no messages.
    let mut garbage = payload(&own, 1, []);
    for _ in 0..257 {
        garbage = crate::with_field(garbage, 3, &[0xff]);
    }
    assert_eq!(refused(&garbage), WireErrorKind::TooManyAddresses { limit });
}

#[test]
fn r2_an_address_has_at_most_512_bytes() {
    assert_eq!(MAX_ADDRESS_LEN, 512);
    let dns = |len: usize| {
        let name = "a".repeat(len);
        multiaddr(&format!("/dns/{name}/tcp/1"))
    };
    // Code, two bytes of length, the name, and three bytes of port.
    let longest = dns(MAX_ADDRESS_LEN - 6);
    assert_eq!(longest.len(), MAX_ADDRESS_LEN);
    assert_eq!(verify_addresses([longest.as_ref()]).addresses().len(), 1);
    check_skipped(dns(MAX_ADDRESS_LEN - 5).as_ref(), AddressDefect::TooLong);
    // A whole destination of I2P, which go-libp2p takes from 386 bytes on.
    let garlic = [&[0xbe, 0x03, 0x87, 0x03][..], &[7; 391]].concat();
    let record = verify_addresses([&GOOD[..], &garlic, &GOOD]);
    let kept: Vec<_> = record.addresses().map(|address| address.as_bytes().to_vec()).collect();
    assert_eq!(kept, [&GOOD[..], &garlic]);
    // As many of the longest as an envelope holds, each where it is.
    let many: Vec<_> = (10..25).map(|port: u8| [longest.as_ref(), &[port]].concat()).collect();
    let many: Vec<_> = many
        .iter()
        .map(|bytes| [&bytes[..MAX_ADDRESS_LEN - 1], &bytes[MAX_ADDRESS_LEN..]].concat())
        .collect();
    let record = verify_addresses(many.iter().map(Vec::as_slice));
    assert!(record.addresses().map(|address| address.as_bytes().to_vec()).eq(many));
}

#[test]
fn text_shows_no_component_that_is_not_there() {
    let bytes = with_value(&[54], b"a\x1b[2J\n");
    let record = verify_addresses([&bytes[..]]);
    assert_eq!(texts(&record), ["/dns4/a%1B[2J%0A"]);
    assert_eq!(record.addresses().next().unwrap().as_bytes(), bytes);
    // What a store kept from before such names were skipped is shown whole.
    let bytes = [with_value(&[54], b"a/tcp/1"), with_value(&[42], b"")].concat();
    let stored = Address::dangerous_assume_normalized(&bytes);
    assert_eq!(stored.to_string(), "/dns4/a%2Ftcp%2F1/ip6zone/");
    assert_eq!(stored.to_multiaddr().as_ref(), bytes);

    let path = b"/tmp/p2p.sock";
    let bytes = [&[0x90, 0x03, u8::try_from(path.len()).unwrap()][..], path].concat();
    assert_eq!(texts(&verify_addresses([&bytes[..]])), ["/unix/%2Ftmp%2Fp2p.sock"]);
}

#[test]
fn s13_normalising_is_the_same_everywhere_and_idempotent() {
    let own = keypair(1).peer_id();
    let kept = multiaddr("/ip4/192.0.2.1/tcp/4001");
    let given = multiaddr(&format!("/ip4/192.0.2.1/tcp/4001/p2p/{own}"));
    for address in [&given, &kept] {
        let normalized = normalize_address(address.as_ref(), &own).unwrap();
        assert_eq!(normalized.to_multiaddr(), kept);
    }
    let record = verify_addresses([given.as_ref()]);
    assert_eq!(record.addresses().next().unwrap().to_multiaddr(), kept);
    assert_eq!(normalize_address(b"", &own), Err(AddressDefect::Empty));
}

#[test]
fn an_address_of_nobody_in_particular_is_read_with_its_suffix() {
    let suffixed = multiaddr(&format!("/ip4/192.0.2.1/tcp/1/p2p/{}", keypair(9).peer_id()));
    let address = Address::from_bytes(suffixed.as_ref()).unwrap();
    assert_eq!(address.as_ref(), suffixed.to_vec());
    assert_eq!(address.to_multiaddr(), suffixed);
    assert_eq!(format!("{address:?}"), suffixed.to_string());
    assert_eq!(Address::from_bytes(b""), Err(AddressDefect::Empty));
    assert_eq!(Address::from_bytes(&GOOD[..7]), Err(AddressDefect::Malformed));
    assert_eq!(Address::from_bytes(&[0xff, 0x7f]), Err(AddressDefect::UnknownProtocol));
    let name = |len: usize| multiaddr(&format!("/dns/{}/tcp/1", "a".repeat(len)));
    let longest = name(MAX_ADDRESS_LEN - 6);
    assert!(Address::from_bytes(longest.as_ref()).is_ok());
    let longer = name(MAX_ADDRESS_LEN - 5);
    assert_eq!(Address::from_bytes(longer.as_ref()), Err(AddressDefect::TooLong));
}
