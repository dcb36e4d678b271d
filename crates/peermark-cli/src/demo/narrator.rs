//! Who tells the story, and checks it.

use std::fmt::Display;
use std::io::Write;

use peermark::peer_record::{CertifiedRecord, Dialects, Stage};
use peermark::peerstore::PeerAddress;
use peermark::provenance::Timestamp;

use crate::claims;
use crate::failure::{Failure, Status};
use crate::output::{Output, Paint};

/// Writes scenes, and remembers whether all was as told.
pub(super) struct Narrator {
    out: Output,
    paint: Paint,
    first: bool,
    as_told: bool,
}

impl Narrator {
    pub(super) fn new(out: Output) -> Self {
        Self { paint: out.paint(), out, first: true, as_told: true }
    }

    /// Begins a scene.
    pub(super) fn scene(&mut self, title: &str) -> Result<(), Failure> {
        if !self.first {
            writeln!(self.out)?;
        }
        self.first = false;
        let strong = self.paint.strong();
        Ok(writeln!(self.out, "{strong}{title}{strong:#}")?)
    }

    /// Tells a fact.
    pub(super) fn tell(&mut self, label: &str, fact: impl Display) -> Result<(), Failure> {
        Ok(writeln!(self.out, "  {label:9}  {fact}")?)
    }

    /// Tells what is known of addresses.
    pub(super) fn claims(
        &mut self,
        addresses: &[PeerAddress],
        now: Timestamp,
    ) -> Result<(), Failure> {
        Ok(claims::write(&mut self.out, addresses, now)?)
    }

    /// Tells a row of a plan: policy, when, and what.
    pub(super) fn row(&mut self, cells: &[&str; 3]) -> Result<(), Failure> {
        let [first, second, third] = cells;
        Ok(writeln!(self.out, "  {first:15}  {second:19}  {third}")?)
    }

    /// What was told must be so.
    pub(super) fn check(&mut self, as_told: bool) -> Result<(), Failure> {
        if !as_told {
            self.as_told = false;
            let bad = self.paint.bad();
            writeln!(self.out, "  {bad}it is not{bad:#}")?;
        }
        Ok(())
    }

    /// Verifies, which must succeed.
    pub(super) fn expect_verified(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<CertifiedRecord>, Failure> {
        match CertifiedRecord::verify(bytes, Dialects::Any) {
            Ok(record) => {
                let (good, count) = (self.paint.good(), record.addresses().len());
                writeln!(
                    self.out,
                    "  {good}verified{good:#}   {}, {count} addresses",
                    record.peer_id()
                )?;
                Ok(Some(record))
            }
            Err(error) => {
                self.tell("refused", error)?;
                self.check(false)?;
                Ok(None)
            }
        }
    }

    /// Verifies, which must fail at this stage.
    pub(super) fn expect_refused(
        &mut self,
        what: &str,
        bytes: &[u8],
        expected: Stage,
    ) -> Result<(), Failure> {
        let (bad, faint) = (self.paint.bad(), self.paint.faint());
        match CertifiedRecord::verify(bytes, Dialects::Any) {
            Ok(record) => {
                writeln!(self.out, "  {what}: verified as of {}", record.peer_id())?;
                self.check(false)
            }
            Err(error) => {
                let stage = error.stage();
                writeln!(self.out, "  {bad}refused{bad:#} at {stage}: {what}")?;
                for line in wrap(&error.to_string()) {
                    writeln!(self.out, "    {faint}{line}{faint:#}")?;
                }
                self.check(stage == expected)
            }
        }
    }

    /// Verifies the record of another implementation, which must succeed.
    pub(super) fn expect_others(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        match CertifiedRecord::verify(bytes, Dialects::Any) {
            Ok(record) => {
                let (good, count) = (self.paint.good(), record.addresses().len());
                let key_type = record.signer().key_type();
                let dialect = record.dialect();
                writeln!(
                    self.out,
                    "  {good}verified{good:#}   {name:11}  {key_type:9}  {dialect:13}  {count:2} addresses"
                )?;
                Ok(())
            }
            Err(error) => {
                self.tell("refused", format_args!("{name}: {error}"))?;
                self.check(false)
            }
        }
    }

    /// Ends the story.
    pub(super) fn finish(mut self) -> Result<Status, Failure> {
        self.out.flush()?;
        if self.as_told {
            Ok(Status::Good)
        } else {
            Err(Failure::Refused("the demo did not go as told".to_owned()))
        }
    }
}

/// Breaks text at spaces, so that it fits a screen behind an indent.
fn wrap(text: &str) -> Vec<String> {
    /// Columns of a line.
    const WIDTH: usize = 96;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len().saturating_add(word.len()) < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_fit_and_no_word_is_lost() {
        let text = "word ".repeat(50) + &"x".repeat(200);
        let lines = wrap(&text);
        assert_eq!(lines.join(" "), text);
        assert!(lines.iter().all(|line| line.len() <= 96 || !line.contains(' ')));
    }
}
