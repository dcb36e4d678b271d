//! Integration tests of the dial policy.

mod circuits;
mod cost;
mod history;
mod hosts;
mod policies;
mod provenance;
mod ranker;
mod refusals;
mod scopes;
mod show;
mod stages;
mod support;
mod table;
