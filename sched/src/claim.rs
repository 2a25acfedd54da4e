//! A claim makes a thread the home thread of a Home, once: it gives out the other half, the [`Local`](crate::Local).

#![expect(unsafe_code, reason = "makes the first handle on a Home, by its address")]

use core::ptr::NonNull;

#[cfg(feature = "alloc")]
use tidemill_core::sync::Arc;
use tidemill_core::{sync::Ordering::Relaxed, task::Hooks};

#[cfg(feature = "alloc")]
use crate::erased::Erased;
#[cfg(not(feature = "alloc"))]
use crate::fixed::Home;
#[cfg(feature = "alloc")]
use crate::home::Home;
use crate::local::Local;

impl<H: Hooks> Home<H> {
    /// Makes this thread the home thread: its other half. `None`: someone has it, or had it.
    pub fn claim(&'static self) -> Option<Local<H>> {
        // ordering: Relaxed elects; who reached the Home sees it as it was made.
        if self.claimed.swap(true, Relaxed) {
            return None;
        }
        let home = NonNull::from(self);
        // SAFETY: elected, so this is the home thread; and a static Home is never freed.
        let here = unsafe { Self::hold(home) };
        // SAFETY: elected, and `here` is counted.
        Some(unsafe { Local::on(home, here) })
    }

    /// Makes this thread the home thread of a shared Home: its other half. `None`: someone has it, or had it.
    #[cfg(feature = "alloc")]
    pub fn claim_shared(home: &Arc<Self>) -> Option<Local<H>> {
        // ordering: Relaxed elects; who reached the Home sees it as it was made.
        if home.claimed.swap(true, Relaxed) {
            return None;
        }
        let home = Arc::into_raw(Arc::clone(home));
        // SAFETY: the `Arc` whose count all handles hold together keeps it alive.
        let home = unsafe { NonNull::new_unchecked(home.cast_mut()) };
        // SAFETY: as above.
        unsafe { home.as_ref() }.head.become_shared(Erased::<H>::SHARED);
        // SAFETY: elected, so this is the home thread; and as above.
        let here = unsafe { Self::hold(home) };
        // SAFETY: elected, and `here` is counted.
        Some(unsafe { Local::on(home, here) })
    }
}
