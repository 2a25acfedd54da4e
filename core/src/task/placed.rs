//! Tasks in statics beside tasks in boxes: a place for a task at a time, counted as all are.
//!
//! | `taken` | means                                     | left by                                          |
//! |---------|-------------------------------------------|--------------------------------------------------|
//! | false   | the memory is nobody's                    | a spawn                                          |
//! | true    | a task, or what wakers and handle keep of it, stands in it | the last reference, on whatever thread |
//!
//! [P1] Who moved `taken` from false to true owns the memory until it hands it to the task, whose last reference moves it back.

#![expect(unsafe_code, reason = "writes a task into reserved memory")]

use core::{
    cell::UnsafeCell, fmt, future::Future, marker::PhantomData, mem::offset_of, ptr::NonNull,
};

use super::{
    cell::{Joining, Storage, TaskCell},
    header::Header,
    join::{JoinHandle, Spawned},
    own::Own,
    place::{Aligned, Alignment, Memory, PlaceName, TaskFn, Unnamed},
    state::State,
};
use crate::{
    const_new,
    context::HomeRef,
    dag::Site,
    error::Occupied,
    sync::{
        self, AtomicBool,
        Ordering::{Acquire, Relaxed, Release},
    },
};

/// Room for one task: put it into a static with [`task_place!`](crate::task_place).
#[repr(C)]
pub struct TaskPlace<const SIZE: usize, const ALIGN: usize, N = Unnamed>
where
    Aligned<ALIGN>: Alignment,
{
    memory: UnsafeCell<Memory<SIZE, ALIGN>>,
    taken: AtomicBool,
    /// No memory at all: by it a model sees who has the place.
    owned: sync::UnsafeCell<()>,
    /// No memory either: the name stands with the program.
    name: PhantomData<fn() -> N>,
}

// SAFETY: [P1] gives the memory one owner at a time, and a task may be freed anywhere.
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
            let memory = Memory::new();
            let (taken, owned) = (AtomicBool::new(false), sync::UnsafeCell::new(()));
            Self { memory: UnsafeCell::new(memory), taken, owned, name: PhantomData }
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
    pub(super) unsafe fn spawn_at<F: Future + 'static>(
        &'static self,
        home: &HomeRef,
        future: F,
        site: Site,
    ) -> Result<Spawned<F::Output>, Occupied<F>> {
        const {
            assert!(size_of::<TaskCell<F>>() <= SIZE, "the place is too small for this task");
            assert!(align_of::<TaskCell<F>>() <= ALIGN, "the place is not aligned enough");
        }
        // ordering: Acquire pairs with Release in `free`: all that the last task did is over.
        if self.taken.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            return Err(Occupied(future));
        }
        self.owned.with_mut(|_| ());
        // The memory stands first, and the pointer may be led back to the whole place.
        let memory = NonNull::from(self).cast::<u8>();
        let state = (State::spawned(), Own::queued());
        // SAFETY: [P1] it is ours; it fits, as asserted above; it is the task's until `Placed::free`.
        let task = unsafe {
            TaskCell::write::<Placed<SIZE, ALIGN, N>>(memory, state, home.clone(), future, site)
        };
        // SAFETY: it was made just now, of an `F`.
        let joining = unsafe { Joining::new(task) };
        // SAFETY: it was made just now.
        unsafe { task.as_ref() }.node.label(N::NAME);
        Ok((task, JoinHandle::new(joining)))
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

/// In a [`TaskPlace`].
struct Placed<const SIZE: usize, const ALIGN: usize, N>(PhantomData<N>);

impl<F: Future, const SIZE: usize, const ALIGN: usize, N: PlaceName> Storage<F>
    for Placed<SIZE, ALIGN, N>
where
    Aligned<ALIGN>: Alignment,
{
    unsafe fn free(task: NonNull<Header>) {
        const { assert!(offset_of!(TaskPlace<SIZE, ALIGN, N>, memory) == 0) };
        // SAFETY: the header stands at the beginning of a static place of this type, see `spawn_at`.
        let place = unsafe { task.cast::<TaskPlace<SIZE, ALIGN, N>>().as_ref() };
        // SAFETY: no reference is left (contract), and it is the header of this place.
        unsafe { leave(task, &place.taken, &place.owned) };
    }

    unsafe fn name(_: NonNull<Header>) -> Option<&'static str> {
        N::NAME
    }
}

/// Ends a task in a place, which is free then: the same for all of them.
///
/// # Safety
/// No reference is left; the rest is of the place in which the task stands.
unsafe fn leave(task: NonNull<Header>, taken: &AtomicBool, owned: &sync::UnsafeCell<()>) {
    // SAFETY: the contract is the same.
    let home = unsafe { Header::dissolve(task) };
    owned.with_mut(|_| ());
    // ordering: Release pairs with Acquire in `spawn_in`.
    taken.store(false, Release);
    drop(home);
}

/// How many bytes a task of what this function returns needs.
pub const fn task_size<Args, T: TaskFn<Args>>(_: &T) -> usize {
    size_of::<TaskCell<T::Future>>()
}

/// How a task of what this function returns must be aligned.
pub const fn task_align<Args, T: TaskFn<Args>>(_: &T) -> usize {
    align_of::<TaskCell<T::Future>>()
}
