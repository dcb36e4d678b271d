//! No group starves another (D11): which addresses are dialed where there are more than may be.

use crate::candidate::Candidate;
use crate::dial::{Dial, SlotGroup};

/// Keeps as many dials as may be made. The groups of class, scope and transport take turns: each gets
/// one before any gets its second, the earliest of each first. `dropped` is told of the others. What is
/// superseded goes first.
pub(crate) fn share(
    dials: &mut Vec<Dial>,
    candidates: &[Candidate],
    most: usize,
    mut dropped: impl FnMut(usize),
) {
    if dials.len() <= most {
        return;
    }
    let group = |dial: &Dial| {
        let candidate = candidates.get(dial.candidate());
        candidate.map(|candidate| SlotGroup { class: dial.class(), ..candidate.slot_group() })
    };
    dials.sort_unstable_by_key(|dial| (dial.after.is_some(), group(dial), dial.stage, dial.when()));
    for of_group in
        dials.chunk_by_mut(|a, b| (a.after.is_some(), group(a)) == (b.after.is_some(), group(b)))
    {
        for (turn, dial) in (0..).zip(of_group) {
            dial.scratch = turn;
        }
    }
    dials
        .sort_unstable_by_key(|dial| (dial.after.is_some(), dial.scratch, dial.stage, dial.when()));
    for dial in dials.iter().skip(most) {
        dropped(dial.candidate());
    }
    dials.truncate(most);
    for dial in &mut *dials {
        dial.scratch = 0;
    }
    dials.sort_unstable_by_key(|dial| (dial.stage, dial.after.is_some(), dial.when()));
}
