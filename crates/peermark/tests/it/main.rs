//! Integration tests of the facade: the clock, the times to live, that it adds nothing, and a real
//! dialer on top of it, which is the example's.

mod batches;
mod book;
#[cfg(feature = "redb")]
mod builder;
#[path = "../../examples/tcp_dialer/handshake.rs"]
mod handshake;
#[path = "../../examples/tcp_dialer/listener.rs"]
mod listener;
#[path = "../../examples/tcp_dialer/node.rs"]
mod node;
mod support;
mod tcp;
