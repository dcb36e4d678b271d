//! What arrives: records and reports, one by one and many at once (S1, S8).

use core::time::Duration;

use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peer_record::CertifiedRecord;
use peermark_provenance::{Source, Timestamp};

use super::Peerstore;
use crate::engine::Engine;
use crate::outcome::{Applied, Lifetime, Reported};
use crate::transition::{ApplyRecord, Delivery, ReportAddresses};

/// Addresses of one peer, as a source reports them.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the arguments of a report")]
pub struct Report<'a> {
    /// The peer.
    pub peer: PeerId,
    /// The addresses.
    pub addresses: &'a [Multiaddr],
    /// The source.
    pub source: Source,
    /// How long they are to live.
    pub ttl: Duration,
    /// How long ago the source learned them, where it says so.
    pub age: Option<Duration>,
}

impl<E: Engine> Peerstore<E> {
    /// Applies a certified record, whoever delivered it, to live for `ttl` (S1, S2).
    ///
    /// A record that is no newer, or that the store has no room for, is an
    /// [`Outcome`](crate::Outcome) and no error.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn apply(
        &self,
        record: &CertifiedRecord,
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, E::Error> {
        self.deliver(record, Delivery::new(*source, ttl), now)
    }

    /// As [`Self::apply`], with all that is known of the delivery.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn deliver(
        &self,
        record: &CertifiedRecord,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<Applied, E::Error> {
        let at = self.advance(now);
        let peer = record.peer_id();
        let applied = self.engine.update(&peer, at, &ApplyRecord::new(record, &delivery))?;
        self.account(&applied, &delivery.source);
        Ok(applied)
    }

    /// Applies many records of one source, each with an answer of its own, in their order (G1).
    pub fn apply_many(
        &self,
        records: &[CertifiedRecord],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Vec<Result<Applied, E::Error>> {
        let delivery = Delivery::new(*source, ttl);
        self.apply_each(records.iter().map(|record| (record, delivery)), now)
    }

    /// Applies many records, each as it was delivered, with an answer for each, in their order (S8).
    pub fn apply_each<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a CertifiedRecord, Delivery)>,
        now: Timestamp,
    ) -> Vec<Result<Applied, E::Error>> {
        let at = self.advance(now);
        let records: Vec<_> = records.into_iter().collect();
        let items = records
            .iter()
            .map(|(record, delivery)| (record.peer_id(), ApplyRecord::new(record, delivery)));
        let items: Vec<_> = items.collect();
        let answers = self.engine.update_many(&items, at);
        for ((_, delivery), answer) in records.iter().zip(&answers) {
            if let Ok(applied) = answer {
                self.account(applied, &delivery.source);
            }
        }
        answers
    }

    /// Adds the addresses of many peers, each as it was reported, with an answer for each, in their
    /// order (S8).
    pub fn report_each<'a>(
        &self,
        reports: impl IntoIterator<Item = Report<'a>>,
        now: Timestamp,
    ) -> Vec<Result<Reported, E::Error>> {
        let at = self.advance(now);
        let reports: Vec<_> = reports.into_iter().collect();
        let item = |report: &Report<'a>| {
            let Report { peer, addresses, source, ttl, age } = *report;
            let transition = ReportAddresses::new(peer, addresses, source, ttl, Lifetime::Extend);
            (peer, transition.learned(age.unwrap_or_default()))
        };
        let items: Vec<_> = reports.iter().map(item).collect();
        let answers = self.engine.update_many(&items, at);
        for (report, answer) in reports.iter().zip(&answers) {
            if let Ok(reported) = answer {
                self.count_reported(&report.peer, &report.source, report.addresses.len(), reported);
            }
        }
        answers
    }

    /// Adds addresses that a source reports, to live for `ttl`. A claim of the same source that is
    /// there lives until the later of its two ends. A `ttl` of zero takes the source's claims on
    /// them back.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn report(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Reported, E::Error> {
        self.report_for(peer, addresses, source, ttl, Lifetime::Extend, now)
    }

    /// As [`Self::report`], and a claim that is there ends when this says, be it earlier.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn set(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Reported, E::Error> {
        self.report_for(peer, addresses, source, ttl, Lifetime::Set, now)
    }

    fn report_for(
        &self,
        peer: &PeerId,
        addresses: &[Multiaddr],
        source: &Source,
        ttl: Duration,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<Reported, E::Error> {
        let at = self.advance(now);
        let transition = ReportAddresses::new(*peer, addresses, *source, ttl, lifetime);
        let reported = self.engine.update(peer, at, &transition)?;
        self.count_reported(peer, source, addresses.len(), &reported);
        Ok(reported)
    }

    fn count_reported(&self, peer: &PeerId, source: &Source, given: usize, reported: &Reported) {
        let metrics = self.shared().metrics();
        let not_taken = reported.dropped.saturating_add(reported.refused);
        metrics.reported(source.kind(), given.saturating_sub(not_taken), not_taken);
        self.count_evicted(reported.evicted);
        if let Some(refusal) = reported.refusal {
            metrics.refused(source.kind(), refusal);
            tracing::debug!(%peer, %source, %refusal, "addresses refused");
        }
    }
}
