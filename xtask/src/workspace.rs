//! Where things are.

use std::path::{Path, PathBuf};

/// The folder of the root manifest, wherever the command was started.
#[must_use]
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}
