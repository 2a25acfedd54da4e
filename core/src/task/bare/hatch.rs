//! A hatch without `alloc`: a state that is touched under a mask, and on each side of it one who waits for a change.
//!
//! | a side        | `data` | `vtable` | `look`, in vain                                 | what tells this side             |
//! |---------------|--------|----------|-------------------------------------------------|----------------------------------|
//! | empty         | null   | null     | -> held                                         | nothing                          |
//! | a task's      | it     | null     | stays, if it is the same; else that one is woken | -> empty, queued under this mask |
//! | another's     | its    | its      | stays, if it is the same; else that one is woken | -> empty, woken after the mask   |
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
    header::{Header, Task},
    waker::{task_of, waker_at},
};
use crate::{
    const_new,
    mask::{Mask, Masked, masked},
};

/// See the [module](self). `W` is made of its [`Side`]s. The mask is the lock: `L` only says who may share it.
pub(crate) struct Hatch<S, W, L> {
    held: Masked<(S, W)>,
    lock: PhantomData<L>,
}

/// What a task of ours has found.
enum Found<R> {
    /// The answer, and who is to be told.
    Ready(R, Option<Waker>),
    /// Nothing: it waits.
    Waits,
    /// Nothing: it waits where somebody else did.
    Displaces(Waker),
}

/// One side, and who waits there.
pub(crate) struct Side {
    data: *const (),
    vtable: *const RawWakerVTable,
}

// SAFETY: a waker is `Send`, and so is a task.
unsafe impl Send for Side {}

impl<S, W, L> Hatch<S, W, L> {
    const_new! {
        /// A state with nobody waiting at these sides.
        pub(crate) fn new(state: S, sides: W) -> Self {
            Self { held: Masked::new((state, sides)), lock: PhantomData }
        }
    }

    /// Lends the state to `f`, which calls nobody's code.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        masked(|mask| self.lend(mask, |state, _| f(state)))
    }

    /// Has `f` change the state. If it has, who waits at the side is told.
    #[inline(always)]
    pub(crate) fn change<R>(
        &self,
        tells: impl FnOnce(&mut W) -> &mut Side,
        f: impl FnOnce(&mut S) -> Option<R>,
    ) -> Option<R> {
        let (result, told) = masked(|mask| {
            self.lend(mask, |state, sides| match f(state) {
                Some(result) => (Some(result), tells(sides).tell(mask)),
                None => (None, None),
            })
        });
        told.into_iter().for_each(Waker::wake);
        result
    }

    /// Has `f` look, and perhaps change the state: then who waits at the other side is told. If it answers nothing, `waker` waits at its side.
    #[inline(always)] // So that whoever knows that it is a task of ours has nothing else in his program.
    pub(crate) fn look<R>(
        &self,
        waker: &Waker,
        waits: impl Fn(&mut W) -> &mut Side,
        tells: impl Fn(&mut W) -> Option<&mut Side>,
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
        waits: impl Fn(&mut W) -> &mut Side,
        tells: impl Fn(&mut W) -> Option<&mut Side>,
        mut f: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        let found = masked(|mask| {
            self.lend(mask, |state, sides| match f(state) {
                Some(result) => Found::Ready(result, tell(mask, tells(sides))),
                None if waits(sides).leave(task) => Found::Waits,
                None => Found::Displaces(waits(sides).displace(task)),
            })
        });
        match found {
            Found::Ready(result, told) => {
                told.into_iter().for_each(Waker::wake);
                Poll::Ready(result)
            }
            Found::Waits => Poll::Pending,
            Found::Displaces(before) => {
                before.wake();
                Poll::Pending
            }
        }
    }

    /// For any waker.
    #[inline(never)]
    fn look_with<R>(
        &self,
        waker: &Waker,
        waits: impl Fn(&mut W) -> &mut Side,
        tells: impl Fn(&mut W) -> Option<&mut Side>,
        mut f: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        let mut fresh = Some(waker.clone());
        let (result, told) = masked(|mask| {
            self.lend(mask, |state, sides| match f(state) {
                Some(result) => (Poll::Ready(result), tell(mask, tells(sides))),
                None => (Poll::Pending, waits(sides).replace(mask, &mut fresh)),
            })
        });
        told.into_iter().for_each(Waker::wake);
        result
    }

    /// [E2] `f` calls nobody's code, so it does not come back here.
    #[inline(always)]
    fn lend<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut S, &mut W) -> R) -> R {
        // SAFETY: as said.
        unsafe { self.held.lend(mask, |(state, sides)| f(state, sides)) }
    }
}

#[inline(always)]
fn tell(mask: Mask<'_>, side: Option<&mut Side>) -> Option<Waker> {
    side.and_then(|side| side.tell_by(|task| task.wake_under(mask)))
}

impl Side {
    /// At which nobody waits.
    pub(crate) const fn new() -> Self {
        Self { data: ptr::null(), vtable: ptr::null() }
    }

    /// Tells who waits here that there is a change. Who is to be woken after the mask.
    #[inline(always)]
    fn tell(&mut self, mask: Mask<'_>) -> Option<Waker> {
        self.tell_by(|task| task.wake_in(mask))
    }

    #[inline(always)]
    fn tell_by(&mut self, wake: impl FnOnce(Task) -> Option<Waker>) -> Option<Waker> {
        if !self.vtable.is_null() {
            return self.take();
        }
        let task = self.task()?;
        self.data = ptr::null();
        wake(task)
    }

    /// Who waits here, where it is no other's.
    #[inline(always)]
    fn task(&self) -> Option<Task> {
        // SAFETY: this state of a side holds the address of a task.
        NonNull::new(self.data.cast_mut().cast::<Header>()).map(|task| unsafe { Task::new(task) })
    }

    /// This task waits here from now on, unless somebody else does: then `false`.
    #[inline(always)]
    fn leave(&mut self, task: Task) -> bool {
        let ours = task.as_ptr().as_ptr().cast_const().cast();
        let free = self.vtable.is_null() && (self.data.is_null() || self.data == ours);
        if free {
            self.data = ours;
        }
        free
    }

    /// This task waits here from now on. Who did is to be woken after the mask.
    #[cold]
    #[inline(never)]
    fn displace(&mut self, task: Task) -> Waker {
        // SAFETY: somebody waits here: that of a task of ours says which [K1].
        let before = self.take().unwrap_or_else(|| unsafe { waker_at(self.data) });
        self.data = task.as_ptr().as_ptr().cast_const().cast();
        before
    }

    /// Puts `fresh` here, unless what is here wakes the same.
    fn replace(&mut self, mask: Mask<'_>, fresh: &mut Option<Waker>) -> Option<Waker> {
        let same = fresh.as_ref().is_some_and(|fresh| {
            self.data == fresh.data() && self.vtable == ptr::from_ref(fresh.vtable())
        });
        if same {
            return None;
        }
        let before = self.tell(mask);
        if let Some(fresh) = fresh.take().map(ManuallyDrop::new) {
            (self.data, self.vtable) = (fresh.data(), fresh.vtable());
        }
        before
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
}

impl Drop for Side {
    fn drop(&mut self) {
        drop(self.take());
    }
}
