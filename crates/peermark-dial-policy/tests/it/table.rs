//! D7: every policy over every set of claims, current, expired and contradicted records, whether the
//! address was dialed, said nearby or not, and every scope.
//!
//! What is expected is said here once more, in words of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, Classes, DialPolicy, NoDelay, Precedence,
    Refusal, Scopes, Start, UserAndCertified,
};
use peermark_provenance::TrustClass::{self, Certified, Dialed, Direct, ThirdParty, User};
use peermark_provenance::{DialHistory, Provenance, SourceKinds};
use peermark_scope::Scope;

use crate::support::{BY_USER, LATER, NOW, OVER, address, certified, checked, claim, of, target};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    None,
    Current,
    Over,
    Contested,
}

#[derive(Clone, Debug)]
struct Case {
    /// The classes of what is claimed beside the record.
    claims: BTreeSet<TrustClass>,
    /// Whether those claims are over.
    over: bool,
    record: Record,
    by_user: bool,
    dialed_before: bool,
    nearby: bool,
    scope: Scope,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 0..16 {
        let others = [ThirdParty, Direct, Dialed, User].into_iter().enumerate();
        let claims: BTreeSet<_> =
            others.filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, class)| class).collect();
        for record in [Record::None, Record::Current, Record::Over, Record::Contested] {
            for flags in 0..16 {
                for scope in Scope::ALL {
                    let [over, by_user, dialed_before, nearby] =
                        [1, 2, 4, 8].map(|flag| flags & flag != 0);
                    let claims = claims.clone();
                    cases.push(Case {
                        claims,
                        over,
                        record,
                        by_user,
                        dialed_before,
                        nearby,
                        scope,
                    });
                }
            }
        }
    }
    cases
}

const HOSTS: [(Scope, &str); 12] = [
    (Scope::Global, "/ip4/1.2.3.4"),
    (Scope::Private, "/ip4/192.168.1.7"),
    (Scope::UniqueLocal, "/ip6/fd00::7"),
    (Scope::Shared, "/ip4/100.64.0.7"),
    (Scope::LinkLocal, "/ip6zone/eth0/ip6/fe80::7"),
    (Scope::Loopback, "/ip4/127.0.0.1"),
    (Scope::Metadata, "/ip4/169.254.169.254"),
    (Scope::Documentation, "/ip4/192.0.2.7"),
    (Scope::Benchmarking, "/ip4/198.18.0.7"),
    (Scope::Unspecified, "/ip4/0.0.0.0"),
    (Scope::Multicast, "/ip4/224.0.0.7"),
    (Scope::Reserved, "/ip4/240.0.0.7"),
];

impl Case {
    fn candidate(&self) -> Candidate {
        let until = if self.over { OVER } else { LATER };
        let mut claims: Vec<_> = self.claims.iter().map(|class| claim(*class, until)).collect();
        let by = if self.by_user { BY_USER() } else { SourceKinds::NONE };
        match self.record {
            Record::None => {}
            Record::Current | Record::Contested => claims.push(certified(by, LATER)),
            Record::Over => claims.push(certified(by, OVER)),
        }
        let mut dials = DialHistory::default();
        if self.dialed_before {
            dials.succeeded(NOW);
        }
        let (_, host) = HOSTS.into_iter().find(|(scope, _)| *scope == self.scope).unwrap();
        let provenance = Provenance::new(claims).with_dials(dials);
        let candidate = Candidate::new(address(&format!("{host}/tcp/4001")), &provenance, NOW);
        assert_eq!(candidate.scope(), Some(self.scope));
        let candidate = if self.nearby { candidate.said_nearby() } else { candidate };
        if self.record == Record::Contested { candidate.contested() } else { candidate }
    }

    /// The classes that hold.
    fn holds(&self) -> BTreeSet<TrustClass> {
        let mut holds = if self.over { BTreeSet::new() } else { self.claims.clone() };
        match self.record {
            Record::None | Record::Over => {}
            // A contradicted record was signed by the peer all the same.
            Record::Current | Record::Contested if self.by_user => {
                holds.extend([Certified, User]);
            }
            Record::Current | Record::Contested => holds.extend([Certified]),
        }
        holds
    }

    /// Why a policy that admits nothing of it refuses it.
    fn why_not(&self) -> Refusal {
        match (self.record, self.holds().last()) {
            (Record::Over, _) => Refusal::RecordOver,
            (_, Some(best)) => Refusal::Class(*best),
            (_, None) => Refusal::NotLive,
        }
    }
}

/// The stage of what holds, were its scope no matter.
type Stage = fn(&BTreeSet<TrustClass>) -> Option<usize>;
/// Whether what holds may lead there.
type MayLead = fn(Scope, &BTreeSet<TrustClass>, bool) -> bool;

fn first_of(holds: &BTreeSet<TrustClass>, stages: &[&[TrustClass]]) -> Option<usize> {
    stages.iter().position(|stage| stage.iter().any(|class| holds.contains(class)))
}

const ALL: &[TrustClass] = &[ThirdParty, Direct, Certified, Dialed, User];
const CERTIFIED_FIRST: Stage = |holds| first_of(holds, &[&[Certified], ALL]);
const DEFAULT: MayLead = |scope, holds, nearby| match scope {
    Scope::Global | Scope::Documentation => true,
    Scope::Private | Scope::UniqueLocal | Scope::Shared => {
        holds.contains(&User) || holds.contains(&Dialed) || nearby && !holds.is_empty()
    }
    Scope::LinkLocal => holds.contains(&User) || nearby && !holds.is_empty(),
    Scope::Loopback | Scope::Metadata => holds.contains(&User),
    Scope::Benchmarking | Scope::Unspecified | Scope::Multicast | Scope::Reserved => false,
};

