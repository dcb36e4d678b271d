//! The IANA IPv4 and IPv6 Special-Purpose Address Registries, and the multicast ones.
//!
//! Ranges are looked for in their order, so that an exception stands before what it is one of.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::embedded::{embedded_ipv4, is_teredo, local_nat64};
use crate::scope::Scope;

/// A range of IPv4 addresses: its first, and how many bits all of it share.
type Ipv4Range = ([u8; 4], u32, Scope);

const IPV4: &[Ipv4Range] = &[
    ([0, 0, 0, 0], 32, Scope::Unspecified),
    ([0, 0, 0, 0], 8, Scope::Reserved),
    ([10, 0, 0, 0], 8, Scope::Private),
    // Of Alibaba Cloud.
    ([100, 100, 100, 200], 32, Scope::Metadata),
    ([100, 64, 0, 0], 10, Scope::Shared),
    ([127, 0, 0, 0], 8, Scope::Loopback),
    // Of Azure: a global address that leads to the host below.
    ([168, 63, 129, 16], 32, Scope::Metadata),
    // Of Tencent Cloud, of Scaleway, of nearly every cloud, and of containers and pods on AWS.
    ([169, 254, 0, 23], 32, Scope::Metadata),
    ([169, 254, 42, 42], 32, Scope::Metadata),
    ([169, 254, 169, 254], 32, Scope::Metadata),
    ([169, 254, 170, 2], 32, Scope::Metadata),
    ([169, 254, 170, 23], 32, Scope::Metadata),
    ([169, 254, 0, 0], 16, Scope::LinkLocal),
    ([172, 16, 0, 0], 12, Scope::Private),
    // Port Control Protocol and TURN anycast: the two reachable addresses of their range.
    ([192, 0, 0, 9], 32, Scope::Global),
    ([192, 0, 0, 10], 32, Scope::Global),
    // Of Oracle Cloud.
    ([192, 0, 0, 192], 32, Scope::Metadata),
    ([192, 0, 0, 0], 24, Scope::Reserved),
    ([192, 0, 2, 0], 24, Scope::Documentation),
    ([192, 88, 99, 0], 24, Scope::Reserved),
    ([192, 168, 0, 0], 16, Scope::Private),
    ([198, 18, 0, 0], 15, Scope::Benchmarking),
    ([198, 51, 100, 0], 24, Scope::Documentation),
    ([203, 0, 113, 0], 24, Scope::Documentation),
    ([224, 0, 0, 0], 4, Scope::Multicast),
    ([255, 255, 255, 255], 32, Scope::Multicast),
    ([240, 0, 0, 0], 4, Scope::Reserved),
];

/// A range of IPv6 addresses, likewise.
type Ipv6Range = ([u16; 8], u32, Scope);

const IPV6: &[Ipv6Range] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, Scope::Unspecified),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Scope::Loopback),
    // NAT64 of a site's own: where it leads is the site's affair.
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Scope::Private),
    ([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, Scope::Benchmarking),
    // Protocol assignments. Some are reachable, as anycast or as identifiers; nobody listens there.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Scope::Reserved),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Scope::Documentation),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Scope::Documentation),
    ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, Scope::Global),
    // Of AWS for pods and for machines, of Scaleway, of Kubernetes nodes on IPv6, of Google Cloud.
    ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128, Scope::Metadata),
    ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, Scope::Metadata),
    ([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128, Scope::Metadata),
    ([0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1], 128, Scope::Metadata),
    ([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, Scope::Metadata),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Scope::UniqueLocal),
    // Of OpenStack.
    ([0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128, Scope::Metadata),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Scope::LinkLocal),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Scope::Multicast),
];

pub(crate) fn of_ipv4(ip: Ipv4Addr) -> Scope {
    let bits = u32::from(ip);
    let is_within = |(first, len, _): &&Ipv4Range| {
        let first = u32::from(Ipv4Addr::from(*first));
        (bits ^ first).checked_shr(32u32.saturating_sub(*len)).unwrap_or(0) == 0
    };
    IPV4.iter().find(is_within).map_or(Scope::Global, |(_, _, scope)| *scope)
}

pub(crate) fn of_ipv6(ip: Ipv6Addr) -> Scope {
    if let Some(embedded) = embedded_ipv4(ip) {
        return match of_ipv4(embedded) {
            Scope::Global if is_teredo(ip) => Scope::Reserved,
            scope => scope,
        };
    }
    if local_nat64(ip).into_iter().flatten().any(|ip| of_ipv4(ip) == Scope::Metadata) {
        return Scope::Metadata;
    }
    let bits = u128::from(ip);
    let is_within = |(first, len, _): &&Ipv6Range| {
        let first = u128::from(Ipv6Addr::from(*first));
        (bits ^ first).checked_shr(128u32.saturating_sub(*len)).unwrap_or(0) == 0
    };
    IPV6.iter().find(is_within).map_or(Scope::Reserved, |(_, _, scope)| *scope)
}
