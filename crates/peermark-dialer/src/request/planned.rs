//! A plan that requests of one policy share.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use peermark_dial_policy::{Candidate, DialPlan};

/// A plan, and what is left out of it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(super) plan: Arc<DialPlan>,
    /// The candidates that it would dial if they were not too many.
    pub(super) left_out: Arc<HashSet<usize>>,
}

impl Planned {
    /// The plan of these candidates, with the `most` best addresses of it: by stage, then by class,
    /// then by delay.
    pub(crate) fn of(plan: DialPlan, candidates: &[Candidate], most: usize) -> Self {
        let mut left_out = HashSet::new();
        if plan.dials().len() > most {
            let class_of = |place: usize| candidates.get(place).and_then(Candidate::class);
            let dials = plan.stages().flat_map(|stage| {
                stage.dials.iter().map(move |dial| (stage.number, dial.candidate()))
            });
            let mut dials: Vec<_> = dials.collect();
            dials.sort_by_key(|(stage, place)| (*stage, Reverse(class_of(*place))));
            left_out.extend(dials.iter().skip(most).map(|(_, place)| *place));
        }
        Self { plan: Arc::new(plan), left_out: Arc::new(left_out) }
    }
}
