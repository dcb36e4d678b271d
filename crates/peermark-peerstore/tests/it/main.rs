//! Integration tests of the peerstore.

mod conformance;
mod memory;
mod rows;
