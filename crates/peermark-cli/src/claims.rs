//! What is known of addresses, as a table for people: address, class, who says so, for how long.

use std::io::{self, Write};
use std::time::Duration;

use peermark::peer_record::address_text;
use peermark::peerstore::PeerAddress;
use peermark::provenance::{ClaimKind, Expiry, Provenance, Timestamp};

use crate::table::{self, Align, Table};

/// Writes the table.
pub(crate) fn write(
    out: &mut impl Write,
    addresses: &[PeerAddress],
    now: Timestamp,
) -> io::Result<()> {
    let aligns = [Align::Left, Align::Left, Align::Left, Align::Right];
    let mut table = Table::new(["address", "class", "who says so", "for"], aligns);
    for PeerAddress { address, class, provenance, .. } in addresses {
        let address = address_text(address);
        table.row([address, class.to_string(), sources(provenance), remaining(provenance, now)]);
    }
    table.write(out, 2, table::width())
}

fn sources(provenance: &Provenance) -> String {
    let name = |kind: &ClaimKind| match kind {
        ClaimKind::Certified(certification) => format!("record {}", certification.seq()),
        ClaimKind::Dialed => "dialed".to_owned(),
        ClaimKind::Reported(source) => source.kind().to_string(),
    };
    let names: Vec<_> = provenance.claims().iter().map(|claim| name(claim.kind())).collect();
    names.join(", ")
}

fn remaining(provenance: &Provenance, now: Timestamp) -> String {
    match provenance.expiry() {
        Some(Expiry::At(at)) => time(at.saturating_since(now)),
        Some(Expiry::AfterDisconnect(_)) => "connected".to_owned(),
        None => String::new(),
    }
}

/// A time that is left, in the largest unit of which there is one.
pub(crate) fn time(left: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    /// What lives for decades lives longer than this program.
    const DECADE: u64 = 10 * 365 * 24 * HOUR;
    match left.as_secs() {
        secs if secs > DECADE => "for ever".to_owned(),
        // Nobody wants to read of sixty minutes.
        secs if secs.div_ceil(MINUTE) >= 60 => format!("{} h", secs.div_ceil(HOUR)),
        secs @ MINUTE.. => format!("{} min", secs.div_ceil(MINUTE)),
        secs => format!("{secs} s"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::time;

    #[test]
    fn times_are_rounded_up_in_their_unit() {
        for (secs, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "2 min"),
            (3540, "59 min"),
            (3541, "1 h"),
            (3600, "1 h"),
            (3601, "2 h"),
            (172_800, "48 h"),
            (u64::MAX, "for ever"),
        ] {
            assert_eq!(time(Duration::from_secs(secs)), text);
        }
    }
}
