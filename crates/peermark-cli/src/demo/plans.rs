//! The end of the story: the same addresses under three policies.

use peermark::dial_policy::{Any, CertifiedFirst, CertifiedOnly, DialPolicy};
use peermark::peer_record::{Seq, address_text, parse_address};
use peermark::peerstore::Outcome;
use peermark::provenance::Source;
use peermark::{Multiaddr, PeerPlan};

use super::book::record;
use super::narrator::Narrator;
use super::{World, broken};
use crate::failure::Failure;

pub(super) fn planning(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Alice signs again, strangers say more, and Bob dials: three policies")?;
    let alice = world.alice.peer_id();
    let here = ["/ip4/192.0.2.44/udp/4001/quic-v1", "/ip4/192.0.2.44/tcp/4001"];
    let newest = record(&world.alice, 3, &here)?;
    let applied = world.book.consume(newest.as_bytes(), &Source::DHT).map_err(broken)?;
    narrator.check(applied.outcome == Outcome::Inserted && applied.seq == Seq::new(3))?;
    let hearsay = ["/ip4/198.51.100.7/tcp/4001", "/ip4/169.254.169.254/tcp/80"];
    let mut parsed: Vec<Multiaddr> = Vec::new();
    for text in hearsay {
        parsed.push(parse_address(text).map_err(broken)?);
    }
    let reported = world.book.report(&alice, &parsed, &Source::DHT)?;
    narrator.check(reported.added == parsed.len())?;

    let policies: [(&dyn DialPolicy, usize); 3] =
        [(&CertifiedOnly::default(), 2), (&CertifiedFirst::default(), 4), (&Any::default(), 4)];
    for (policy, dialed) in policies {
        let plan = world.book.plan(&alice, policy)?;
        show(&plan, policy.name(), narrator)?;
        narrator.check(plan.plan().dials().len() == dialed)?;
    }
    Ok(())
}

fn show(plan: &PeerPlan, policy: &str, narrator: &mut Narrator) -> Result<(), Failure> {
    let text = |place: usize| {
        plan.candidates().get(place).map(|known| address_text(known.address())).unwrap_or_default()
    };
    let mut name = policy;
    for stage in plan.plan().stages() {
        let mut start = stage.start.to_string();
        for dial in stage.dials {
            let when = format!("{start}, {} ms", dial.delay().as_millis());
            narrator.row(&[name, &when, &text(dial.candidate())])?;
            (name, start) = ("", "then".to_owned());
        }
    }
    for refused in plan.plan().refused() {
        let reason = refused.reason.to_string();
        narrator.row(&[name, "refused", &format!("{}: {reason}", text(refused.candidate))])?;
        name = "";
    }
    Ok(())
}
