//! Verdicts as text: JSON, a line, or a few lines.

use std::io::Write;

use peermark::peer_record::{Address, CertifiedRecord, SkippedAddresses, Stage};
use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::input::Source;
use crate::json::{self, Hex, Text};
use crate::output::Paint;
use crate::refusal::Refusal;
use crate::when;

/// How verdicts are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    /// One object per line.
    Json,
    /// For a person.
    Human(Paint),
}

/// Where an envelope stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    /// The line, unless the file is one envelope.
    pub(super) line: Option<u64>,
}

impl Place<'_> {
    /// The name of a source, as this style has it.
    pub(super) fn name_in(style: Style, source: &Source) -> String {
        match style {
            Style::Json => source.given(),
            Style::Human(_) => source.label(),
        }
    }
}

/// One line for one verdict.
pub(super) fn line(
    style: Style,
    place: Place<'_>,
    verdict: &Result<CertifiedRecord, Refusal>,
    out: &mut Vec<u8>,
) {
    let written = match style {
        Style::Json => object(place, verdict, out),
        Style::Human(paint) => short(paint, place, verdict, out).map_err(Failure::from),
    };
    debug_assert!(written.is_ok(), "a vector takes every write");
}

/// What is to be said of an input that is one envelope.
pub(super) fn whole(
    style: Style,
    place: Place<'_>,
    name: Option<&str>,
    verdict: &Result<CertifiedRecord, Refusal>,
    out: &mut Vec<u8>,
) {
    let written = match style {
        Style::Json => object(place, verdict, out),
        Style::Human(paint) => long(paint, name, verdict, out).map_err(Failure::from),
    };
    debug_assert!(written.is_ok(), "a vector takes every write");
}

#[derive(Serialize)]
struct Accepted<'a> {
    ok: bool,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
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
struct Refused<'a> {
    ok: bool,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    stage: Text<Stage>,
    error: String,
}

struct Addresses<'a>(&'a CertifiedRecord);

impl Serialize for Addresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.addresses().map(Text::<Address<'_>>))
    }
}

fn object(
    place: Place<'_>,
    verdict: &Result<CertifiedRecord, Refusal>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let Place { file, line } = place;
    match verdict {
        Ok(record) => json::line(
            out,
            &Accepted {
                ok: true,
                file,
                line,
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
            &Refused {
                ok: false,
                file,
                line,
                stage: Text(refusal.stage()),
                error: refusal.to_string(),
            },
        ),
    }
}

fn short(
    paint: Paint,
    place: Place<'_>,
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
            let (file, line) = (place.file, place.line.unwrap_or_default());
            writeln!(out, "{bad}refused{bad:#}  {file}:{line}  {stage}  {refusal}")
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
    if let Some(date) = when::clock(record.seq()) {
        writeln!(out, "             {date}")?;
    }
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
