//! Who may dial which scope (D4).

use peermark_provenance::TrustClass;
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
pub struct Scopes {
    classes: [Classes; Scope::ALL.len()],
    /// Whether addresses that were said nearby may lead into private networks, whatever their class.
    nearby: bool,
}

const USER: Classes = Classes::NONE.with(TrustClass::User);
const KNOWN: Classes = USER.with(TrustClass::Dialed);

impl Scopes {
    /// The public Internet, for every class; nothing else.
    pub const PUBLIC: Self = {
        let (yes, no) = (Classes::ALL, Classes::NONE);
        Self { classes: [yes, no, no, no, no, no, no, no, no, no, no, no], nearby: false }
    };

    /// The public Internet for every class; what is near only where there is a ground for it (D4):
    ///
    /// | scope | for |
    /// |---|---|
    /// | loopback, unix and memory, link-local IPv4, metadata | the user |
    /// | private, unique-local, shared | the user, dialed addresses, addresses that were said [nearby](crate::Candidate::said_nearby) |
    /// | link-local IPv6 with a zone | the user, addresses that were said nearby |
    /// | documentation | every class: it leads nowhere, and documents are full of it |
    /// | benchmarking, unspecified, multicast, reserved | nobody |
    ///
    /// A stranger's record is no ground to scan a local network.
    pub const DEFAULT: Self = {
        let (yes, no) = (Classes::ALL, Classes::NONE);
        // In the order of `Scope::ALL`: global, private, unique-local, shared, link-local, loopback,
        // metadata, documentation, and the four that are no place at all.
        let classes = [yes, KNOWN, KNOWN, KNOWN, USER, USER, USER, yes, no, no, no, no];
        Self { classes, nearby: true }
    };

    /// As [`Self::DEFAULT`], and this host (loopback, unix, memory) for every class: for tests and
    /// demonstrations with several peers on one machine.
    pub const LOOPBACK: Self = Self::DEFAULT.with(Scope::Loopback, Classes::ALL);

    /// Lets these classes lead to `scope`, and no others.
    #[must_use]
    pub const fn with(mut self, scope: Scope, classes: Classes) -> Self {
        if let Some((_, from)) = self.classes.split_at_mut_checked(place(scope))
            && let Some(slot) = from.first_mut()
        {
            *slot = classes;
        }
        self
    }

    /// Lets addresses that were said nearby lead into private networks, or not, whatever their class.
    #[must_use]
    pub const fn with_nearby(mut self, nearby: Nearby) -> Self {
        self.nearby = matches!(nearby, Nearby::Admitted);
        self
    }

    /// Returns whether an address of one of these classes may lead there.
    #[must_use]
    pub fn admits(&self, scope: Scope, classes: Classes) -> bool {
        self.classes.get(place(scope)).is_some_and(|admitted| admitted.meets(classes))
    }

    /// Returns whether an address that was said nearby may lead there, whatever its class.
    #[must_use]
    pub const fn admits_nearby(&self, scope: Scope) -> bool {
        self.nearby
            && matches!(
                scope,
                Scope::Private | Scope::UniqueLocal | Scope::Shared | Scope::LinkLocal
            )
    }
}

/// What addresses that were said nearby may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "one or the other")]
pub enum Nearby {
    /// They may lead into private networks.
    Admitted,
    /// They are judged by their class alone.
    ByClass,
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
    /// [`Self::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}
