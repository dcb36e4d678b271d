//! What holds of any choice, where peers go for others (S11).

use std::collections::BTreeMap;

use peermark_identity::PeerId;
use peermark_peerstore::{Engine, Peerstore};
use peermark_provenance::{DialOutcome, Source, SourceKind, Timestamp, TrustClass};

use crate::peerstore::ops::Op;
use crate::peerstore::ops::universe;

/// Who is there, and by what right.
pub(super) struct Crowd(BTreeMap<PeerId, Standing>);

#[derive(Debug)]
struct Standing {
    /// Of its best address; a connected peer counts as dialed.
    class: TrustClass,
    /// Whether the best of it lives on the connection or on what nobody can charge to a share.
    exempt: bool,
}

impl Crowd {
    pub(super) fn before<E: Engine>(store: &Peerstore<E>, now: Timestamp) -> Self {
        let standing = |id: &PeerId| Some((*id, standing(store, id, now)?));
        Self(universe::peer_ids().iter().filter_map(standing).collect())
    }

    /// Whoever is gone and was not asked to go, went for something at least as good.
    pub(super) fn compare<E: Engine>(
        self,
        store: &Peerstore<E>,
        now: Timestamp,
        op: &Op,
        context: &dyn Fn() -> String,
    ) {
        let asked = op.peer().map(universe::peer_id);
        let comes = class_of(op);
        for (id, before) in self.0.iter().filter(|(id, _)| Some(**id) != asked) {
            let gone = standing(store, id, now).is_none_or(|after| after.class < before.class);
            // A share that is exceeded because a peer is no longer exempt is brought back at once.
            let shared = store.limits().share.of(100) < 100;
            let for_share = shared && !before.exempt;
            let allowed = comes.is_some_and(|comes| before.class <= comes) || for_share;
            // Time alone takes too; that is seen at the same time before and after.
            let moved = matches!(op, Op::Advance(_) | Op::ToNextEnd { .. } | Op::Back(_));
            assert!(!gone || allowed || moved, "{}: {before:?} of {id} went", context());
        }
        let (Some(id), Op::Apply(record, ..)) = (asked, op) else { return };
        let record = record.get();
        let held = store.signed_record(&id, now).expect("this engine cannot fail");
        let floor = store.floor(&id, now).expect("this engine cannot fail");
        if held.as_deref() == Some(record.as_bytes()) {
            // Somebody may have told of a higher one.
            assert!(floor.map(|(seq, _)| seq) >= Some(record.seq()), "{}", context());
        }
    }
}

fn standing<E: Engine>(store: &Peerstore<E>, id: &PeerId, now: Timestamp) -> Option<Standing> {
    let (addresses, connected) = store
        .view(id, now, |view| {
            let connected = view.is_some_and(|view| view.is_connected());
            let addresses = view.iter().flat_map(|view| view.addresses());
            (addresses.map(|address| address.class()).max(), connected)
        })
        .expect("this engine cannot fail");
    let class = addresses.max(connected.then_some(TrustClass::Dialed))?;
    Some(Standing { class, exempt: class >= TrustClass::Dialed })
}

/// The best class of what an operation brings; `None` when it brings nothing.
fn class_of(op: &Op) -> Option<TrustClass> {
    let kind = |source: usize, peer: usize| -> Source { universe::source(source, peer) };
    let of_record = |source: usize, peer: usize| {
        let user = kind(source, peer).kind().is_user();
        if user { TrustClass::User } else { TrustClass::Certified }
    };
    match op {
        Op::Apply(record, source, ..)
        | Op::Consume(record, source, ..)
        | Op::ConsumeBroken(record, source, _)
        | Op::ApplyMany(record, source, _) => Some(of_record(*source, record.peer)),
        Op::RaiseFloor(..) => Some(TrustClass::ThirdParty),
        // Its claims may be of any class.
        Op::Join(..) => Some(TrustClass::User),
        Op::Report(peer, _, source, ..) => Some(match kind(*source, *peer).kind() {
            SourceKind::Manual | SourceKind::Bootstrap => TrustClass::User,
            SourceKind::Identify => TrustClass::Direct,
            _ => TrustClass::ThirdParty,
        }),
        Op::Dialed(_, _, DialOutcome::Success, _) | Op::Connected(_) => Some(TrustClass::Dialed),
        Op::Dialed(..) => Some(TrustClass::Certified),
        _ => None,
    }
}
