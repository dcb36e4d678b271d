//! What `peermark dial` shows: a line for each thing that happens, or one JSON object.

use std::io::Write as _;
use std::time::Duration;

use peermark::Multiaddr;
use peermark::dialer::{AttemptId, DialError};
use peermark::identity::PeerId;
use peermark::provenance::address_text;
use serde::Serialize;

use crate::complaint::escape;
use crate::failure::Failure;
use crate::json;
use crate::output::Output;

/// What is shown, and what is kept of it for JSON.
pub(super) struct Report {
    out: Output,
    is_json: bool,
    object: Object,
    /// The attempt of each dial of the object.
    attempts: Vec<AttemptId>,
}

#[derive(Debug, Serialize)]
struct Object {
    peer: Option<String>,
    policy: String,
    scopes: &'static str,
    /// What was tried: a TCP connection, and no handshake.
    transport: &'static str,
    connected: Option<String>,
    took_ms: Option<u64>,
    error: Option<String>,
    dials: Vec<Dial>,
    refused: Vec<Refused>,
    skipped: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Dial {
    address: String,
    at_ms: u64,
    took_ms: Option<u64>,
    outcome: &'static str,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Refused {
    address: String,
    reason: String,
}

impl Report {
    pub(super) fn new(
        peer: Option<&PeerId>,
        policy: &str,
        scopes: &'static str,
        is_json: bool,
    ) -> Self {
        let object = Object {
            peer: peer.map(ToString::to_string),
            policy: policy.to_owned(),
            scopes,
            transport: "tcp-connect",
            connected: None,
            took_ms: None,
            error: None,
            dials: Vec::new(),
            refused: Vec::new(),
            skipped: Vec::new(),
        };
        Self { out: Output::stdout(), is_json, object, attempts: Vec::new() }
    }

    /// An address that is not tried.
    pub(super) fn skip(&mut self, address: &Multiaddr, reason: &str) {
        let (address, reason) = (address_text(address), reason.to_owned());
        self.object.skipped.push(Refused { address, reason });
    }

    pub(super) fn begin(&mut self, count: usize) -> Result<(), Failure> {
        if self.is_json {
            return Ok(());
        }
        let addresses = if count == 1 { "address" } else { "addresses" };
        let Object { policy, scopes, .. } = &self.object;
        writeln!(
            self.out,
            "{count} {addresses}, policy {policy}, scopes {scopes}; TCP connections alone: what \
             answers did not prove its peer id"
        )?;
        Ok(self.out.flush()?)
    }

    pub(super) fn dial(
        &mut self,
        attempt: AttemptId,
        address: &Multiaddr,
        at: Duration,
    ) -> Result<(), Failure> {
        let address = address_text(address);
        self.line(at, "dial", &address, None)?;
        self.attempts.push(attempt);
        let (at_ms, outcome) = (millis(at), "unfinished");
        self.object.dials.push(Dial { address, at_ms, took_ms: None, outcome, reason: None });
        Ok(())
    }

    pub(super) fn ended(
        &mut self,
        attempt: AttemptId,
        outcome: &'static str,
        reason: Option<String>,
        at: Duration,
    ) -> Result<(), Failure> {
        let place = self.attempts.iter().position(|known| *known == attempt);
        let Some(dial) = place.and_then(|place| self.object.dials.get_mut(place)) else {
            return Ok(());
        };
        dial.took_ms = Some(millis(at).saturating_sub(dial.at_ms));
        (dial.outcome, dial.reason) = (outcome, reason.map(|reason| escape(&reason)));
        let (address, reason) = (dial.address.clone(), dial.reason.clone());
        self.line(at, outcome, &address, reason.as_deref())
    }

    pub(super) fn connected(&mut self, address: &Multiaddr, at: Duration) {
        self.object.connected = Some(address_text(address));
        self.object.took_ms = Some(millis(at));
    }

    pub(super) fn failed(&mut self, error: &DialError) {
        self.object.error = Some(error.cause.to_string());
        let dialed = |address: &String| self.object.dials.iter().any(|it| it.address == *address);
        let told = error.addresses.iter().map(|(address, why)| (address_text(address), why));
        let refused = told.filter(|(address, _)| !dialed(address));
        self.object.refused =
            refused.map(|(address, why)| Refused { address, reason: why.to_string() }).collect();
    }

    /// Writes what is left. Returns whether there was a connection.
    pub(super) fn end(mut self) -> Result<bool, Failure> {
        let is_good = self.object.connected.is_some();
        if self.is_json {
            json::line(&mut self.out, &self.object)?;
            self.out.flush()?;
            return Ok(is_good);
        }
        let paint = self.out.paint();
        for (what, all) in [("refused", &self.object.refused), ("skipped", &self.object.skipped)] {
            for Refused { address, reason } in all {
                let style = paint.faint();
                writeln!(self.out, "{:>10}  {style}{what:<9}{style:#}  {address}: {reason}", "")?;
            }
        }
        match (&self.object.connected, self.object.took_ms, &self.object.error) {
            (Some(address), Some(took), _) => {
                let style = paint.good();
                writeln!(self.out, "{style}connected{style:#} to {address} after {took} ms")?;
            }
            (.., error) => {
                let style = paint.bad();
                let why = error.as_deref().unwrap_or("nothing was dialed");
                writeln!(self.out, "{style}not connected{style:#}: {why}")?;
            }
        }
        self.out.flush()?;
        Ok(is_good)
    }

    /// A line for what just happened, which a person sees at once.
    fn line(
        &mut self,
        at: Duration,
        what: &str,
        address: &str,
        reason: Option<&str>,
    ) -> Result<(), Failure> {
        if self.is_json {
            return Ok(());
        }
        let paint = self.out.paint();
        let style = match what {
            "connected" => paint.good(),
            "failed" => paint.bad(),
            "dial" => paint.strong(),
            _ => paint.faint(),
        };
        write!(self.out, "{:>7} ms  {style}{what:<9}{style:#}  {address}", millis(at))?;
        if let Some(reason) = reason {
            write!(self.out, ": {reason}")?;
        }
        writeln!(self.out)?;
        Ok(self.out.flush()?)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
