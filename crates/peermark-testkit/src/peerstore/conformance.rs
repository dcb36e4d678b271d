//! What every engine must do: a case for each thing that the rules ask of a store.
//!
//! The cases see an engine through the [`Peerstore`](peermark_peerstore::Peerstore) on top of it
//! alone. Whoever writes an engine calls [`peerstore_conformance!`](crate::peerstore_conformance)
//! in its tests: each case becomes a test of its own, whose name starts with the rule that it pins.
//! [`conformance`] runs all of them in one go.
//!
//! ```
//! mod memory {
//!     use peermark_peerstore::{Config, Memory, Shared};
//!
//!     fn make(config: Config) -> Memory {
//!         Memory::new(Shared::new(config))
//!     }
//!
//!     peermark_testkit::peerstore_conformance!(make);
//! }
//! # fn main() {}
//! ```
#![expect(clippy::missing_panics_doc, reason = "a case panics when its rule is broken")]

pub mod addresses;
pub mod records;
pub mod trial;

use peermark_peerstore::{Config, Engine};

use trial::Trial;

/// Makes an empty engine.
pub type Make<'a, E> = &'a dyn Fn(Config) -> E;

/// Runs every case.
pub fn conformance<E: Engine>(make: impl Fn(Config) -> E) {
    let make: Make<'_, E> = &make;
    crate::peerstore_conformance!(@each run make);
}

/// Makes a test of each case, of the engines that a function `fn(Config) -> impl Engine` makes.
///
/// `docs/spec.md` may cite what is listed here: the test of the tree reads the names between
/// `@cases` and `@end`.
#[macro_export]
macro_rules! peerstore_conformance {
    (@each $mode:ident $make:expr) => {
        $crate::peerstore_conformance! { @$mode $make;
            @cases
            addresses {
                s6_an_address_ends_exactly_at_its_time,
            }
            records {
                s1_every_outcome_has_its_counts,
            }
            @end
        }
    };
    (@run $make:expr; @cases $($module:ident { $($case:ident,)* })* @end) => {
        $($($crate::peerstore::conformance::$module::$case($make);)*)*
    };
    (@test $make:expr; @cases $($module:ident { $($case:ident,)* })* @end) => {
        $($(
            #[test]
            fn $case() {
                $crate::peerstore::conformance::$module::$case(&$make);
            }
        )*)*
    };
    ($make:expr) => {
        $crate::peerstore_conformance!(@each test $make);
    };
}
