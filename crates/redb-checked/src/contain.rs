//! Turning panics of redb into errors.
//!
//! redb panics on some pages that are not what it wrote. [`contain`] catches such a panic. No panic
//! hook is installed, so the process's own hook reports it as usual. A program whose hook should not
//! report what is contained asks [`is_contained`] in it.
//!
//! Wrap calls into redb and nothing else: what panics in there counts as redb's. Where code of the
//! caller has to run inside of such a call, in the middle of an iteration for instance, [`own`] marks
//! it, and its panics pass through [`contain`] unchanged.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// redb panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("redb panicked: {message}")]
pub struct Panicked {
    message: Arc<str>,
}

impl Panicked {
    /// The message of the panic; empty if it had none.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Sets the flag of this thread until it is dropped.
struct Marked(bool);

impl Marked {
    fn new(contained: bool) -> Self {
        Self(CONTAINED.replace(contained))
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        CONTAINED.set(self.0);
    }
}

/// Whether a panic of this thread would be turned into an error: for the panic hook of a program.
#[must_use]
pub fn is_contained() -> bool {
    CONTAINED.get()
}

/// A panic of code that [`own`] marked.
struct Own(Box<dyn Any + Send>);

/// Runs a call into redb and returns its result, or an error if it panics.
///
/// After a panic the values of redb that the call used are in an unknown state. Transactions are to
/// be dropped, a [`redb::Database`] as well; [`Contained`] drops without a panic.
///
/// ```
/// use redb_checked::contain::contain;
///
/// let length = contain(|| "redb".len())?;
/// assert_eq!(length, 4);
/// let panicked = contain(|| { panic!("page {}", 7) }).unwrap_err();
/// assert_eq!(panicked.message(), "page 7");
/// # Ok::<(), redb_checked::contain::Panicked>(())
/// ```
///
/// # Errors
///
/// Returns [`Panicked`] with the message of the panic.
///
/// # Panics
///
/// Panics if code marked by [`own`] panics.
pub fn contain<R>(call: impl FnOnce() -> R) -> Result<R, Panicked> {
    let result = {
        let _marked = Marked::new(true);
        catch_unwind(AssertUnwindSafe(call))
    };
    result.map_err(|payload| match payload.downcast::<Own>() {
        Ok(own) => resume_unwind(own.0),
        Err(payload) => {
            let message = message(&*payload);
            tracing::error!(%message, "redb panicked");
            Panicked { message }
        }
    })
}

/// Runs code of the caller inside of [`contain`]. If it panics, the panic passes through.
///
/// # Panics
///
/// Panics if `code` panics.
pub fn own<R>(code: impl FnOnce() -> R) -> R {
    if !is_contained() {
        return code();
    }
    let result = {
        let _marked = Marked::new(false);
        catch_unwind(AssertUnwindSafe(code))
    };
    result.unwrap_or_else(|payload| resume_unwind(Box::new(Own(payload))))
}

fn message(payload: &(dyn Any + Send)) -> Arc<str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default().into()
}

/// A value of redb that is dropped without a panic. Closing a database writes, and reads pages that
/// may be damaged.
pub struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Calls redb with the value.
    ///
    /// # Errors
    ///
    /// Returns [`Panicked`] if the call panics.
    pub fn with<R>(&self, call: impl FnOnce(&T) -> R) -> Result<R, Panicked> {
        let value = self.0.as_ref().ok_or_else(gone)?;
        contain(|| call(value))
    }

    /// Calls redb with the value, mutably.
    ///
    /// # Errors
    ///
    /// Returns [`Panicked`] if the call panics.
    pub fn with_mut<R>(&mut self, call: impl FnOnce(&mut T) -> R) -> Result<R, Panicked> {
        let value = self.0.as_mut().ok_or_else(gone)?;
        contain(|| call(value))
    }

    /// Calls redb with the value and consumes it: for closing a database or ending a transaction.
    ///
    /// # Errors
    ///
    /// Returns [`Panicked`] if the call panics.
    pub fn end<R>(mut self, call: impl FnOnce(T) -> R) -> Result<R, Panicked> {
        let value = self.0.take().ok_or_else(gone)?;
        contain(|| call(value))
    }
}

impl<T> fmt::Debug for Contained<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contained").finish_non_exhaustive()
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        if let Err(panicked) = contain(|| drop(value)) {
            tracing::warn!(%panicked, "a value of redb was not dropped in order");
        }
    }
}

/// The value is there until it is consumed or dropped.
fn gone() -> Panicked {
    debug_assert!(false, "a contained value is gone");
    Panicked { message: "the value is gone".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_call_is_an_error() {
        let panicked = contain(|| -> () { panic!("on page {}", 7) }).unwrap_err();
        assert_eq!(panicked.message(), "on page 7");
        assert_eq!(panicked.to_string(), "redb panicked: on page 7");
        assert_eq!(contain(|| -> () { std::panic::panic_any(7) }).unwrap_err().message(), "");
        assert_eq!(contain(|| 1), Ok(1));
    }

    #[test]
    fn a_panic_of_the_caller_passes_through() {
        let passed = catch_unwind(|| contain(|| own(|| -> () { own(|| panic!("mine")) })));
        assert_eq!(passed.unwrap_err().downcast_ref::<&str>(), Some(&"mine"));
        // A contained call within the caller's code is contained as any other.
        let inner = contain(|| own(|| contain(|| -> () { panic!("redb's") })));
        assert_eq!(inner.unwrap().unwrap_err().message(), "redb's");
    }

    #[test]
    fn a_hook_can_tell_what_is_contained() {
        assert!(!is_contained());
        let inside = contain(|| (is_contained(), own(is_contained), is_contained()));
        assert_eq!(inside, Ok((true, false, true)));
        contain(|| -> () { panic!("redb's") }).unwrap_err();
        assert!(!is_contained());
    }

    #[test]
    fn a_value_is_dropped_without_a_panic() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("at the end");
            }
        }
        drop(Contained::new(Bad));
        assert_eq!(Contained::new(Bad).end(drop).unwrap_err().message(), "at the end");
        let mut value = Contained::new(3);
        assert_eq!(value.with_mut(|value| std::mem::replace(value, 4)), Ok(3));
        assert_eq!(value.with(|value| *value), Ok(4));
    }
}
