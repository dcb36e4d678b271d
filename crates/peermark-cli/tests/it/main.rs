//! The program as its users run it: arguments and input in, output and exit status out.
//!
//! The private keys in `tests/data` were made with OpenSSL for these tests and are used nowhere.

mod arguments;
mod bad_input;
mod demo;
mod dial;
mod inspect;
mod key;
mod lines;
mod operators;
mod plan;
mod secrets;
mod sign;
mod store;
mod support;
mod verify;
