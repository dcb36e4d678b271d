//! Sets of trust classes.

use core::fmt;

use peermark_provenance::TrustClass;

/// A set of [`TrustClass`]es.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Classes(u8);

impl Classes {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(0b1_1111);

    /// These.
    #[must_use]
    pub fn of(classes: impl IntoIterator<Item = TrustClass>) -> Self {
        classes.into_iter().fold(Self::NONE, Self::with)
    }

    /// With `class` in it.
    #[must_use]
    pub const fn with(self, class: TrustClass) -> Self {
        Self(self.0 | bit(class))
    }

    /// Without `class`.
    #[must_use]
    pub const fn without(self, class: TrustClass) -> Self {
        Self(self.0 & !bit(class))
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `class` is in it.
    #[must_use]
    pub const fn contains(self, class: TrustClass) -> bool {
        self.0 & bit(class) != 0
    }

    /// Whether a class is in both.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The highest of them.
    #[must_use]
    pub fn best(self) -> Option<TrustClass> {
        TrustClass::ALL.into_iter().rev().find(|class| self.contains(*class))
    }
}

const fn bit(class: TrustClass) -> u8 {
    match class {
        TrustClass::ThirdParty => 1,
        TrustClass::Direct => 2,
        TrustClass::Certified => 4,
        TrustClass::Dialed => 8,
        TrustClass::User => 16,
    }
}

impl FromIterator<TrustClass> for Classes {
    fn from_iter<I: IntoIterator<Item = TrustClass>>(classes: I) -> Self {
        Self::of(classes)
    }
}

impl fmt::Debug for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = TrustClass::ALL.into_iter().filter(|class| self.contains(*class));
        f.debug_set().entries(members).finish()
    }
}
