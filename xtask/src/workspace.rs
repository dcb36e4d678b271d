//! Where things are: the root, the members, the source files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The folder of the root manifest, wherever the command was started.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The cargo that runs us, so that what we start uses the same toolchain.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A file of the tree: its path from the root, with `/` on every system, and its text.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the root, `/` between the parts.
    pub(crate) path: String,
    /// The text, line ends normalised.
    pub(crate) text: String,
}

/// All files below `folders` whose names end in one of `extensions`, in the order of their paths.
/// Folders that do not exist are empty; build output and fuzzing state are not looked into.
pub(crate) fn files(folders: &[&str], extensions: &[&str]) -> Result<Vec<SourceFile>> {
    let root = root();
    let mut found = Vec::new();
    for folder in folders {
        let folder = root.join(folder);
        if folder.exists() {
            collect(&folder, extensions, &mut found)?;
        }
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = read(&path)?;
            let parts: Vec<_> = path
                .strip_prefix(&root)?
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            let path = parts.join("/");
            Ok(SourceFile { path, text })
        })
        .collect()
}

/// The text of a file of the tree, line ends normalised.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.replace("\r\n", "\n"))
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !SKIPPED.iter().any(|skipped| path.ends_with(skipped)) {
                collect(&path, extensions, found)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
        {
            found.push(path);
        }
    }
    Ok(())
}

const SKIPPED: [&str; 4] = ["target", "fuzz/artifacts", "fuzz/corpus", "fuzz/coverage"];
