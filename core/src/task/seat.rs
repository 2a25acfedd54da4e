//! Tasks in statics without `alloc`: a place is a header, and behind it room for a future or its output.
//!
//! [P1] Who claims a place (`Header::claim`) owns what is behind the header until the task is taken in; then it is as [H3] of `header` says. Who starts a task there (`start`) has it
//!      taken in first, and writes it after that: this is the thread that polls it, and it does so later.

#![expect(unsafe_code, reason = "writes a task into reserved memory")]

use core::{any, cell::UnsafeCell, fmt, future::Future, marker::PhantomData, ptr::NonNull};

use super::{
    bare::{Body, Header, Joining, Of, Place, Task, start},
    join::{JoinHandle, Spawned},
    place::{Aligned, Alignment, Memory, PlaceName, TaskFn, Unnamed},
};
use crate::{
    const_new,
    context::HomeRef,
    dag::{self, Site},
    error::Occupied,
};

/// Room for one task: put it into a static with [`task_place!`](crate::task_place).
#[repr(C)]
pub struct TaskPlace<const SIZE: usize, const ALIGN: usize, N = Unnamed>
where
    Aligned<ALIGN>: Alignment,
{
    header: Header,
    body: UnsafeCell<Memory<SIZE, ALIGN>>,
    /// No memory: the name stands with the program.
    name: PhantomData<fn() -> N>,
}

// SAFETY: [P1], and a task may be spawned anywhere whose future may go there.
unsafe impl<const SIZE: usize, const ALIGN: usize, N> Sync for TaskPlace<SIZE, ALIGN, N> where
    Aligned<ALIGN>: Alignment
{
}

impl<const SIZE: usize, const ALIGN: usize, N> TaskPlace<SIZE, ALIGN, N>
where
    Aligned<ALIGN>: Alignment,
{
    const_new! {
        /// Room in which nothing stands, for tasks that are called as `N` says.
        #[allow(clippy::new_without_default, reason = "it belongs into a static")]
        pub fn new() -> Self {
            Self { header: Header::new(), body: UnsafeCell::new(Memory::new()), name: PhantomData }
        }
    }
}

impl<const SIZE: usize, const ALIGN: usize, N: PlaceName> TaskPlace<SIZE, ALIGN, N>
where
    Aligned<ALIGN>: Alignment,
{
    /// Makes a task of `future` in this place: its header, to be handed to its Home, and its handle.
    ///
    /// # Errors
    /// The place is taken: the future is handed back.
    ///
    /// # Safety
    /// The task is handed to `home`, in whose Local it ends.
    #[cfg_attr(feature = "dag", track_caller)]
    #[inline(always)] // So that a future is made where it comes to lie.
    pub unsafe fn spawn_in<F: Future + 'static>(
        &'static self,
        home: &HomeRef,
        future: F,
    ) -> Result<Spawned<F::Output>, Occupied<F>> {
        // SAFETY: the contract is the same.
        unsafe { self.spawn_at(home, future, Site::here()) }
    }

    /// As `spawn_in`, called from `site`.
    ///
    /// # Safety
    /// As `spawn_in`.
    #[inline(always)]
    pub(super) unsafe fn spawn_at<F: Future + 'static>(
        &'static self,
        _: &HomeRef,
        future: F,
        site: Site,
    ) -> Result<Spawned<F::Output>, Occupied<F>> {
        let task = self.task_of::<F>();
        if !task.claim(Of::<F, Self>::KIND) {
            return Err(Occupied(future));
        }
        // SAFETY: claimed just now, and it fits, as `task_of` asserts.
        unsafe { Self::fill(task, future, site) };
        // SAFETY: it was made just now; [C2] of `cell`, the output stands where the future does.
        let joining = unsafe { Joining::new(task, Of::<F, Self>::output(task)) };
        Ok((task.as_ptr(), JoinHandle::new(joining)))
    }

    /// Makes a task of `future` in this place, without a handle, and has `home` take it in. `false`: the place is taken, and `future` is dropped.
    ///
    /// # Safety
    /// This is the thread of `home`, which is open.
    #[cfg_attr(feature = "dag", track_caller)]
    #[inline(always)]
    pub unsafe fn start_in<F: Future + 'static>(&'static self, home: &HomeRef, future: F) -> bool {
        let task = self.task_of::<F>();
        // SAFETY: the contract, and below.
        let started = unsafe { start(*home, task, Of::<F, Self>::KIND) };
        if let Some(task) = started {
            // Nobody polls it before this thread does.
            // SAFETY: taken just now, and it fits, as `task_of` asserts.
            unsafe { Self::fill(task, future, Site::here()) };
        }
        started.is_some()
    }

    /// The task in this place, which is asserted to have room for an `F`.
    #[inline(always)]
    fn task_of<F: Future>(&'static self) -> Task {
        const {
            assert!(size_of::<Body<F>>() <= SIZE, "the place is too small for this task");
            assert!(align_of::<Body<F>>() <= ALIGN, "the place is not aligned enough");
        }
        // The header stands first, and the pointer may be led back to the whole place.
        // SAFETY: [H1] of `header`.
        unsafe { Task::new(NonNull::from(self).cast::<Header>()) }
    }

    /// Writes a future into a place.
    ///
    /// # Safety
    /// [P1] it is ours, and what stands in it is to be an `F`, which fits.
    #[inline(always)]
    unsafe fn fill<F: Future>(task: Task, future: F, site: Site) {
        // SAFETY: the contract.
        unsafe { Self::body(task).cast::<Body<F>>().write(Body::new(future)) };
        let node = dag::Task::new(any::type_name::<F>(), task.as_ptr().as_ptr().addr(), site);
        node.label(N::NAME);
        task.note(node);
    }
}

impl<const SIZE: usize, const ALIGN: usize, N: PlaceName> Place for TaskPlace<SIZE, ALIGN, N>
where
    Aligned<ALIGN>: Alignment,
{
    const NAME: Option<&'static str> = N::NAME;

    #[inline(always)]
    fn body(task: Task) -> NonNull<u8> {
        let place = task.as_ptr().cast::<Self>();
        // SAFETY: [H1] of `header`: it may be led back to the place, of which only an address is formed.
        let body = unsafe { &raw mut (*place.as_ptr()).body };
        // SAFETY: no part of a static lies at zero.
        unsafe { NonNull::new_unchecked(body.cast()) }
    }
}

impl<const SIZE: usize, const ALIGN: usize, N> fmt::Debug for TaskPlace<SIZE, ALIGN, N>
where
    Aligned<ALIGN>: Alignment,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPlace({SIZE} bytes)")
    }
}

/// How many bytes a task of what this function returns needs beside its header.
pub const fn task_size<Args, T: TaskFn<Args>>(_: &T) -> usize {
    size_of::<Body<T::Future>>()
}

/// How a task of what this function returns must be aligned.
pub const fn task_align<Args, T: TaskFn<Args>>(_: &T) -> usize {
    align_of::<Body<T::Future>>()
}
