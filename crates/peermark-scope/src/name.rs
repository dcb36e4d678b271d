//! Names of the DNS, and those that only look like one.

use std::net::IpAddr;

use crate::scope::Scope;

/// Domains that never leave a site: RFC 6762 with its appendix G, RFC 8375, and what Unix systems
/// complete bare host names with.
const OF_A_SITE: [&str; 9] =
    ["local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa", "localdomain"];

/// Names of this host: RFC 6761, and what is in the host files of many Unix systems.
const OF_THIS_HOST: [&str; 3] = ["localhost", "localhost.localdomain", "localhost6.localdomain6"];

/// Names at which clouds answer with a machine's secrets.
const OF_METADATA: [&str; 6] = [
    "metadata.google.internal",
    "metadata.goog",
    "instance-data.ec2.internal",
    // What a search domain completes to one of these.
    "instance-data",
    "metadata",
    "metadata.tencentyun.com",
];

/// Domains that are not in the public DNS, by RFC 6761, RFC 7686 and RFC 9476.
const OF_NOBODY: [&str; 5] = ["test", "example", "invalid", "alt", "onion"];

pub(crate) fn scope(name: &str) -> Scope {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Scope::of_ip(ip);
    }
    let below = |domain: &&str| {
        name.strip_suffix(*domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    let (rest, top) = name.rsplit_once('.').unwrap_or(("", &name));
    if name.split('.').any(str::is_empty) || top.starts_with(|c: char| c.is_ascii_digit()) {
        // The DNS has no empty label. No top-level domain starts with a digit: it is an address in
        // one of its old notations, and who resolves it decides which.
        Scope::Reserved
    } else if OF_METADATA.iter().any(|of| if of.contains('.') { below(of) } else { name == *of }) {
        Scope::Metadata
    } else if OF_THIS_HOST.iter().any(below) {
        Scope::Loopback
    } else if OF_NOBODY.iter().any(below) {
        Scope::Reserved
    } else if rest.is_empty() || OF_A_SITE.iter().any(below) {
        Scope::Private
    } else {
        Scope::Global
    }
}
