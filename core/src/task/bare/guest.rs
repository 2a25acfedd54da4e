//! A guest: the one who waits for something. As a rule that is a task of ours: one word says who it is, and wakers of others cost those who bring them.
//!
//! | `who`    | waits                                   | another begins to wait      | what he waits for comes                   |
//! |----------|-----------------------------------------|-----------------------------|-------------------------------------------|
//! | NOBODY   | nobody                                  | -> he                       | nothing                                   |
//! | COME     | nobody, since what one waits for is there | -                         | nothing                                   |
//! | OTHER    | the waker in `other`, if it is still there | -> he; this one is told  | -> NOBODY, and `other` is woken after the mask |
//! | a header | this task                               | -> he; this one is told     | -> NOBODY, and queued under this mask     |
//!
//! [E1] To look in vain and to be the guest is one step, and so is to change what is waited for and to tell the guest: so no change is missed.
//! [E2] Under the mask wakers move and are compared, and no code of theirs runs. A task of ours is queued there: that is a few instructions, and nobody's code.
//! [E3] A waker that leaves `other` is woken. Between the mask and that another may come there, and is woken too, once too often; or it is gone already.
//! [E4] MET is set before anyone is OTHER. Where no waker of others ever waits nobody sets it: the linker's optimizer sees that, and leaves out what is done for them.

#![expect(unsafe_code, reason = "names tasks by a word")]

use core::{
    ptr::{self, NonNull},
    task::Waker,
};

use super::{
    header::{Header, Task},
    queue::Queue,
    waker::{borrowed, ring},
};
use crate::{
    const_new,
    mask::{Mask, Masked, masked},
    shared_static,
    sync::{AtomicBool, Ordering::Relaxed},
};

shared_static!(static MET: AtomicBool = AtomicBool::new(false));

/// See the [module](self).
pub(super) struct Guest {
    who: Masked<Who>,
    other: Masked<Option<Waker>>,
}

/// Who waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Who(*const Header);

// SAFETY: a task is `Send`.
unsafe impl Send for Who {}

impl Who {
    pub(super) const NOBODY: Self = Self(ptr::null());
    pub(super) const COME: Self = Self(ptr::without_provenance(1));
    const OTHER: Self = Self(ptr::without_provenance(2));

    /// A task of ours.
    #[inline(always)]
    pub(super) fn task(task: Task) -> Self {
        const { assert!(align_of::<Header>() > 2, "no header is where OTHER is") };
        Self(task.as_ptr().as_ptr())
    }

    #[inline(always)]
    pub(super) fn waits(self) -> bool {
        self.0.addr() > Self::COME.0.addr()
    }

    /// Names the task of ours that it is.
    ///
    /// # Safety
    /// It is one: it waits, and is not OTHER, which it is not where MET is not set [E4].
    #[inline(always)]
    unsafe fn name(self) -> Task {
        // SAFETY: the contract.
        let header = unsafe { NonNull::new_unchecked(self.0.cast_mut()) };
        // SAFETY: a task's, by `task`.
        unsafe { Task::new(header) }
    }
}

impl Guest {
    const_new! {
        /// Nobody.
        pub(super) fn new() -> Self {
            Self { who: Masked::new(Who::NOBODY), other: Masked::new(None) }
        }
    }

    /// Who waits.
    #[inline(always)]
    pub(super) fn who(&self, mask: Mask<'_>) -> Who {
        self.who.get(mask)
    }

    /// Says that nobody waits, where nobody does.
    #[inline(always)]
    pub(super) fn set(&self, mask: Mask<'_>, who: Who) {
        self.who.set(mask, who);
    }

    /// What is waited for has come: nobody needs to wait any more, and who did is told.
    #[inline(always)]
    pub(super) fn come(&self, mask: Mask<'_>) -> Told {
        let before = self.who.replace(mask, Who::COME);
        let queue = if !before.waits() || before == Who::OTHER && met() {
            None
        } else {
            // SAFETY: found just now.
            unsafe { before.name() }.wake_in(mask)
        };
        Told { before, queue }
    }

    #[inline(always)]
    pub(super) fn go(&self, told: Told) {
        if let Some(queue) = told.queue {
            ring(queue);
            core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        }
        if told.before == Who::OTHER && met() {
            self.wake_other();
        }
    }

    /// It is `next` from now on. Whoever it was before is to be [told](Self::tell).
    #[inline(always)]
    pub(super) fn follow(&self, mask: Mask<'_>, next: Who) -> Who {
        self.who.replace(mask, next)
    }

    /// After the mask: tells who waited here before `next`, unless that is the same.
    #[inline(always)]
    pub(super) fn tell(&self, before: Who, next: Who) {
        if before == next {
        } else if before == Who::OTHER && met() {
            self.wake_other();
        } else {
            // SAFETY: found just now.
            borrowed(unsafe { before.name() }).wake_by_ref();
        }
    }

    /// It is this waker from now on, which is taken, unless it is there already. Whoever it was before is to be told, and a waker that this answers woken.
    pub(super) fn follow_by(
        &self,
        mask: Mask<'_>,
        waker: &mut Option<Waker>,
    ) -> (Who, Option<Waker>) {
        MET.store(true, Relaxed);
        let before = self.who.replace(mask, Who::OTHER);
        if before == Who::OTHER
            && waker.as_ref().is_some_and(|waker| self.other.wakes_as(mask, waker))
        {
            return (Who::NOBODY, None);
        }
        (before, self.other.replace(mask, waker.take()))
    }

    /// Wakes the waker that is another's.
    fn wake_other(&self) {
        let waker = masked(|mask| self.other.take(mask));
        waker.into_iter().for_each(Waker::wake);
    }
}

fn met() -> bool {
    MET.load(Relaxed)
}

#[must_use]
pub(super) struct Told {
    before: Who,
    queue: Option<&'static Queue<Header>>,
}
