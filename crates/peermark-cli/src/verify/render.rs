//! Verdicts as text: JSON, a line, or a few lines.

use std::io::Write;

use peermark::peer_record::{Address, CertifiedRecord, SkippedAddresses, Stage};
use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::json::{self, Hex, Text};
use crate::output::Paint;
use crate::refusal::Refusal;

/// How verdicts are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    /// One object per line.
    Json,
    /// For a person.
    Human(Paint),
}

/// One line for one verdict.
pub(super) fn line(style: Style, verdict: &Result<CertifiedRecord, Refusal>, out: &mut Vec<u8>) {
    let written = match style {
        Style::Json => object(verdict, out),
        Style::Human(paint) => short(paint, verdict, out).map_err(Failure::from),
    };
    debug_assert!(written.is_ok(), "a vector takes every write");
}

/// What is to be said of an input that is one envelope.
pub(super) fn whole(
    style: Style,
    name: Option<&str>,
    verdict: &Result<CertifiedRecord, Refusal>,
    out: &mut Vec<u8>,
) {
    let written = match style {
        Style::Json => object(verdict, out),
        Style::Human(paint) => long(paint, name, verdict, out).map_err(Failure::from),
    };
    debug_assert!(written.is_ok(), "a vector takes every write");
}

#[derive(Serialize)]
struct Accepted<'a> {
    ok: bool,
    peer_id: Text<peermark::identity::PeerId>,
    key_type: &'static str,
    dialect: Text<peermark::peer_record::Dialect>,
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: Text<u64>,
    addresses: Addresses<'a>,
    skipped_addresses: u16,
    envelope: Hex<'a>,
}

#[derive(Serialize)]
struct Refused {
    ok: bool,
    stage: Text<Stage>,
    error: String,
}

struct Addresses<'a>(&'a CertifiedRecord);

impl Serialize for Addresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.addresses().map(Text::<Address<'_>>))
    }
}

fn object(verdict: &Result<CertifiedRecord, Refusal>, out: &mut Vec<u8>) -> Result<(), Failure> {
    match verdict {
        Ok(record) => json::line(
            out,
            &Accepted {
                ok: true,
                peer_id: Text(record.peer_id()),
                key_type: record.signer().key_type().name(),
                dialect: Text(record.dialect()),
                seq: Text(record.seq().value()),
                addresses: Addresses(record),
                skipped_addresses: record.skipped_addresses().total(),
                envelope: Hex(record.as_bytes()),
            },
        ),
        Err(refusal) => json::line(
            out,
            &Refused { ok: false, stage: Text(refusal.stage()), error: refusal.to_string() },
        ),
    }
}

fn short(
    paint: Paint,
    verdict: &Result<CertifiedRecord, Refusal>,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    match verdict {
        Ok(record) => {
            let good = paint.good();
            let (peer_id, seq) = (record.peer_id(), record.seq());
            let addresses = count(record.addresses().len(), "address", "addresses");
            write!(out, "{good}ok{good:#}       {peer_id}  seq {seq}  {addresses}")?;
            match record.skipped_addresses().total() {
                0 => writeln!(out),
                skipped => writeln!(out, ", {skipped} skipped"),
            }
        }
        Err(refusal) => {
            let (bad, stage) = (paint.bad(), refusal.stage());
            writeln!(out, "{bad}refused{bad:#}  {stage}  {refusal}")
        }
    }
}

fn long(
    paint: Paint,
    name: Option<&str>,
    verdict: &Result<CertifiedRecord, Refusal>,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    if let Some(name) = name {
        let strong = paint.strong();
        writeln!(out, "{strong}{name}{strong:#}")?;
    }
    let record = match verdict {
        Ok(record) => record,
        Err(refusal) => {
            let (bad, stage) = (paint.bad(), refusal.stage());
            return writeln!(out, "{bad}refused{bad:#} at stage {stage}: {refusal}");
        }
    };
    let good = paint.good();
    writeln!(out, "{good}verified{good:#}: {}", record.peer_id())?;
    writeln!(out, "  key        {}", record.signer().key_type())?;
    writeln!(out, "  dialect    {}", record.dialect())?;
    writeln!(out, "  seq        {}", record.seq())?;
    let mut label = "addresses";
    for address in record.addresses() {
        writeln!(out, "  {label:9}  {address}")?;
        label = "";
    }
    if record.addresses().len() == 0 {
        writeln!(out, "  {label:9}  none: the peer withdraws what it said before")?;
    }
    let skipped = record.skipped_addresses();
    if skipped.total() > 0 {
        writeln!(out, "  skipped    {}", reasons(skipped))?;
    }
    Ok(())
}

/// How many addresses were skipped for which reason.
pub(crate) fn reasons(skipped: SkippedAddresses) -> String {
    [
        (skipped.empty, "empty"),
        (skipped.too_long, "too long"),
        (skipped.unknown_protocol, "of an unknown protocol"),
        (skipped.malformed, "malformed"),
        (skipped.foreign_peer_id, "of another peer"),
        (skipped.empty_value, "with an empty name or path"),
        (skipped.slash_in_name, "with a slash in a name"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, reason)| format!("{count} {reason}"))
    .collect::<Vec<_>>()
    .join(", ")
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
