//! Writes the seeds of the fuzz targets to `fuzz/corpus/<target>/`. Started by
//! `cargo xtask corpus`; what is there already stays.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

#[expect(clippy::print_stdout, reason = "for a person at a terminal")]
fn main() -> Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut written: BTreeMap<&str, usize> = BTreeMap::new();
    let seeds = peermark_testkit::corpus::seeds().map(|seed| (seed.target, seed.name, seed.bytes));
    for (target, name, bytes) in seeds.chain(redb_checked::testing::seeds()) {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
        *written.entry(target).or_default() += 1;
    }
    for (target, count) in written {
        println!("{target}: {count} seeds");
    }
    Ok(())
}
