//! Integration tests of the testkit: the vectors, the properties, and the testkit itself.

mod addresses;
mod cas;
mod dialer;
mod flips;
mod join;
mod network;
mod order;
mod reader;
mod replay;
mod store;
mod strategies;
mod vectors;
