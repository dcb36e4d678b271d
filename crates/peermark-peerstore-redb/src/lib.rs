//! stub
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod batch;
mod blocks;
mod cache;
mod check;
mod contain;
mod engine;
mod error;
mod ledger;
mod open;
mod options;
mod row;
mod state;
mod store;
mod tables;

pub use check::Report;
pub use error::{Error, OpenError};
pub use options::{Durability, Options};
pub use store::Redb;
