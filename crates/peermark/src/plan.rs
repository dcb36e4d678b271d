//! From what the book has of a peer to a plan for dialing it.

use core::fmt;

use peermark_dial_policy::{
    Candidate, DialPlan, DialPolicy, HappyEyeballs, Ranker, Target, Timeline, plan,
};
use peermark_identity::PeerId;
use peermark_peer_record::address_text;
use peermark_peerstore::Engine;

use crate::book::PeerBook;
use crate::clock::Clock;

/// A plan for dialing a peer, with the addresses that it is about.
///
/// [`Display`](fmt::Display) is a timeline for people; with the feature `serde` it serialises.
#[derive(Clone, Debug)]
pub struct PeerPlan {
    peer: PeerId,
    policy: String,
    candidates: Vec<Candidate>,
    plan: DialPlan,
}

impl PeerPlan {
    /// The peer.
    #[must_use]
    pub const fn peer(&self) -> &PeerId {
        &self.peer
    }

    /// All addresses that are known of it, dialed or refused.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The stages, the delays, and the reasons.
    #[must_use]
    pub const fn plan(&self) -> &DialPlan {
        &self.plan
    }

    /// Returns the plan as a picture: an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        self.show(|timeline| timeline.svg())
    }

    /// Shows it to `read`.
    fn show<R>(&self, read: impl FnOnce(Timeline<'_>) -> R) -> R {
        let target = Target::new(self.peer);
        let timeline = self.plan.show(&target, &self.policy, &self.candidates);
        read(timeline.with_text(address_text))
    }
}

impl fmt::Display for PeerPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(|timeline| timeline.fmt(f))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for PeerPlan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.show(|timeline| timeline.serialize(serializer))
    }
}

impl<E: Engine, C: Clock> PeerBook<E, C> {
    /// The addresses of a peer as a dial policy sees them: with what is claimed of each now, and what
    /// dialing it taught. Every address of a contradiction was signed by the peer: those of the record
    /// that is held are certified like any other.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn candidates(&self, peer: &PeerId) -> Result<Vec<Candidate>, E::Error> {
        let now = self.now();
        let candidate = |known: peermark_peerstore::PeerAddress| {
            Candidate::new(known.address, &known.provenance, now)
        };
        Ok(self.addresses(peer)?.into_iter().map(candidate).collect())
    }

    /// Which addresses of a peer to dial, in which stages and when, and why not the others: by this
    /// policy and the happy-eyeballs schedule.
    ///
    /// # Examples
    ///
    /// ```
    /// use peermark::dial_policy::{CertifiedFirst, Nothing, UserAndCertified};
    /// use peermark::identity::Keypair;
    /// use peermark::provenance::Source;
    /// use peermark::PeerBook;
    ///
    /// let book = PeerBook::in_memory();
    /// let alice = Keypair::generate_ed25519()?.peer_id();
    /// let plan = book.plan(&alice, &UserAndCertified::default())?;
    /// assert_eq!(plan.plan().nothing(), Some(Nothing::NoAddress));
    ///
    /// let _ = book.report(&alice, &["/ip4/1.2.3.4/tcp/4001".parse()?], &Source::DHT)?;
    /// println!("{}", book.plan(&alice, &CertifiedFirst::default())?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn plan(
        &self,
        peer: &PeerId,
        policy: &(impl DialPolicy + ?Sized),
    ) -> Result<PeerPlan, E::Error> {
        let target = Target::new(*peer);
        self.plan_for(&target, policy, &HappyEyeballs::default())
    }

    /// As [`Self::plan`], by a node that says who it is, and with a schedule of its own.
    ///
    /// # Errors
    ///
    /// Returns the engine's error if the storage fails.
    pub fn plan_for(
        &self,
        target: &Target<'_>,
        policy: &(impl DialPolicy + ?Sized),
        ranker: &(impl Ranker + ?Sized),
    ) -> Result<PeerPlan, E::Error> {
        let candidates = self.candidates(&target.peer)?;
        let plan = plan(target, &candidates, policy, ranker);
        let policy = policy.name().to_owned();
        Ok(PeerPlan { peer: target.peer, policy, candidates, plan })
    }
}
