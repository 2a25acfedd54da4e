//! Which Home is entered on this thread, as addresses: known with `std` alone.

/// Whether the Home at this address is the current one of this thread: never known without threads.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub fn is_current(_home: *const ()) -> bool {
    false
}

#[cfg(feature = "std")]
mod imp {
    use core::{cell::Cell, ptr};

    use crate::thread_local_static;

    /// The address of the handle that was entered, and that of its Home; and that of a handle on the pool to which tasks may go that are `Send`.
    pub(in crate::context) type Entered = (*const (), *const (), *const ());

    /// None.
    pub(in crate::context) const NOBODY: Entered = (ptr::null(), ptr::null(), ptr::null());

    thread_local_static!(static ENTERED: Cell<Entered> = Cell::new((ptr::null(), ptr::null(), ptr::null())));

    /// Enters another, and says which was entered before.
    pub(in crate::context) fn replace(entered: Entered) -> Entered {
        ENTERED.with(|cell| cell.replace(entered))
    }

    /// The address of the handle that was entered.
    #[inline]
    pub(in crate::context) fn handle() -> *const () {
        ENTERED.with(|cell| cell.get().0)
    }

    /// What is entered.
    #[inline]
    pub(in crate::context) fn entered() -> Entered {
        ENTERED.with(|cell| cell.get())
    }

    /// The address of the Home that was entered.
    #[inline]
    pub(in crate::context) fn home() -> *const () {
        ENTERED.with(|cell| cell.get().1)
    }

    /// Whether the Home at this address is the current one of this thread.
    #[inline]
    pub fn is_current(home: *const ()) -> bool {
        ENTERED.with(|cell: &Cell<Entered>| ptr::eq(cell.get().1, home))
    }
}

#[cfg(feature = "std")]
pub use imp::is_current;
#[cfg(feature = "std")]
pub(super) use imp::{Entered, NOBODY, entered, handle, home, replace};
