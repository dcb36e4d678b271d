//! What stores are tested with: the conformance suite for engines, and what it is made of.
//!
//! - [`conformance`]: what every engine must do, as cases to run.
//! - [`clock`] and [`fixtures`]: a clock that is moved by hand, and peers, addresses and records by
//!   their numbers.

pub mod clock;
pub mod conformance;
pub mod fixtures;
