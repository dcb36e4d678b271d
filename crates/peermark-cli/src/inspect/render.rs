//! A report for a person.

use std::io::{self, Write};

use data_encoding::HEXLOWER;

use super::report::{Fate, Key, Report, State, Verdict};
use super::walk::{Found, Shown, Stop};
use crate::json::Hex;
use crate::output::Paint;
use crate::when;

/// Writes the report on `bytes`.
pub(super) fn human(
    report: &Report<'_>,
    bytes: &[u8],
    full: bool,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let (strong, bad) = (paint.strong(), paint.bad());
    writeln!(out, "{strong}envelope{strong:#} of {} bytes, from {}", report.len, report.format)?;
    if let Some(defect) = &report.defect {
        writeln!(out, "{bad}the input is no envelope{bad:#}: {defect}")?;
        writeln!(out, "what follows is about the part in front that can be read")?;
    }
    let state = if report.verified { "as received" } else { "as received, all unverified" };
    writeln!(out, "\n{strong}fields{strong:#} ({state})")?;
    fields(report, bytes, full, paint, out)?;
    meaning(report, paint, out)?;
    writeln!(out)?;
    let [one, other] = &report.verdicts;
    if one.is_same_refusal(other) {
        stages(one, &format!("{} and as {}", one.dialect.0, other.dialect.0), paint, out)?;
    } else {
        let both_have_another_type = one.is_other_dialect() && other.is_other_dialect();
        for verdict in [one, other] {
            let dialect = verdict.dialect.0.to_string();
            if verdict.is_other_dialect() && !both_have_another_type {
                writeln!(
                    out,
                    "{strong}as {dialect}{strong:#}: refused, the payload type is another"
                )?;
            } else {
                stages(verdict, &dialect, paint, out)?;
            }
        }
    }
    conclusion(report, paint, out)
}

fn fields(
    report: &Report<'_>,
    bytes: &[u8],
    full: bool,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let faint = paint.faint();
    writeln!(out, "{faint}  offset  field (number)             value{faint:#}")?;
    let mut stops = report.stops.iter().peekable();
    for (index, field) in report.fields.iter().enumerate() {
        while let Some(stop) = stops.next_if(|stop| stop.behind <= index) {
            stopped(stop, bytes, paint, out)?;
        }
        let nested = report.fields.get(index.saturating_add(1));
        let nested = nested.is_some_and(|next| next.depth > field.depth);
        one_field(field, nested, full, out)?;
    }
    for stop in stops {
        stopped(stop, bytes, paint, out)?;
    }
    Ok(())
}

fn one_field(found: &Found<'_>, nested: bool, full: bool, out: &mut impl Write) -> io::Result<()> {
    let name = found.path.rsplit('.').next().unwrap_or_default();
    let indent = found.depth.saturating_mul(2);
    let name = format!("{:indent$}{name} ({})", "", found.number);
    write!(out, "{:8}  {name:25}  ", found.offset)?;
    let meaning = found.meaning.as_deref().unwrap_or_default();
    let separator = if meaning.is_empty() { "" } else { "  " };
    match found.value {
        Shown::Varint(value) => writeln!(out, "{}{separator}{meaning}", value.0),
        Shown::Fixed64(value) => writeln!(out, "{} (64 bits)", value.0),
        Shown::Fixed32(value) => writeln!(out, "{} (32 bits)", value.0),
        Shown::Bytes(Hex(value)) => {
            write!(out, "{} bytes", value.len())?;
            if nested {
                return writeln!(out);
            }
            if full {
                writeln!(out, "{separator}{meaning}")?;
                let line = |bytes| format!("{:37}{}", "", HEXLOWER.encode(bytes));
                return value.chunks(32).try_for_each(|bytes| writeln!(out, "{}", line(bytes)));
            }
            if meaning.is_empty() {
                writeln!(out, "  {}", shortened(value))
            } else {
                writeln!(out, "{separator}{meaning}")
            }
        }
    }
}

/// The first bytes.
fn shortened(bytes: &[u8]) -> String {
    const SHOWN: usize = 20;
    match bytes.get(..SHOWN) {
        Some(front) if bytes.len() > SHOWN => format!("{}...", HEXLOWER.encode(front)),
        _ => HEXLOWER.encode(bytes),
    }
}

