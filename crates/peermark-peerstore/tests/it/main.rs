//! Integration tests of the peerstore.

mod conformance;
mod hostile;
mod memory;
mod rows;
