//! The dial coordinator: an oracle that watches one, a world to dial in, and a model of a schedule.
//!
//! - [`Watched`]: a coordinator, with everything checked that it does.
//! - [`world`]: peers, addresses, policies.
//! - [`Simulation`]: a network in virtual time.
//! - [`schedule`]: when each address of one request is dialed, in the plainest way.

mod limits;
mod network;
pub mod schedule;
mod sim;
mod watched;
pub mod world;

pub use network::{Behaviour, Network};
pub use sim::{Simulation, Summary};
pub use watched::Watched;
