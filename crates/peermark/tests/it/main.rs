//! Integration tests of the facade: the clock, the times to live, and that it adds nothing.

mod book;
mod support;
