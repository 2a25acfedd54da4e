//! Spawning: how a future gets to an executor.
//!
//! | onto                                | with                    | what                                                              |
//! |-------------------------------------|-------------------------|-------------------------------------------------------------------|
//! | an executor whose [`Here`] is given | methods of `Here`       | anything: it stays on the thread                                  |
//! | the executor that is current        | [`spawn`] and its like  | with `std` anything; without, what may leave the thread: [`MaySend`] |
//!
//! \[W1] A handle on a Home that is current is with `std` on the Home's own thread. Without, it may be anywhere: then the task is sent through
//!      the inbox, and future and output are `Send`.

#![expect(unsafe_code, reason = "hands new tasks over to a Home whose type is erased")]

use core::{future::Future, ptr::NonNull};

#[cfg(feature = "alloc")]
use super::placed::TaskPlace;
#[cfg(feature = "alloc")]
use super::{
    attributes::{Attributes, Name},
    boxed::{size_of_task, spawn_at},
};
#[cfg(not(feature = "alloc"))]
use super::{bare::adopt, seat::TaskPlace};
use super::{
    join::JoinHandle,
    place::{Aligned, Alignment, PlaceName},
};
#[cfg(feature = "alloc")]
use crate::error::Refused;
use crate::{
    context::{Here, HomeRef, MaySend, Priority, with_current},
    dag::Site,
    error::PlaceError,
};

/// How a Home takes a new task.
type HandOver = unsafe fn(&HomeRef, NonNull<()>, Priority);

/// How a Home does on its own thread.
#[cfg(feature = "alloc")]
const AT_HOME: HandOver = HomeRef::adopt;
/// How the Home that is current does.
#[cfg(feature = "std")]
const AMBIENTLY: HandOver = HomeRef::adopt;
/// How the Home that is current does.
#[cfg(all(feature = "alloc", not(feature = "std")))]
const AMBIENTLY: HandOver = HomeRef::send_new;
/// How a Home does on its own thread, and anywhere.
#[cfg(not(feature = "alloc"))]
const AT_HOME: HandOver = adopt;
#[cfg(not(feature = "alloc"))]
const AMBIENTLY: HandOver = adopt;

/// # Safety
/// `hand_over` is `AT_HOME` on the home's thread, or [W1] `AMBIENTLY` for one that is current.
#[cfg(feature = "alloc")]
#[inline]
unsafe fn in_box<F: Future + 'static, N: Name>(
    home: &HomeRef,
    attributes: Attributes<N>,
    future: F,
    (hand_over, site): (HandOver, Site),
) -> Result<JoinHandle<F::Output>, Refused<F>> {
    // SAFETY: the contract is the same.
    let Some((block, counted)) = (unsafe { home.lay(size_of_task::<F, N>()) }) else {
        return Err(Refused(future));
    };
    let (priority, name) = attributes.parts();
    // SAFETY: the block was laid for `F`, with a handle counted for it.
    let (task, handle) = unsafe { spawn_at(block, counted, name, future, site) };
    // SAFETY: it is new, and the contract.
    unsafe { hand_over(home, task.cast(), priority) };
    Ok(handle)
}

/// # Safety
/// As for `in_box`.
#[inline]
unsafe fn in_place<F: Future + 'static, const SIZE: usize, const ALIGN: usize, N: PlaceName>(
    home: &HomeRef,
    priority: Priority,
    place: &'static TaskPlace<SIZE, ALIGN, N>,
    future: F,
    (hand_over, site): (HandOver, Site),
) -> Result<JoinHandle<F::Output>, PlaceError<F>>
where
    Aligned<ALIGN>: Alignment,
{
    if !home.is_open() {
        return Err(PlaceError::NoContext(future));
    }
    // SAFETY: it is handed over below.
    let (task, handle) = unsafe { place.spawn_at(home, future, site) }?;
    // SAFETY: it is new, and the contract.
    unsafe { hand_over(home, task.cast(), priority) };
    Ok(handle)
}

impl Here {
    /// Makes a task of `future` on this executor. It is polled first in a later turn, never here.
    ///
    /// # Errors
    /// The executor is gone, or being dropped: the future is handed back.
    #[cfg(feature = "alloc")]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn<F: Future + 'static>(
        &self,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Refused<F>> {
        self.spawn_with(Attributes::new(), future)
    }

