//! Integration tests of the dial coordinator, named by the rules that they pin.
//!
//! The random schedules, the random events and the simulation are in `peermark-testkit`.

mod c1_names;
mod c1_sharing;
mod c1_strictness;
mod c2_learning;
mod c3_leaving;
mod c4_budgets;
mod c4_limits;
mod c4_reflection;
mod c4_resolved;
mod c5_failures;
mod c6_schedule;
mod c6_volume;
mod c7_forgiving;
mod d11_slots;
mod d9_transports;
mod stages;
mod support;
