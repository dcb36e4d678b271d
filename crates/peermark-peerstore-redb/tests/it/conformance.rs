//! The engine in a file does what every engine must.

use peermark_peerstore::Config;
use peermark_peerstore_redb::{Options, Redb};
use redb::backends::InMemoryBackend;

peermark_testkit::peerstore_conformance!(make);

fn make(config: Config) -> Redb {
    let disk = InMemoryBackend::new();
    Redb::open_on(disk, config, &Options::default()).expect("an empty disk")
}
