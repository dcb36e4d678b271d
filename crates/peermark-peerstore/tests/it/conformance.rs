//! The engine in memory does what every engine must.

use peermark_peerstore::{Config, Memory, Shared};

peermark_testkit::peerstore_conformance!(make);

fn make(config: Config) -> Memory {
    Memory::new(Shared::new(config))
}
