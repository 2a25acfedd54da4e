//! Boxed tasks: their memory comes from the free blocks of their executor.

#![expect(unsafe_code, reason = "writes tasks into raw memory")]

use core::{alloc::Layout, future::Future, marker::PhantomData, ptr::NonNull};

use super::{
    attributes::Name,
    cell::{Storage, TaskCell},
    header::Header,
    join::{JoinHandle, Spawned},
    joining::Joining,
    own::Own,
    state::State,
};
use crate::{
    context::{HomeRef, Size},
    dag::Site,
};

/// What stands in the block: the task, and behind it its name.
#[repr(C)]
pub(super) struct Named<F: Future, N> {
    pub(super) cell: TaskCell<F>,
    pub(super) name: N,
}

impl<F: Future, N: Name> Named<F, N> {
    /// The name of a task that stands in one.
    ///
    /// # Safety
    /// The task is alive, and its header stands at the beginning of one.
    pub(super) unsafe fn name(task: NonNull<Header>) -> Option<&'static str> {
        // SAFETY: it is alive, and stands there (contract).
        let name = unsafe { &raw const (*task.cast::<Self>().as_ptr()).name };
        // SAFETY: it was written before the task was made, and is changed no more.
        unsafe { name.read() }.text()
    }
}

/// In a block of the task's Home, with a name; of a future that is SPENT when it was ready.
pub(super) struct Boxed<N, const SPENT: bool = false>(PhantomData<N>);

impl<F: Future, N: Name, const SPENT: bool> Storage<F> for Boxed<N, SPENT> {
    const SPENT: bool = SPENT;
    const TAGGED: bool = Self::size::<F>().has_tag();

    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: no reference is left (contract).
        let home = unsafe { Header::dissolve(task) };
        // SAFETY: it was laid for this layout, see `spawn_at`; nothing is left in it.
        unsafe { home.clear(task.cast(), Self::size::<F>()) };
    }

    unsafe fn name(task: NonNull<Header>) -> Option<&'static str> {
        // SAFETY: the header stands at the beginning of one, see `spawn_at`; it is alive (contract).
        unsafe { Named::<F, N>::name(task) }
    }
}

impl<N: Name, const SPENT: bool> Boxed<N, SPENT> {
    /// The size of the block for `F`. Of those that are SPENT there may be millions, each of which is woken once: they have no tags.
    #[inline]
    pub(super) const fn size<F: Future>() -> Size {
        const {
            let layout = Layout::new::<Named<F, N>>();
            if SPENT { Size::of(layout) } else { Size::tagged(layout) }
        }
    }
}

/// The size of the block that `spawn_in` needs for `F`.
#[inline]
pub const fn size_of_task<F: Future, N: Name>() -> Size {
    Boxed::<N>::size::<F>()
}

/// Makes a task of `future` in `block`: its header, to be handed to its Home, and its handle.
///
/// # Safety
/// `block` is from the Home's [`Blocks`](crate::context::Blocks) for `size_of_task::<F, N>()`; `home` is a handle on that Home, to which the task is handed.
#[inline]
#[cfg_attr(feature = "dag", track_caller)]
pub unsafe fn spawn_in<F: Future + 'static, N: Name>(
    block: NonNull<u8>,
    home: HomeRef,
    name: N,
    future: F,
) -> Spawned<F::Output> {
    // SAFETY: the contract is the same.
    unsafe { spawn_at(block, home, name, future, Site::here()) }
}

/// As `spawn_in`, called from `site`.
///
/// # Safety
/// As `spawn_in`.
#[inline]
pub(super) unsafe fn spawn_at<F: Future + 'static, N: Name>(
    block: NonNull<u8>,
    home: HomeRef,
    name: N,
    future: F,
    site: Site,
) -> Spawned<F::Output> {
    // SAFETY: the contract is the same.
    let task = unsafe {
        bear::<F, N, false>(block, (State::spawned(), Own::queued()), home, (name, future), site)
    };
    // SAFETY: it was made just now, of an `F`.
    (task, JoinHandle::new(unsafe { Joining::new(task) }))
}

/// As `spawn_at`, of a task in this state, which is that of a new one.
///
/// # Safety
/// As `spawn_in`. Where it is SPENT, a future that was ready holds nothing any more that is to be dropped.
#[inline(always)] // So that a future is made where it comes to lie.
pub(super) unsafe fn bear<F: Future + 'static, N: Name, const SPENT: bool>(
    block: NonNull<u8>,
    state: (State, Own),
    home: HomeRef,
    (name, future): (N, F),
    site: Site,
) -> NonNull<Header> {
    // SAFETY: the block fits.
    let place = unsafe { &raw mut (*block.cast::<Named<F, N>>().as_ptr()).name };
    // SAFETY: as above.
    unsafe { place.write(name) };
    // SAFETY: the block fits, and is the task's until `Boxed::free`; the cell stands first in it.
    let task = unsafe { TaskCell::write::<Boxed<N, SPENT>>(block, state, home, future, site) };
    // SAFETY: it was made just now.
    unsafe { task.as_ref() }.node.label(name.text());
    task
}
