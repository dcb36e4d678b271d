//! Judging and ranking: the plan of one peer, from candidates that were read before.

use anyhow::{Result, ensure};
use peermark::dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPlan, DialPolicy, HappyEyeballs, NoDelay,
    Ranker, Target, UserAndCertified, plan,
};
use peermark_provenance::Provenance;

use super::candidates::{NOW, Shape, Told, candidate, peer};
use super::naive;
use crate::harness::{Random, Suite, Unit, allocations};

/// How many candidates a peer has.
const SIZES: [usize; 3] = [4, 16, 64];
/// Peers of each size, one after the other: none is in the nearest cache when its turn comes, and no
/// branch is known by heart. In the cases that are called hot it is the same peer every time.
const PEERS: usize = 32;
/// Addresses that are read in a round.
const READ: usize = 256;

/// Peers with candidates, and the policies that judge these.
pub(super) struct Plans {
    /// For each of [`SIZES`].
    peers: Vec<(usize, Vec<Vec<Candidate>>)>,
    policies: [Box<dyn DialPolicy>; 4],
    target: Target<'static>,
    /// What candidates are made of.
    unread: Vec<(peermark::Multiaddr, Provenance)>,
}

impl Plans {
    /// Makes them, and sees to it that both contenders dial the same addresses in the same order.
    pub(super) fn new() -> Result<Self> {
        let mut random = Random::new();
        let mut hosts = 0..;
        let mut some = || {
            let shape = Shape::ALL[random.below(Shape::ALL.len())];
            (shape, hosts.next().unwrap_or(0), Told::some(&mut random))
        };
        let mut peers = Vec::new();
        for size in SIZES {
            let mut list = || -> Result<Vec<_>> {
                let new = |(shape, n, told)| candidate(shape, n, told);
                (0..size).map(|_| new(some())).collect()
            };
            peers.push((size, (0..PEERS).map(|_| list()).collect::<Result<Vec<_>>>()?));
        }
        let mut unread = || {
            let (shape, n, told) = some();
            Ok((shape.address(n)?, told.provenance()?))
        };
        let plans = Self {
            peers,
            policies: [
                Box::new(CertifiedOnly::default()),
                Box::new(CertifiedFirst::default()),
                Box::new(Any::default()),
                Box::new(UserAndCertified::default()),
            ],
            target: Target::new(peer(usize::MAX)?),
            unread: (0..READ).map(|_| unread()).collect::<Result<_>>()?,
        };
        plans.check()?;
        Ok(plans)
    }

    fn check(&self) -> Result<()> {
        for candidates in self.peers.iter().flat_map(|(_, peers)| peers) {
            for policy in &self.policies {
                let ours = self.plan(candidates, &**policy, &NoDelay);
                let is_whole = ours.dials().len() + ours.refused().len() == candidates.len();
                ensure!(is_whole, "{}: a candidate is missing", policy.name());
                let ours: Vec<_> = ours
                    .stages()
                    .flat_map(|stage| stage.dials.iter().map(move |dial| (stage.number, dial)))
                    .map(|(stage, dial)| (stage, candidates[dial.candidate()].address()))
                    .collect();
                let theirs = naive::sorted(candidates, &**policy);
                ensure!(ours == theirs, "{}: another order", policy.name());
            }
        }
        Ok(())
    }

    /// Adds the cases of plans, and of reading what plans are made of.
    pub(super) fn add_to<'a>(&'a self, suite: &mut Suite<'a>) {
        let ranker = HappyEyeballs::default();
        for (size, peers) in &self.peers {
            for policy in &self.policies {
                let what = format!("plan-{size}-{}", policy.name());
                suite.timed(format!("{what}/ours"), PEERS, move |n| {
                    self.plan(&peers[n % PEERS], &**policy, &ranker)
                });
                suite.timed(format!("{what}/naive-sort"), PEERS, |n| {
                    naive::sorted(&peers[n % PEERS], &**policy)
                });
            }
        }
        let Some((size, peers)) = self.peers.last() else { return };
        for policy in &self.policies {
            let what = format!("plan-{size}-hot-{}", policy.name());
            suite.timed(format!("{what}/ours"), PEERS, move |_| {
                self.plan(&peers[0], &**policy, &ranker)
            });
        }
        for policy in &self.policies {
            let what = format!("allocations-{size}-{}", policy.name());
            suite.counted(format!("{what}/ours"), Unit::Count, move || {
                each(peers, |peer| self.plan(peer, &**policy, &ranker))
            });
            suite.counted(format!("{what}/naive-sort"), Unit::Count, || {
                each(peers, |peer| naive::sorted(peer, &**policy))
            });
        }
        suite.timed("candidate/ours", READ, |n| {
            let (address, provenance) = &self.unread[n % READ];
            Candidate::new(address.clone(), provenance, NOW)
        });
    }

    fn plan(
        &self,
        candidates: &[Candidate],
        policy: &dyn DialPolicy,
        ranker: &impl Ranker,
    ) -> DialPlan {
        plan(&self.target, candidates, policy, ranker)
    }
}

/// The allocations for each peer.
fn each<'a, R>(peers: &'a [Vec<Candidate>], operation: impl Fn(&'a [Candidate]) -> R) -> Vec<f64> {
    peers.iter().map(|peer| allocations(|| operation(peer)).count as f64).collect()
}
