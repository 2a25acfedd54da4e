//! A hatch without `alloc`: a state that is touched under a mask, and on each side of it one who waits for a change.
//!
//! | a side        | `data` | `vtable` | `look`, in vain                                 | what tells this side             |
//! |---------------|--------|----------|-------------------------------------------------|----------------------------------|
//! | empty         | null   | null     | -> held                                         | nothing                          |
//! | a task's      | it     | null     | stays, if it is the same; else both look again   | -> empty, queued under this mask |
//! | another's     | its    | its      | stays, if it is the same; else both look again   | -> empty, woken after the mask   |
//!
//! [E1] To look in vain and to leave a waker is one step, and so is to change the state and to tell the other side: so no change is missed.
//! [E2] Under the mask wakers move and are compared, and no code of theirs runs. A task of ours is queued there: that is a few instructions, and nobody's code.
//! [E3] A side that is another's owns a waker of these two parts.

#![expect(unsafe_code, reason = "takes wakers to pieces, and lends what is touched under a mask")]

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    task::{Poll, RawWakerVTable, Waker},
};

use super::{
    base::ring,
    header::{Header, Task},
    queue::Queue,
    waker::{task_of, wake_task, waker_at},
};
use crate::{
    const_new,
    mask::{Mask, Masked, masked},
};

/// See the [module](self). `W` is made of its [`Side`]s. The mask is the lock: `L` only says who may share it.
pub(crate) struct Hatch<S, W, L> {
    state: Masked<S>,
    sides: W,
    lock: PhantomData<L>,
}

/// One side, and who waits there.
pub(crate) struct Side(Masked<Guest>);

struct Guest {
    data: *const (),
    vtable: *const RawWakerVTable,
}

// SAFETY: a waker is `Send`, and so is a task.
unsafe impl Send for Guest {}

/// What is left to do after the mask, in one word, so that to find that it is nothing is one look.
///
/// | the lowest bits | the address is of | to do                              |
/// |-----------------|-------------------|------------------------------------|
/// | 0               | nothing           | nothing                            |
/// | 0               | a queue           | to ring for it                     |
/// | OTHER           | a side            | to wake who waits there            |
/// | TAKEN           | a side            | to wake who waits there, and who would: he looks again |
#[must_use]
struct Told<'h>(*const (), PhantomData<&'h Side>);

const OTHER: usize = 1;
const TAKEN: usize = 2;

impl<'h> Told<'h> {
    const NOTHING: Self = Self(ptr::null(), PhantomData);

    #[inline(always)]
    fn ring(queue: Option<&'static Queue<Header>>) -> Self {
        Self(queue.map_or(ptr::null(), |queue| ptr::from_ref(queue).cast()), PhantomData)
    }

    #[inline(always)]
    fn side(side: &'h Side, what: usize) -> Self {
        const { assert!(align_of::<Side>() >= 4) };
        Self(ptr::from_ref(side).cast::<()>().map_addr(|address| address | what), PhantomData)
    }

    /// Does it, for a task, if there is one.
    #[inline(always)]
    fn go(self, task: Option<Task>) {
        if !self.0.is_null() {
            self.act(task);
        }
    }

    #[cold]
    #[inline(never)]
    fn act(self, task: Option<Task>) {
        let what = self.0.addr() & (OTHER | TAKEN);
        let of = self.0.map_addr(|address| address & !(OTHER | TAKEN));
        if what == 0 {
            // SAFETY: `ring` put a queue there.
            return ring(unsafe { &*of.cast() });
        }
        // SAFETY: `side` put a side there, which is borrowed still.
        let side: &Side = unsafe { &*of.cast() };
        side.empty();
        if let Some(task) = task.filter(|_| what == TAKEN) {
            wake_task(task);
        }
    }
}

impl<S, W, L> Hatch<S, W, L> {
    const_new! {
        /// A state with nobody waiting at these sides.
        pub(crate) fn new(state: S, sides: W) -> Self {
            Self { state: Masked::new(state), sides, lock: PhantomData }
        }
    }

