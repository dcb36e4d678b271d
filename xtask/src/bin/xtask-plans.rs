//! Draws plans as SVG pictures to `docs/plans/`. Started by `cargo xtask plans`.
//!
//! The pictures are those of `docs/dialing.md`: the same addresses under each policy. They are made
//! from real plans, so that a policy that changes changes its picture.

use std::fs;
use std::path::Path;

use anyhow::Result;
use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPolicy, HappyEyeballs, Target,
    UserAndCertified, plan,
};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKinds, Timestamp,
};

#[expect(clippy::print_stdout, reason = "for a person at a terminal")]
fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plans");
    fs::create_dir_all(&folder)?;
    for policy in policies() {
        let file = folder.join(format!("{}.svg", policy.name()));
        fs::write(&file, draw(&*policy)?)?;
        println!("{}", policy.name());
    }
    Ok(())
}

fn policies() -> Vec<Box<dyn DialPolicy>> {
    vec![
        Box::new(CertifiedOnly::default()),
        Box::new(CertifiedFirst::default()),
        Box::new(UserAndCertified::default()),
        Box::new(Any::default()),
    ]
}

/// What somebody says of Alice: her record, the user, strangers.
fn candidates() -> Result<Vec<Candidate>> {
    let now = Timestamp::from_secs(1_000);
    let until = Expiry::At(Timestamp::from_secs(2_000));
    let proof = Certification::dangerous_assume_verified(Seq::new(7), SourceKinds::NONE);
    let certified = Claim::certified(proof, now, until);
    let (user, heard) =
        (Claim::reported(Source::MANUAL, now, until), Claim::reported(Source::DHT, now, until));
    let claims = [
        ("/ip6/2001:db8::7/udp/4001/quic-v1", certified),
        ("/ip4/192.0.2.7/udp/4001/quic-v1", certified),
        ("/ip4/192.0.2.7/tcp/4001", certified),
        ("/dns/alice.example.com/tcp/443/tls/ws", user),
        ("/ip4/198.51.100.9/tcp/4001", heard),
        ("/ip4/169.254.169.254/tcp/80", heard),
    ];
    let made = claims.into_iter().map(|(address, claim)| {
        Ok(Candidate::new(address.parse()?, &Provenance::new([claim]), now))
    });
    made.collect()
}

fn draw(policy: &dyn DialPolicy) -> Result<String> {
    let candidates = candidates()?;
    let target = Target::new("12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?);
    let plan = plan(&target, &candidates, policy, &HappyEyeballs::default());
    Ok(plan.show(&target, policy.name(), &candidates).svg())
}
