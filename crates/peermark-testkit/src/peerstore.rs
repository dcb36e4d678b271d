//! What stores are tested with: the conformance suite for engines, and what it is made of.
//!
//! - [`conformance`]: what every engine must do, as cases to run.
//! - [`clock`] and [`fixtures`]: a clock that is moved by hand, and peers, addresses and records by
//!   their numbers.
//! - [`cas`]: a second engine, the plainest one that compares and sets.
//! - [`ops`] and [`model`]: programs of operations, and what a store must answer to them.

pub mod cas;
pub mod clock;
pub mod conformance;
pub mod fixtures;
pub mod model;
pub mod ops;