fn check(policy: &dyn DialPolicy, stage_of: Stage, may_lead: MayLead) {
    // Something in the stages before the last, so that stages have their numbers.
    let best = of("/ip4/5.6.7.8/tcp/1", &[Certified, User]);
    let second = of("/ip4/5.6.7.8/tcp/2", &[Dialed]);
    let (mut dialed, mut refused) = (0, 0);
    for case in cases() {
        let candidate = case.candidate();
        let holds = case.holds();
        let expected = match stage_of(&holds) {
            None => Err(case.why_not()),
            Some(_) if !may_lead(case.scope, &holds, case.nearby) => {
                Err(Refusal::Scope(case.scope))
            }
            Some(stage) if stage > 0 && policy.stages()[stage] == Start::IfNone => {
                Err(Refusal::BetterKnown)
            }
            Some(stage) => Ok(stage),
        };
        let candidates = [best.clone(), second.clone(), candidate];
        let plan = checked(&target(), &candidates, policy, &NoDelay);
        assert_eq!(plan.stage_of(0), Some(0), "{}: {case:?}", policy.name());
        let got = match plan.refused().iter().find(|refused| refused.candidate == 2) {
            Some(refused) => Err(refused.reason),
            None => Ok(plan.stage_of(2).unwrap()),
        };
        assert_eq!(got, expected, "{}: {case:?}", policy.name());
        *if got.is_ok() { &mut dialed } else { &mut refused } += 1;
    }
    assert!(dialed > 500 && refused > 500, "{}: {dialed} and {refused}", policy.name());
}

#[test]
fn d7_certified_only() {
    check(&CertifiedOnly::default(), |holds| first_of(holds, &[&[Certified]]), DEFAULT);
}

#[test]
fn d7_certified_first() {
    check(&CertifiedFirst::default(), CERTIFIED_FIRST, DEFAULT);
    let head_start = CertifiedFirst::default().with_head_start(Duration::from_millis(250));
    check(&head_start, CERTIFIED_FIRST, DEFAULT);
}

#[test]
fn d7_any() {
    check(&Any::default(), |holds| first_of(holds, &[ALL]), DEFAULT);
}

#[test]
fn d7_user_and_certified() {
    let stage: Stage = |holds| first_of(holds, &[&[User, Certified], ALL]);
    check(&UserAndCertified::default(), stage, DEFAULT);
}

#[test]
fn d7_a_precedence() {
    let policy = Precedence::builder("own")
        .stage(Classes::of([Certified]))
        .then(Start::After(Duration::from_secs(1)), Classes::of([Dialed, User]))
        .then_where(Start::AfterFailure, |candidate| candidate.class() == Some(Direct))
        .build()
        .unwrap();
    let stage: Stage = |holds| {
        let direct_is_best = holds.last() == Some(&Direct);
        let last = first_of(holds, &[&[Direct]]).filter(|_| direct_is_best).map(|_| 2);
        first_of(holds, &[&[Certified], &[Dialed, User]]).or(last)
    };
    check(&policy, stage, DEFAULT);
}

#[test]
fn d7_scopes_of_ones_own() {
    let mut policy = Any::default();
    policy.scopes = Scopes::PUBLIC
        .with(Scope::Private, Classes::of([User]))
        .with(Scope::Loopback, Classes::of([Certified, Dialed]));
    let may_lead: MayLead = |scope, holds, _| match scope {
        Scope::Global => true,
        Scope::Private => holds.contains(&User),
        Scope::Loopback => holds.contains(&Certified) || holds.contains(&Dialed),
        _ => false,
    };
    check(&policy, |holds| first_of(holds, &[ALL]), may_lead);
}

#[test]
fn d7_loopback_and_public_scopes() {
    let public: MayLead = |scope, _, _| scope == Scope::Global;
    let loopback: MayLead =
        |scope, holds, nearby| scope == Scope::Loopback || DEFAULT(scope, holds, nearby);
    for (scopes, may_lead) in [(Scopes::PUBLIC, public), (Scopes::LOOPBACK, loopback)] {
        let mut policy = Any::default();
        policy.scopes = scopes;
        check(&policy, |holds| first_of(holds, &[ALL]), may_lead);
        check(&CertifiedFirst::default().with_scopes(scopes), CERTIFIED_FIRST, may_lead);
    }
}

/// What a policy that refuses contradicted records makes of each case, against the same policy over
/// the same claims without the record.
#[test]
fn d7_refuse_contradicted_takes_the_record_away_and_nothing_else() {
    let mut contradicted = 0;
    for case in cases() {
        let candidate = case.candidate();
        let without = Case { record: Record::None, ..case.clone() }.candidate();
        let check = |policy: &dyn DialPolicy, refusing: &dyn DialPolicy| {
            let expected = match case.record {
                Record::Contested => policy.judge(&without).map_err(|_| Refusal::RecordContested),
                _ => policy.judge(&candidate),
            };
            assert_eq!(refusing.judge(&candidate), expected, "{}: {case:?}", policy.name());
            assert_eq!(refusing.name(), policy.name());
            assert_eq!(refusing.stages(), policy.stages());
            assert_eq!(refusing.scopes(), policy.scopes());
        };
        check(&CertifiedOnly::default(), &CertifiedOnly::default().refuse_contradicted());
        check(&CertifiedFirst::default(), &CertifiedFirst::default().refuse_contradicted());
        check(&Any::default(), &Any::default().refuse_contradicted());
        check(&UserAndCertified::default(), &UserAndCertified::default().refuse_contradicted());
        contradicted += usize::from(case.record == Record::Contested);
    }
    assert!(contradicted > 500);
}
