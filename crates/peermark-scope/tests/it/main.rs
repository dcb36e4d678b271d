//! Integration tests of scopes: every boundary of the registries, and one beyond.

mod ip;
mod names;
