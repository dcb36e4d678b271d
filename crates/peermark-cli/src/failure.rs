//! What ends a command early, and the exit status that follows.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use peermark::peerstore_redb::{self, OpenError};

use crate::complaint::escape;

/// What a command that ran to its end has to say. In the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// All good.
    Good,
    /// Something was refused.
    Refused,
    /// Something could not be read or written; the rest was done.
    Trouble,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Good => 0,
            Status::Refused => 1,
            Status::Trouble => 2,
        })
    }
}

/// What keeps a command from running to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense together.
    Usage(String),
    /// The content of a file is not what the command needs.
    Refused(String),
    /// A file could not be used.
    File {
        /// What was tried: "read", "create".
        action: &'static str,
        /// Its name; `None` is standard input.
        path: Option<PathBuf>,
        /// What the system says.
        source: io::Error,
    },
    /// A key was made, and its peer id could not be written.
    Unannounced {
        /// Where the key is.
        key: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A store could not be opened.
    Open {
        /// Where it is, or should be.
        path: PathBuf,
        /// What it says.
        source: OpenError,
    },
    /// A store could not be read or written.
    Store(peerstore_redb::Error),
    /// Results could not be written.
    Output(io::Error),
    /// The system refused something that is no file.
    System(&'static str),
}

impl Failure {
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: Some(path.to_owned()), source }
    }

    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Refused(_) => Status::Refused,
            _ => Status::Trouble,
        }
    }

    /// Whether whoever read the results has gone, which is no news to anybody.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Output(error) | Self::Unannounced { source: error, .. } => {
                error.kind() == io::ErrorKind::BrokenPipe
            }
            _ => false,
        }
    }
}

/// Everything that fails without a name of its own while results are being written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<peerstore_redb::Error> for Failure {
    fn from(error: peerstore_redb::Error) -> Self {
        Self::Store(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Refused(message) => f.write_str(message),
            // Debug escapes what a file name may do to a terminal.
            Self::File { action, path: Some(path), source } => {
                write!(f, "cannot {action} {path:?}: {source}")
            }
            Self::File { action, path: None, source } => {
                write!(f, "cannot {action} standard input: {source}")
            }
            Self::Unannounced { key, source } => {
                write!(f, "cannot write the results: {source}; the key is in {key:?}")
            }
            Self::Open { path, source } => match source {
                OpenError::InUse { .. } => {
                    write!(
                        f,
                        "{path:?} is in use: a store that is written to cannot be shared; try again when \
                         it was closed, or read a backup of it"
                    )
                }
                OpenError::File { action, source, .. } => {
                    write!(f, "cannot {action} {path:?}: {source}")
                }
                other => write!(f, "{path:?}: {}", escape(&other.to_string())),
            },
            Self::Store(source) => write!(f, "the store: {}", escape(&source.to_string())),
            Self::Output(source) => write!(f, "cannot write the results: {source}"),
            Self::System(what) => f.write_str(what),
        }
    }
}