    /// Makes a task of `future` on this executor, with a priority or a name.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[cfg(feature = "alloc")]
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_with<F: Future + 'static, N: Name>(
        &self,
        attributes: Attributes<N>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Refused<F>> {
        // SAFETY: a `Here` is on its Home's thread.
        unsafe { in_box(self.home(), attributes, future, (AT_HOME, Site::here())) }
    }

    /// Makes a task of `future` in a static place: see [`task_place!`](crate::task_place).
    ///
    /// # Errors
    /// The place is taken, or the executor is gone or being dropped: the future is handed back.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_place<F: Future + 'static, const SIZE: usize, const ALIGN: usize, N: PlaceName>(
        &self,
        place: &'static TaskPlace<SIZE, ALIGN, N>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, PlaceError<F>>
    where
        Aligned<ALIGN>: Alignment,
    {
        self.spawn_place_at(Priority::Normal, place, future)
    }

    /// Makes a task of `future` in a static place, with a priority. Its name is the place's.
    ///
    /// # Errors
    /// As [`spawn_place`](Self::spawn_place).
    #[cfg_attr(feature = "dag", track_caller)]
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
    ) -> Result<JoinHandle<F::Output>, PlaceError<F>>
    where
        Aligned<ALIGN>: Alignment,
    {
        // SAFETY: a `Here` is on its Home's thread.
        unsafe { in_place(self.home(), priority, place, future, (AT_HOME, Site::here())) }
    }
}

/// Spawns onto the current Home. It is polled first in a later turn, never here.
///
/// # Errors
/// No Home is current, or it is being dropped: the future is handed back.
#[cfg(feature = "alloc")]
#[inline]
#[cfg_attr(feature = "dag", track_caller)]
pub fn spawn<F>(future: F) -> Result<JoinHandle<F::Output>, Refused<F>>
where
    F: Future<Output: MaySend> + MaySend + 'static,
{
    spawn_with(Attributes::new(), future)
}

/// Spawns onto the current Home, with a priority or a name.
///
/// # Errors
/// As [`spawn`].
#[cfg(feature = "alloc")]
#[inline]
#[cfg_attr(feature = "dag", track_caller)]
pub fn spawn_with<F, N: Name>(
    attributes: Attributes<N>,
    future: F,
) -> Result<JoinHandle<F::Output>, Refused<F>>
where
    F: Future<Output: MaySend> + MaySend + 'static,
{
    let site = Site::here();
    with_current(|home| match home {
        // SAFETY: [W1].
        Some(home) => unsafe { in_box(home.home(), attributes, future, (AMBIENTLY, site)) },
        None => Err(Refused(future)),
    })
}

/// Spawns onto the current Home, into a static place: see [`task_place!`](crate::task_place).
///
/// # Errors
/// The place is taken, no Home is current, or it is being dropped: the future is handed back.
#[cfg_attr(feature = "dag", track_caller)]
pub fn spawn_place<F, const SIZE: usize, const ALIGN: usize, N: PlaceName>(
    place: &'static TaskPlace<SIZE, ALIGN, N>,
    future: F,
) -> Result<JoinHandle<F::Output>, PlaceError<F>>
where
    F: Future<Output: MaySend> + MaySend + 'static,
    Aligned<ALIGN>: Alignment,
{
    spawn_place_at(Priority::Normal, place, future)
}

/// Spawns onto the current Home, into a static place, with a priority. Its name is the place's.
///
/// # Errors
/// As [`spawn_place`].
#[cfg_attr(feature = "dag", track_caller)]
pub fn spawn_place_at<F, const SIZE: usize, const ALIGN: usize, N: PlaceName>(
    priority: Priority,
    place: &'static TaskPlace<SIZE, ALIGN, N>,
    future: F,
) -> Result<JoinHandle<F::Output>, PlaceError<F>>
where
    F: Future<Output: MaySend> + MaySend + 'static,
    Aligned<ALIGN>: Alignment,
{
    let site = Site::here();
    with_current(|home| match home {
        // SAFETY: [W1].
        Some(home) => unsafe { in_place(home.home(), priority, place, future, (AMBIENTLY, site)) },
        None => Err(PlaceError::NoContext(future)),
    })
}