    /// Lends the state to `f`, which calls nobody's code.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        masked(|mask| self.lend(mask, f))
    }

    /// Has `f` change the state. If it has, who waits at the side is told.
    #[inline(always)]
    pub(crate) fn change<R>(
        &self,
        tells: impl FnOnce(&W) -> &Side,
        f: impl FnOnce(&mut S) -> Option<R>,
    ) -> Option<R> {
        let (result, told) = masked(|mask| match self.lend(mask, f) {
            Some(result) => (Some(result), tells(&self.sides).tell(mask, Task::wake_in)),
            None => (None, Told::NOTHING),
        });
        told.go(None);
        result
    }

    /// Has `f` look, and perhaps change the state: then who waits at the other side is told. If it answers nothing, `waker` waits at its side.
    #[inline(always)] // So that whoever knows that it is a task of ours has nothing else in his program.
    pub(crate) fn look<R>(
        &self,
        waker: &Waker,
        waits: impl Fn(&W) -> &Side,
        tells: impl Fn(&W) -> Option<&Side>,
        f: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        match task_of(waker) {
            Some(task) => self.look_as(task, waits, tells, f),
            None => self.look_with(waker, waits, tells, f),
        }
    }

    /// For a task of ours.
    #[inline(never)] // All who wait for the same kind of thing call this one.
    fn look_as<R>(
        &self,
        task: Task,
        waits: impl Fn(&W) -> &Side,
        tells: impl Fn(&W) -> Option<&Side>,
        f: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        let (result, told) = masked(|mask| match self.lend(mask, f) {
            Some(result) => (Poll::Ready(result), self.tell(mask, tells)),
            None => (Poll::Pending, waits(&self.sides).leave(mask, task)),
        });
        told.go(Some(task));
        result
    }

    /// For any waker.
    #[inline(never)]
    fn look_with<R>(
        &self,
        waker: &Waker,
        waits: impl Fn(&W) -> &Side,
        tells: impl Fn(&W) -> Option<&Side>,
        f: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        let mut fresh = Some(waker.clone());
        let (result, told, before) = masked(|mask| match self.lend(mask, f) {
            Some(result) => (Poll::Ready(result), self.tell(mask, tells), None),
            None => (Poll::Pending, Told::NOTHING, waits(&self.sides).replace(mask, &mut fresh)),
        });
        told.go(None);
        before.into_iter().for_each(Waker::wake);
        result
    }

    #[inline(always)]
    fn tell(&self, mask: Mask<'_>, tells: impl Fn(&W) -> Option<&Side>) -> Told<'_> {
        tells(&self.sides).map_or(Told::NOTHING, |side| side.tell(mask, Task::wake_under))
    }

    /// [E2] `f` calls nobody's code, so it does not come back here.
    #[inline(always)]
    fn lend<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut S) -> R) -> R {
        // SAFETY: as said.
        unsafe { self.state.lend(mask, f) }
    }
}

impl Side {
    const_new! {
        /// At which nobody waits.
        pub(crate) fn new() -> Self {
            Self(Masked::new(Guest::NOBODY))
        }
    }

    /// Tells who waits here that there is a change.
    #[inline(always)]
    fn tell(
        &self,
        mask: Mask<'_>,
        wake: impl FnOnce(Task, Mask<'_>) -> Option<&'static Queue<Header>>,
    ) -> Told<'_> {
        let found = self.lend(mask, |guest| {
            if !guest.vtable.is_null() {
                return Err(());
            }
            let task = guest.task();
            if task.is_some() {
                guest.data = ptr::null();
            }
            Ok(task)
        });
        match found {
            Err(()) => Told::side(self, OTHER),
            Ok(task) => Told::ring(task.and_then(|task| wake(task, mask))),
        }
    }

    /// This task waits here from now on, unless somebody else does.
    #[inline(always)]
    fn leave(&self, mask: Mask<'_>, task: Task) -> Told<'_> {
        let ours = task.as_ptr().as_ptr().cast_const().cast();
        let free = self.lend(mask, |guest| {
            let free = guest.vtable.is_null() && (guest.data.is_null() || guest.data == ours);
            if free {
                guest.data = ours;
            }
            free
        });
        if free { Told::NOTHING } else { Told::side(self, TAKEN) }
    }

    /// Puts `fresh` here, unless what is here wakes the same. Who was here is to be woken after the mask.
    fn replace(&self, mask: Mask<'_>, fresh: &mut Option<Waker>) -> Option<Waker> {
        self.lend(mask, |guest| {
            let same = fresh.as_ref().is_some_and(|fresh| {
                guest.data == fresh.data() && guest.vtable == ptr::from_ref(fresh.vtable())
            });
            if same {
                return None;
            }
            let before = guest.take_any();
            if let Some(fresh) = fresh.take().map(ManuallyDrop::new) {
                (guest.data, guest.vtable) = (fresh.data(), fresh.vtable());
            }
            before
        })
    }

    /// Wakes who waits here, whoever it is.
    fn empty(&self) {
        let waker = masked(|mask| self.lend(mask, Guest::take_any));
        waker.into_iter().for_each(Waker::wake);
    }

    #[inline(always)]
    fn lend<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut Guest) -> R) -> R {
        // SAFETY: what is done here calls nobody's code, and does not come back.
        unsafe { self.0.lend(mask, f) }
    }
}

impl Guest {
    const NOBODY: Self = Self { data: ptr::null(), vtable: ptr::null() };

    /// Who waits, where it is no other's.
    #[inline(always)]
    fn task(&self) -> Option<Task> {
        // SAFETY: this state of a side holds the address of a task.
        NonNull::new(self.data.cast_mut().cast::<Header>()).map(|task| unsafe { Task::new(task) })
    }

    /// Takes out the waker of another.
    fn take(&mut self) -> Option<Waker> {
        // SAFETY: it is null or that of a waker [E3].
        let vtable = unsafe { self.vtable.as_ref() }?;
        let data = self.data;
        (self.data, self.vtable) = (ptr::null(), ptr::null());
        // SAFETY: [E3], and the side is empty now.
        Some(unsafe { Waker::new(data, vtable) })
    }

    /// Takes out whoever waits.
    fn take_any(&mut self) -> Option<Waker> {
        if self.vtable.is_null() {
            let task = self.task()?;
            self.data = ptr::null();
            // SAFETY: [K1] of `waker`, it is a task's.
            return Some(unsafe { waker_at(task.as_ptr().as_ptr().cast_const().cast()) });
        }
        self.take()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.take());
    }
}
