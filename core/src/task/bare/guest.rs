//! A guest: the one who waits for something. As a rule that is a task of ours: one word says who it is, and wakers of others cost those who bring them.
//!
//! | `who`    | waits                                      | another comes to wait        | what he waits for comes                        |
//! |----------|--------------------------------------------|------------------------------|------------------------------------------------|
//! | NOBODY   | nobody                                     | -> he                        | nothing                                        |
//! | COME     | nobody: what one would wait for is there   | -                            | nothing                                        |
//! | OTHER    | the waker in `other`, if it is there still | -> he; this one is told      | -> NOBODY or COME, and is woken after the mask |
//! | a header | this task                                  | -> he; this one is told      | -> NOBODY or COME, and is queued under this mask, or woken after it |
//!
//! [E1] To look in vain and to be the guest is one step, and so is to change what is waited for and to take the guest: so no change is missed.
//! [E2] Under the mask wakers move and are compared, and no code of theirs runs. A task of ours may be queued there: that is a few instructions, and nobody's code.
//! [E3] A waker that leaves `other` is woken. Who is to wake it after the mask may find the next one there, which looks once too often, or none: then that was woken.
//! [E4] MET is set before anyone is OTHER. Where no waker of others ever waits there is nothing of what is done for them.

#![expect(unsafe_code, reason = "names tasks by a word")]

use core::{
    ptr::{self, NonNull},
    sync::atomic::{Ordering::SeqCst, compiler_fence},
    task::Waker,
};

use super::{
    base::ring,
    header::{Header, Task},
    queue::Queue,
    waker::wake_task,
};
use crate::{
    const_new,
    mark::Mark,
    mask::{Mask, Masked, masked},
    shared_static,
};

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

shared_static!(static MET: Mark = Mark::new());

impl Who {
    pub(super) const NOBODY: Self = Self(ptr::null());
    pub(super) const COME: Self = Self(ptr::without_provenance(1));
    pub(super) const OTHER: Self = Self(ptr::without_provenance(2));

    /// A task of ours.
    #[inline(always)]
    pub(super) fn task(task: Task) -> Self {
        const { assert!(align_of::<Header>() > 2, "no header is where OTHER is") };
        Self(task.as_ptr().as_ptr())
    }

    /// Whether anybody waits: the other two are the least.
    #[inline(always)]
    pub(super) fn waits(self) -> bool {
        self.0.addr() > Self::COME.0.addr()
    }

    /// Whether it is no task of ours, of one who waits.
    #[inline(always)]
    fn is_other(self) -> bool {
        self == Self::OTHER && MET.is_set()
    }

    /// Names the task.
    ///
    /// # Safety
    /// It waits, and is no other.
    #[inline(always)]
    unsafe fn name(self) -> Task {
        // SAFETY: the contract, [E4]: a header, and not null.
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

    /// Whether it is COME, for whoever has it alone.
    pub(super) fn has_come(&mut self) -> bool {
        *self.who.get_mut() == Who::COME
    }

    /// It is `next` from now on, and no other's waker. Whoever waits by what this answers, and is not `next`, is to be [told](Self::tell) after the mask.
    #[inline(always)]
    pub(super) fn follow(&self, mask: Mask<'_>, next: Who) -> Who {
        self.who.replace(mask, next)
    }

    /// As `follow`, by this waker, which is taken unless it is there already. A waker that this answers is to be woken.
    pub(super) fn follow_by(
        &self,
        mask: Mask<'_>,
        waker: &mut Option<Waker>,
    ) -> (Who, Option<Waker>) {
        MET.set();
        let before = self.who.replace(mask, Who::OTHER);
        if before != Who::OTHER {
            // Whatever is in `other` is on its way to be woken.
            return (before, self.other.replace(mask, waker.take()));
        }
        let same = waker.as_ref().is_some_and(|waker| self.other.wakes_as(mask, waker));
        (Who::NOBODY, if same { None } else { self.other.replace(mask, waker.take()) })
    }

    /// Tells one who waited, and does no more. Not under a mask.
    #[inline(always)]
    pub(super) fn tell(&self, before: Who) {
        debug_assert!(before.waits(), "nobody is to be told");
        if before.is_other() {
            self.wake_other();
        } else {
            // SAFETY: who is told has waited.
            wake_task(unsafe { before.name() });
        }
    }

    /// What is waited for has come: -> COME. Who waited is told, of which a part is [left](Self::finish) for after the mask.
    #[inline(always)]
    pub(super) fn come(&self, mask: Mask<'_>) -> Told {
        let before = self.who.replace(mask, Who::COME);
        let queue = if before.waits() && !before.is_other() {
            // SAFETY: as found.
            unsafe { before.name() }.wake_in(mask)
        } else {
            None
        };
        Told { before, queue }
    }

    /// Does what is left.
    #[inline(always)]
    pub(super) fn finish(&self, told: Told) {
        if let Some(queue) = told.queue {
            ring(queue);
            // So that this is a call among others, and sets up the frame that it needs; where it is the last thing done, everyone has set one up who did not come here.
            compiler_fence(SeqCst);
        }
        if told.before.is_other() {
            self.wake_other();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_other(&self) {
        let waker = masked(|mask| self.other.take(mask));
        waker.into_iter().for_each(Waker::wake);
    }
}

/// What is left to be done for one who was told.
#[must_use]
pub(super) struct Told {
    before: Who,
    /// To ring for.
    queue: Option<&'static Queue<Header>>,
}
