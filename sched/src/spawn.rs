//! Spawning onto a Local: where the memory of a task comes from.
//!
//! | method                          | memory                                        |
//! |---------------------------------|-----------------------------------------------|
//! | `spawn`, `spawn_with`           | a block of the Home's, freed at the task's end |
//! | `spawn_place`, `spawn_place_at`, `start` | a static, free again at the task's end |

#![expect(unsafe_code, reason = "hands new tasks over to their Home")]

use core::future::Future;

#[cfg(feature = "alloc")]
use tidemill_core::task::{Attributes, Name, size_of_task, spawn_in};
use tidemill_core::{
    context::Priority,
    error::Occupied,
    task::{Aligned, Alignment, Hooks, JoinHandle, PlaceName, TaskPlace},
};

#[cfg(feature = "alloc")]
use crate::home::Home;
use crate::local::Local;

// [L1] and [L2] are those of `local`.
impl<H: Hooks> Local<H> {
    /// Makes a task of `future`. It is polled first in the next cycle, never here.
    #[cfg(feature = "alloc")]
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.spawn_with(Attributes::new(), future)
    }

    /// Makes a task of `future` with a priority or a name.
    #[cfg(feature = "alloc")]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_with<F: Future + 'static, N: Name>(
        &self,
        attributes: Attributes<N>,
        future: F,
    ) -> JoinHandle<F::Output> {
        let (priority, name) = attributes.parts();
        let block = self.home().head.blocks().take(size_of_task::<F, N>());
        // SAFETY: [L1], [L2].
        let home = unsafe { Home::hold(self.home) };
        // SAFETY: laid for `F`, with a handle counted; [L1].
        let (task, handle) = unsafe { spawn_in(block, home, name, future) };
        // SAFETY: it is new, and [L1].
        unsafe { self.bound().adopt(task, priority) };
        handle
    }

    /// Makes a task of `future` in a static place: see [`task_place!`](tidemill_core::task_place).
    ///
    /// # Errors
    /// The place is taken: the future is handed back.
    #[cfg_attr(feature = "dag", track_caller)]
    #[cfg_attr(not(feature = "alloc"), inline(always))]
    pub fn spawn_place<F: Future + 'static, const SIZE: usize, const ALIGN: usize, N: PlaceName>(
        &self,
        place: &'static TaskPlace<SIZE, ALIGN, N>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Occupied<F>>
    where
        Aligned<ALIGN>: Alignment,
    {
        self.spawn_place_at(Priority::Normal, place, future)
    }

    /// Makes a task of `future` in a static place, with a priority. Its name is the place's.
    ///
    /// # Errors
    /// The place is taken: the future is handed back.
    #[cfg_attr(feature = "dag", track_caller)]
    #[cfg_attr(not(feature = "alloc"), inline(always))]
    pub fn spawn_place_at<
        F: Future + 'static,
        const SIZE: usize,
        const ALIGN: usize,
        N: PlaceName,
    >(
        &self,
        priority: Priority,
        place: &'static TaskPlace<SIZE, ALIGN, N>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Occupied<F>>
    where
        Aligned<ALIGN>: Alignment,
    {
        // SAFETY: [L1].
        let (task, handle) = unsafe { place.spawn_in(self.here.home(), future) }?;
        // SAFETY: it is new, and [L1].
        unsafe { self.home().adopt(self.here.home(), task, priority) };
        Ok(handle)
    }

    /// Makes a task of what `make` makes in a static place: the way to begin with the tasks of firmware, in the fewest instructions. It has no handle, so nobody
    /// awaits or cancels it.
    ///
    /// # Errors
    /// The place is taken: what `make` made is dropped.
    ///
    /// ```no_run
    /// # use tidemill_core::{clock::{Clock, Instant}, task_place, wait::Doorbell};
    /// # use tidemill_sched::Home;
    /// # struct Board;
    /// # impl Clock for Board { fn now(&self) -> Instant { Instant::ORIGIN } }
    /// # impl Doorbell for Board { fn ring(&self) {} }
    /// async fn blink(led: u8) {}
    ///
    /// static HOME: Home<Board> = Home::new(Board);
    /// let local = HOME.claim().expect("nobody else claims it");
    /// local.start(task_place!(blink), || blink(13)).expect("it is started once");
    /// ```
    #[cfg_attr(feature = "dag", track_caller)]
    #[cfg_attr(not(feature = "alloc"), inline(always))]
    pub fn start<F: Future + 'static, const SIZE: usize, const ALIGN: usize, N: PlaceName>(
        &self,
        place: &'static TaskPlace<SIZE, ALIGN, N>,
        make: impl FnOnce() -> F,
    ) -> Result<(), Occupied<()>>
    where
        Aligned<ALIGN>: Alignment,
    {
        #[cfg(feature = "alloc")]
        self.spawn_place(place, make()).map_err(|_| Occupied(()))?.detach();
        #[cfg(not(feature = "alloc"))]
        {
            // SAFETY: [L1].
            if !unsafe { place.start_in(self.here.home(), make()) } {
                return Err(Occupied(()));
            }
        }
        Ok(())
    }
}
