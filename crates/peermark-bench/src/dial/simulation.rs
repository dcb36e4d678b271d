//! How long it takes until a peer is reached, in the time of the simulation: one request, driven by
//! the coordinator itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use peermark::dial_policy::{
    Any, Candidate, CertifiedFirst, DialPolicy, HappyEyeballs, NoDelay, Ranker, UserAndCertified,
};
use peermark::dialer::{Action, AttemptId, Config, Dialer, Moment, Request};
use peermark_provenance::DialOutcome;

use super::candidates::peer;
use super::networks::{Fate, Network};

/// When whoever dials gives a silent address up: as go-libp2p does.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);
/// When it begins.
const NOW: Moment = Moment::from_secs(1_000_000);
/// When a request gives up.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// A way to go about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Everything at once, eight at a time.
    AllAtOnce,
    /// The schedule of go-libp2p, over everything.
    HappyEyeballs,
    /// Certified addresses, and the others when these failed.
    CertifiedFirst,
    /// The same, the others after a second at the latest.
    CertifiedFirst1s,
    /// The others only where there is none that is certified.
    UserCertified,
}

impl Strategy {
    pub(super) const ALL: [Self; 5] = [
        Self::AllAtOnce,
        Self::HappyEyeballs,
        Self::CertifiedFirst,
        Self::CertifiedFirst1s,
        Self::UserCertified,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AllAtOnce => "all-at-once",
            Self::HappyEyeballs => "happy-eyeballs",
            Self::CertifiedFirst => "certified-first",
            Self::CertifiedFirst1s => "certified-first-1s",
            Self::UserCertified => "user-certified",
        }
    }

    fn ranker(self) -> Arc<dyn Ranker + Send + Sync> {
        match self {
            Self::AllAtOnce => Arc::new(NoDelay),
            _ => Arc::new(HappyEyeballs::default()),
        }
    }

    fn policy(self) -> Arc<dyn DialPolicy + Send + Sync> {
        let first = CertifiedFirst::default();
        match self {
            Self::AllAtOnce | Self::HappyEyeballs => Arc::new(Any::default()),
            Self::CertifiedFirst => Arc::new(first),
            Self::CertifiedFirst1s => Arc::new(first.with_head_start(Duration::from_secs(1))),
            Self::UserCertified => Arc::new(UserAndCertified::default()),
        }
    }
}

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Until the peer was reached; `None` where it was not.
    pub(super) took: Option<Duration>,
    /// Dials that were begun until then.
    pub(super) dials: usize,
    /// Those of them to addresses that are not certified.
    pub(super) uncertified: usize,
}

/// One request for the peer of this network.
pub(super) fn run(network: &Network, strategy: Strategy) -> Result<Outcome> {
    let mut config = Config::default();
    config.ranker = strategy.ranker();
    let mut dialer = Dialer::new(config);
    let candidates: Vec<Candidate> = network.0.iter().map(|(it, _)| it.clone()).collect();
    let (target, deadline) = (peer(0)?, NOW.saturating_add(DEADLINE));
    let request = Request { candidates, ..Request::new(target, strategy.policy(), deadline) };
    dialer.request(request, NOW)?;

    let mut now = NOW;
    let mut outcome = Outcome { took: None, dials: 0, uncertified: 0 };
    let mut ends: BTreeMap<(Moment, AttemptId), DialOutcome> = BTreeMap::new();
    loop {
        match dialer.poll(now) {
            Action::Dial { attempt, address, .. } => {
                let known = network.0.iter().find(|(it, _)| *it.address() == address);
                let (candidate, fate) = known.context("an address that nobody named")?;
                outcome.dials += 1;
                outcome.uncertified += usize::from(!candidate.is_certified());
                let (after, result) = fate.end();
                ends.insert((now.saturating_add(after), attempt), result);
            }
            Action::Cancel { attempt } => {
                ends.retain(|(_, other), _| *other != attempt);
                dialer.dialed(attempt, DialOutcome::Cancelled, now);
            }
            Action::Complete { .. } => {
                outcome.took = Some(now.saturating_since(NOW));
                return Ok(outcome);
            }
            Action::Fail { .. } => return Ok(outcome),
            Action::WaitUntil(wake) => {
                let end = ends.keys().next().copied();
                let next = wake.into_iter().chain(end.map(|(at, _)| at)).min();
                let Some(next) = next else { bail!("a request that never ends") };
                now = next;
                if let Some((at, attempt)) = end.filter(|(at, _)| *at <= now)
                    && let Some(result) = ends.remove(&(at, attempt))
                {
                    dialer.dialed(attempt, result, now);
                }
            }
        }
    }
}

impl Fate {
    fn end(self) -> (Duration, DialOutcome) {
        match self {
            Self::Answers(after) => (after.min(TIMEOUT), DialOutcome::Success),
            Self::Refuses(after) => (after, DialOutcome::Failure),
            Self::Lies(after) => (after, DialOutcome::WrongPeer),
            Self::Silent => (TIMEOUT, DialOutcome::Failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial::candidates::{Shape, Told, candidate};

    #[test]
    fn hearsay_is_dialed_when_its_time_comes() {
        let ms = Duration::from_millis;
        let silent = (candidate(Shape::Quic4, 1, Told::Certified).unwrap(), Fate::Silent);
        let answers = Fate::Answers(ms(40));
        let there = (candidate(Shape::Tcp4, 2, Told::Dht).unwrap(), answers);
        let network = Network(vec![silent, there]);
        let check = |strategy, took: Option<u64>, dials, uncertified| {
            let expected = Outcome { took: took.map(ms), dials, uncertified };
            assert_eq!(run(&network, strategy).unwrap(), expected, "{strategy:?}");
        };
        check(Strategy::AllAtOnce, Some(40), 2, 1);
        check(Strategy::HappyEyeballs, Some(250 + 40), 2, 1);
        check(Strategy::CertifiedFirst, Some(15_000 + 40), 2, 1);
        check(Strategy::CertifiedFirst1s, Some(1_000 + 40), 2, 1);
        check(Strategy::UserCertified, None, 1, 0);
    }
}