fn stopped(stop: &Stop, bytes: &[u8], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    /// Bytes on a line.
    const LINE: usize = 16;
    /// Lines in front of the one that matters, and behind it.
    const AROUND: usize = 1;
    let bad = paint.bad();
    writeln!(out, "{:8}  {bad}reading stopped{bad:#}: {}", stop.offset, stop.error.0)?;
    let line = stop.offset.checked_div(LINE).unwrap_or_default();
    let first = line.saturating_sub(AROUND);
    for (number, part) in bytes.chunks(LINE).enumerate().skip(first) {
        if number > line.saturating_add(AROUND) {
            break;
        }
        let start = number.saturating_mul(LINE);
        write!(out, "{start:12}  ")?;
        for (at, byte) in (start..).zip(part) {
            let (open, close) = if at == stop.offset { ('[', ']') } else { (' ', ' ') };
            write!(out, "{open}{byte:02x}{close}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn meaning(report: &Report<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let strong = paint.strong();
    if let Some(canonical) = &report.canonical {
        write!(out, "\n{strong}canonical{strong:#}  ")?;
        if canonical.same {
            writeln!(out, "yes")?;
        } else {
            let changes = canonical.changes.join("; ");
            writeln!(out, "no: the canonical form, of {} bytes, {changes}", canonical.len)?;
        }
    }
    if let Some(record) = &report.record {
        writeln!(out, "\n{strong}record{strong:#} ({})", claim(report))?;
        match &record.peer_id {
            Some(peer_id) => writeln!(out, "  peer  {}", peer_id.0)?,
            None => writeln!(out, "  peer  none that can be read")?,
        }
        let clock = when::clock(record.seq.0.into()).map(|date| format!(" ({date})"));
        writeln!(out, "  seq   {}, a counter{}", record.seq.0, clock.unwrap_or_default())?;
        if record.addresses.is_empty() {
            writeln!(out, "  no addresses: the peer withdraws what it said before")?;
        }
        for address in &record.addresses {
            let fate = match &address.fate {
                Fate::Kept => "kept".to_owned(),
                Fate::Duplicate => "left out, a duplicate".to_owned(),
                Fate::Skipped(reason) => format!("skipped: {reason}"),
            };
            let text = address.text.clone().unwrap_or_else(|| shortened(address.bytes.0));
            writeln!(out, "  {text}  {fate}")?;
        }
    }
    Ok(())
}

fn claim(report: &Report<'_>) -> &'static str {
    if report.verified { "verified" } else { "unverified: what the payload says" }
}

fn stages(verdict: &Verdict, title: &str, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let strong = paint.strong();
    writeln!(out, "{strong}as {title}{strong:#}")?;
    for stage in &verdict.stages {
        let (style, state) = match stage.state {
            State::Passed => (paint.good(), "passed"),
            State::Refused => (paint.bad(), "refused"),
            State::NotReached => (paint.faint(), "not reached"),
        };
        let line = format!("  {:12}  {style}{state:11}{style:#}  {}", stage.stage.0, stage.why);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn conclusion(report: &Report<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let (good, bad) = (paint.good(), paint.bad());
    let verdict = report.verdicts.iter().find(|verdict| verdict.ok);
    match (verdict, &report.key) {
        (Some(verdict), Some(Key::Usable { peer_id, .. })) => {
            writeln!(
                out,
                "\n{good}verified{good:#}: the key of {} signed the payload, as {}",
                peer_id.0, verdict.dialect.0
            )?;
            let unsigned = report.fields.iter().filter(|field| field.is_unsigned());
            let unsigned: Vec<_> = unsigned.map(|field| field.number.to_string()).collect();
            if unsigned.is_empty() {
                return Ok(());
            }
            writeln!(
                out,
                "{bad}not verified{bad:#}: unknown fields of the envelope, which anybody may have \
                 put there: {}",
                unsigned.join(", ")
            )
        }
        _ => writeln!(
            out,
            "\n{bad}not verified{bad:#}: everything above is what the bytes say, and nobody has \
             proven any of it"
        ),
    }
}
