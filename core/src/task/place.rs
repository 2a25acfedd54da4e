//! Tasks in statics: memory that is reserved when the program is built, for a task at a time.
//!
//! | `taken` | means                                     | left by                                          |
//! |---------|-------------------------------------------|--------------------------------------------------|
//! | false   | the memory is nobody's                    | a spawn                                          |
//! | true    | a task, or what wakers and handle keep of it, stands in it | the last reference, on whatever thread |
//!
//! [P1] Who moved `taken` from false to true owns the memory until it hands it to the task, whose last reference moves it back.

#![expect(unsafe_code, reason = "writes a task into reserved memory")]

use core::{
    cell::UnsafeCell,
    fmt,
    future::Future,
    marker::PhantomData,
    mem::{MaybeUninit, offset_of},
    ptr::NonNull,
};

use super::{
    cell::{Storage, TaskCell},
    header::Header,
    join::{JoinHandle, Spawned},
    joining::Joining,
    own::Own,
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

/// Names an alignment.
#[derive(Debug)]
pub struct Aligned<const ALIGN: usize>;

/// The alignments that there are: powers of two from 1 to 4096.
pub trait Alignment {
    /// A type of that alignment.
    type Unit: Copy;
}

macro_rules! alignments {
    ($($align:literal $unit:ident)*) => {$(
        #[derive(Clone, Copy, Debug)]
        #[repr(align($align))]
        pub struct $unit;
        impl Alignment for Aligned<$align> {
            type Unit = $unit;
        }
    )*};
}

mod units {
    #![allow(
        unreachable_pub,
        missing_docs,
        reason = "the types are named through `Alignment::Unit` alone"
    )]
    use super::{Aligned, Alignment};
    alignments!(1 A1 2 A2 4 A4 8 A8 16 A16 32 A32 64 A64 128 A128 256 A256 512 A512 1024 A1024 2048 A2048 4096 A4096);
}

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

/// What the tasks of a place are called.
pub trait PlaceName {
    /// Their name.
    const NAME: Option<&'static str>;
}

/// The tasks of such a place have no name.
#[derive(Debug)]
pub struct Unnamed;

impl PlaceName for Unnamed {
    const NAME: Option<&'static str> = None;
}

#[repr(C)]
struct Memory<const SIZE: usize, const ALIGN: usize>
where
    Aligned<ALIGN>: Alignment,
{
    align: [<Aligned<ALIGN> as Alignment>::Unit; 0],
    bytes: MaybeUninit<[u8; SIZE]>,
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
            let memory = Memory { align: [], bytes: MaybeUninit::uninit() };
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

/// A function that returns a future, such as an `async fn`, with up to six arguments.
pub trait TaskFn<Args> {
    /// What it returns.
    type Future: Future;
}

macro_rules! task_fn {
    ($($arg:ident)*) => {
        impl<Fun, Fut, $($arg),*> TaskFn<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Fut,
            Fut: Future,
        {
            type Future = Fut;
        }
    };
}
task_fn!();
task_fn!(A);
task_fn!(A B);
task_fn!(A B C);
task_fn!(A B C D);
task_fn!(A B C D E);
task_fn!(A B C D E F);

/// How many bytes a task of what this function returns needs.
pub const fn task_size<Args, T: TaskFn<Args>>(_: &T) -> usize {
    size_of::<TaskCell<T::Future>>()
}

/// How a task of what this function returns must be aligned.
pub const fn task_align<Args, T: TaskFn<Args>>(_: &T) -> usize {
    align_of::<TaskCell<T::Future>>()
}

/// Reserves static memory for a task of the `async fn` that it names, and is a `&'static TaskPlace` of the right size, whose
/// tasks are named as it is. Each place in the source where it stands is one place for one task at a time.
///
/// ```
/// async fn blink(times: u32) -> u32 { times }
///
/// let place = tidemill_core::task_place!(blink);
/// assert_eq!(format!("{place:?}"), format!("TaskPlace({} bytes)", tidemill_core::task::task_size(&blink)));
/// ```
#[macro_export]
macro_rules! task_place {
    ($task:path) => {{
        struct Name;
        impl $crate::task::PlaceName for Name {
            const NAME: Option<&'static str> = Some(stringify!($task));
        }
        static PLACE: $crate::task::TaskPlace<
            { $crate::task::task_size(&$task) },
            { $crate::task::task_align(&$task) },
            Name,
        > = $crate::task::TaskPlace::new();
        &PLACE
    }};
}
