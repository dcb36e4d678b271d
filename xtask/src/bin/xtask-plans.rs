//! Draws plans as SVG pictures to `docs/plans/`. Started by `cargo xtask plans`.
//!
//! The pictures are those of `docs/dialing.md`: the same addresses under each policy. They are made
//! from real plans, so that a policy that changes changes its picture.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPolicy, HappyEyeballs, Target,
    UserAndCertified, plan,
};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKinds, Timestamp, TrustClass,
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

/// How wide a picture is, and how high a line of it.
const WIDTH: u32 = 900;
const ROW: u32 = 26;
/// Where time begins, and how many milliseconds a point is.
const LEFT: u32 = 340;
const SCALE: u32 = 4;

fn draw(policy: &dyn DialPolicy) -> Result<String> {
    let candidates = candidates()?;
    let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
    let plan = plan(&Target::new(peer), &candidates, policy, &HappyEyeballs::default());
    let mut body = String::new();
    let mut y = 34;
    for stage in plan.stages() {
        text(&mut body, 16, y, "stage", &stage.start.to_string())?;
        y += ROW;
        for dial in stage.dials {
            let candidate = &candidates[dial.candidate()];
            let ms = u32::try_from(dial.delay().as_millis())?;
            text(&mut body, 28, y, "address", &candidate.address().to_string())?;
            let class = candidate.class().unwrap_or(TrustClass::ThirdParty);
            bar(&mut body, LEFT + ms / SCALE, y, &class.to_string(), ms)?;
            y += ROW;
        }
    }
    if !plan.refused().is_empty() {
        text(&mut body, 16, y, "stage", "refused")?;
        y += ROW;
    }
    for refused in plan.refused() {
        let address = candidates[refused.candidate].address().to_string();
        text(&mut body, 28, y, "refused", &address)?;
        text(&mut body, LEFT, y, "reason", &refused.reason.to_string())?;
        y += ROW;
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" \
         font-family=\"ui-monospace, monospace\" font-size=\"13\">\n<title>{}</title>\n{STYLE}\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n{body}</svg>\n",
        y,
        policy.name()
    ))
}

const STYLE: &str = "<style>.paper{fill:#fff}.stage{font-weight:bold;fill:#24292f}.address{fill:#24292f}\
.refused,.reason{fill:#57606a}.refused{text-decoration:line-through}.label{fill:#fff}\
.certified{fill:#1a7f37}.user{fill:#0969da}.dialed{fill:#8250df}.direct{fill:#9a6700}\
.third-party{fill:#bc4c00}@media(prefers-color-scheme:dark){.paper{fill:#0d1117}\
.stage,.address{fill:#e6edf3}.refused,.reason{fill:#8d96a0}}</style>";

fn text(out: &mut String, x: u32, y: u32, class: &str, text: &str) -> Result<()> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Ok(writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>")?)
}

fn bar(out: &mut String, x: u32, y: u32, class: &str, ms: u32) -> Result<()> {
    let top = y - 15;
    let width = WIDTH - 16 - x;
    writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"20\" rx=\"3\"/>"
    )?;
    text(out, x + 8, y, "label", &format!("{ms} ms  {class}"))
}
