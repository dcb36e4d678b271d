//! Who may dial which scope (D4).

use peermark_scope::Scope;

use crate::classes::Classes;

/// For each scope the classes of addresses that may lead there.
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::{Classes, Scopes};
/// use peermark_provenance::TrustClass;
/// use peermark_scope::Scope;
///
/// // A node on the public Internet: only the user sends it into its own network.
/// let scopes = Scopes::PUBLIC.with(Scope::Private, Classes::of([TrustClass::User]));
/// assert!(scopes.admits(Scope::Private, Classes::of([TrustClass::User])));
/// assert!(!scopes.admits(Scope::Private, Classes::of([TrustClass::Certified])));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes([Classes; Scope::ALL.len()]);

impl Scopes {
    /// The public Internet, for everybody; nothing else, for anybody.
    pub const PUBLIC: Self = {
        let (yes, no) = (Classes::ALL, Classes::NONE);
        Self([yes, no, no, no, no, no, no, no, no, no, no, no])
    };

    /// The public Internet, and this host, link and site, for everybody; so that peers on one
    /// network find each other, as they do in go-libp2p. What leads nowhere, to many hosts at once,
    /// or to the secrets of a machine is for nobody; the examples of documents are harmless, and
    /// are what documents are full of.
    pub const LOCAL: Self = {
        let (yes, no) = (Classes::ALL, Classes::NONE);
        // In the order of `Scope::ALL`: from global to loopback, then metadata, documentation, and
        // the four that are no place at all.
        Self([yes, yes, yes, yes, yes, yes, no, yes, no, no, no, no])
    };

    /// These classes may lead to `scope`, and no others.
    #[must_use]
    pub fn with(mut self, scope: Scope, classes: Classes) -> Self {
        if let Some(slot) = self.0.get_mut(place(scope)) {
            *slot = classes;
        }
        self
    }

    /// Whether an address of one of these classes may lead there.
    #[must_use]
    pub fn admits(&self, scope: Scope, classes: Classes) -> bool {
        self.0.get(place(scope)).is_some_and(|admitted| admitted.meets(classes))
    }
}

/// The place of a scope in [`Scope::ALL`].
const fn place(scope: Scope) -> usize {
    match scope {
        Scope::Global => 0,
        Scope::Private => 1,
        Scope::UniqueLocal => 2,
        Scope::Shared => 3,
        Scope::LinkLocal => 4,
        Scope::Loopback => 5,
        Scope::Metadata => 6,
        Scope::Documentation => 7,
        Scope::Benchmarking => 8,
        Scope::Unspecified => 9,
        Scope::Multicast => 10,
        Scope::Reserved => 11,
    }
}

impl Default for Scopes {
    /// [`Self::LOCAL`].
    fn default() -> Self {
        Self::LOCAL
    }
}
