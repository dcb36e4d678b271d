//! The command `peermark`: sign, inspect and verify certified peer records.
//!
//! A library, so that completions and man pages come from the same definition that the program
//! parses with ([`command`]), and a `main` that calls [`run`]. The program decides nothing that a
//! library user could not: what it accepts is what the crates below accept.
//!
//! # What holds for every command
//!
//! - Results go to standard output; errors, warnings, progress and summaries to standard error.
//! - The exit status is 0 when all is good, 1 when something was refused (a record, or the content
//!   of a key file), 2 for wrong usage and for what could not be read or written. Where several
//!   apply, the highest.
//! - A closed pipe ends the program without a word: with status 0 where a command only reads, as in
//!   `verify big | head`, and with status 2 where it was to change something and cannot tell of it.
//! - Bytes from outside never reach a terminal raw, a file name or a line of input included.
//! - Secrets are read and written, never shown.
//!
//! # Where things are
//!
//! One module per command. What they share: `input` and `format` turn files and text into bytes,
//! `output` is where results go, `failure` is what becomes an exit status, `keyfile` is the one
//! place that touches secrets, `outfile` keeps records from being written over them.

#![deny(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

mod chunks;
mod claims;
mod cli;
mod complaint;
mod demo;
mod dial;
mod diff;
mod export;
mod failure;
mod format;
mod identify;
mod input;
mod inspect;
mod json;
mod key;
mod keyfile;
mod max_size;
mod outfile;
mod output;
mod pipeline;
mod plan;
mod progress;
mod records;
mod refusal;
mod sign;
mod store;
mod table;
mod verify;
mod when;

pub use cli::{command, run};
