//! Where the store is when nobody says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The conventions for where a user's data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "each system has one"))]
pub(super) enum Convention {
    Xdg,
    Mac,
    Windows,
}

impl Convention {
    #[cfg(windows)]
    const HERE: Self = Self::Windows;
    #[cfg(target_os = "macos")]
    const HERE: Self = Self::Mac;
    #[cfg(not(any(windows, target_os = "macos")))]
    const HERE: Self = Self::Xdg;

    /// The folder for data of programs.
    fn data(
        self,
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
    ) -> Option<PathBuf> {
        let home = home.filter(|home| !home.as_os_str().is_empty());
        // A path from here would be another one from elsewhere.
        let named = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        match self {
            Self::Xdg => named("XDG_DATA_HOME").or_else(|| Some(home?.join(".local/share"))),
            Self::Mac => Some(home?.join("Library/Application Support")),
            Self::Windows => named("LOCALAPPDATA").or_else(|| Some(home?.join("AppData/Local"))),
        }
    }
}

/// The store of this user; `None` where it is not known who that is.
pub(super) fn default() -> Option<PathBuf> {
    let data = Convention::HERE.data(|name| std::env::var_os(name), std::env::home_dir());
    Some(file_in(&data?))
}

fn file_in(data: &Path) -> PathBuf {
    data.join("peermark").join("peers.redb")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Convention, file_in};

    #[test]
    #[cfg(unix)]
    fn each_system_has_its_place() {
        let check = |convention: Convention, variable: &str, home: &str, expected: Option<&str>| {
            let home = (!home.is_empty()).then(|| PathBuf::from(home));
            let data = convention.data(|_| Some(variable.into()), home);
            assert_eq!(data, expected.map(PathBuf::from), "{convention:?} {variable:?}");
        };
        check(Convention::Xdg, "/data", "/own", Some("/data"));
        check(Convention::Xdg, "", "/own", Some("/own/.local/share"));
        check(Convention::Xdg, "data", "/own", Some("/own/.local/share"));
        check(Convention::Xdg, "data", "", None);
        check(Convention::Mac, "/data", "/own", Some("/own/Library/Application Support"));
        check(Convention::Windows, "/data", "/own", Some("/data"));
        check(Convention::Windows, "", "/own", Some("/own/AppData/Local"));
        assert_eq!(file_in("/data".as_ref()), PathBuf::from("/data/peermark/peers.redb"));
    }
}
