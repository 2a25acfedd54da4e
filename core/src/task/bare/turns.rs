//! Turns: how tasks come to their Home, have their turns there, and end.
//!
//! | a task          | is asked     | and then                                                                       |
//! |-----------------|--------------|--------------------------------------------------------------------------------|
//! | is taken in     | nothing      | it is LIVE, and queued                                                         |
//! | has its turn    | to be polled | it waits                                                                       |
//! | ends            |              | it is LIVE no more; its handle has the output, and whoever awaits is woken     |
//! | is cancelled    | nothing but to drop its future | likewise                                                     |
//!
//! [T1] All but `adopt` is for the home thread.

#![expect(unsafe_code, reason = "calls what fits a header, which its type does not say")]

use core::{fmt, ptr::NonNull};

use super::{
    base::Base,
    ends::{drop_cancelled, handles, nothing},
    header::{AGAIN, CANCELLED, ENDED, HANDLE, HELD, Header, Kind, LIVE, LOW, Task, Turn},
    waker::wake_task,
};
use crate::{
    context::{HomeRef, Priority},
    mask::masked,
};

/// Takes in a new task, from anywhere. If its Home is closed the task is cancelled here.
///
/// # Safety
/// `task` names one that was spawned just now, and was not taken in. Its future and output may be dropped here.
pub(in crate::task) unsafe fn adopt(home: &HomeRef, task: NonNull<()>, priority: Priority) {
    // SAFETY: the contract.
    let task = unsafe { Task::new(task.cast()) };
    let base = Base::of(home);
    handles();
    let taken = masked(|mask| {
        // In the same step, so that who closes it finds the task, or this finds it closed.
        if !base.head().is_open_in(mask) {
            return false;
        }
        if priority == Priority::Low {
            base.grade(mask, *home);
        }
        base.start(mask, task, LIVE | HANDLE | low(priority));
        true
    });
    if taken {
        wake_task(task);
    } else {
        refuse(task);
    }
}

fn low(priority: Priority) -> u8 {
    if priority == Priority::Low { LOW } else { 0 }
}

/// Takes in a new task of a Home that is open, which has a handle.
///
/// # Safety
/// As for `adopt`.
#[inline(always)] // So that who knows that it is Normal names nothing else.
pub unsafe fn adopt_here(home: &HomeRef, task: NonNull<()>, priority: Priority) {
    // SAFETY: the contract.
    let task = unsafe { Task::new(task.cast()) };
    if priority == Priority::Low {
        masked(|mask| Base::of(home).grade(mask, *home));
    }
    handles();
    take_in(*home, task, LIVE | HANDLE | low(priority));
}

#[inline(never)] // It is called wherever something is spawned.
fn take_in(home: HomeRef, task: Task, flags: u8) {
    masked(|mask| {
        Base::of(&home).start(mask, task, flags);
    });
    wake_task(task);
}

/// Takes a place in which nothing stands, for what is of this kind, and takes that in, as a Normal task without a handle. `None`: something does.
///
/// # Safety
/// This is the thread of `home`, which is open; what is of this kind is written there before it does anything else.
#[inline(never)] // As above.
pub(in crate::task) unsafe fn start(home: HomeRef, task: Task, kind: Kind) -> Option<Task> {
    let started = masked(|mask| {
        let started = task.occupy(mask, kind);
        if started {
            task.gone.set(false);
            Base::of(&home).start(mask, task, LIVE);
        }
        started
    });
    if !started {
        return None;
    }
    wake_task(task);
    // It is answered, since then its caller need not keep it in mind.
    Some(task)
}

/// Ends a task that was not taken in.
#[cold]
fn refuse(task: Task) {
    // SAFETY: [H3] of `header`; nobody else has it, since it is not LIVE, and in no queue: the turn is ours.
    unsafe { task.drop_future() };
    // Its handle has not been given out.
    masked(|mask| task.die(mask, HANDLE | ENDED | CANCELLED, nothing));
}

impl Base {
    /// Gives the next task of this priority its turn. `false`: none is ready, or no turn is left.
    ///
    /// # Safety
    /// This is the home thread.
    #[inline(always)]
    unsafe fn turn(&self, priority: Priority) -> bool {
        let next = masked(|mask| {
            let task = self.next(mask, priority)?;
            // SAFETY: [H4] of `header`, it was queued.
            Some((task, unsafe { task.turn(mask) }))
        });
        let Some((task, turn)) = next else { return false };
        self.give(task, turn);
        true
    }

    /// Begins a cycle, perhaps within a turn: gives turns to Normal tasks that are ready, so many at the most.
    ///
    /// # Safety
    /// This is the home thread.
    #[inline(always)]
    pub unsafe fn cycle(&self, turns: isize) -> Cycle<'_> {
        let held = self.hold();
        let interrupted = masked(|mask| {
            self.stay_up(mask);
            self.head().begin(mask, Priority::Normal, turns)
        });
        let cycle = Cycle { interrupted, held };
        // SAFETY: the contract.
        while unsafe { self.turn(Priority::Normal) } {}
        cycle
    }

    /// The rest of a cycle in which not all tasks are Normal: Low ones, and whatever those make. A root that ends leaves no turn.
    #[cold]
    pub(super) fn low_turns(&self, turns: isize) {
        let interrupted = masked(|mask| self.head().begin(mask, Priority::Low, turns));
        let goes_on = |priority| {
            masked(|mask| self.head().goes_on(mask, priority) && !self.is_idle_in(mask, priority))
        };
        while Priority::ALL.into_iter().any(goes_on) {
            for priority in [Priority::Low, Priority::Normal] {
                // SAFETY: [T1], who has a `Cycle` calls.
                while unsafe { self.turn(priority) } {}
            }
        }
        masked(|mask| self.head().resume(mask, Priority::Low, interrupted));
    }

    /// Has the task that is in its turn, if there is one, get no other before what this answers is dropped.
    #[inline(always)]
    fn hold(&self) -> Held<'_> {
        let held = self.current.take().and_then(|task| {
            masked(|mask| {
                let flags = task.flags_in(mask);
                // Who has ended in his turn wakes who awaits that, and has no other.
                if flags & LIVE == 0 {
                    return None;
                }
                task.set_flags(mask, flags | HELD);
                // SAFETY: [H4] of `header`, it lives.
                let turn = unsafe { task.turn(mask) };
                task.set_turn(mask, put_off);
                Some((task, turn))
            })
        });
        Held(self, held)
    }

    /// Gives a task its turn.
    ///
    /// # Safety
    /// This is the home thread; the task was taken out of a queue of this Home just now.
    pub unsafe fn run(&self, task: NonNull<Header>) {
        // SAFETY: [B1] of `base`.
        let task = unsafe { Task::new(task) };
        // First: it may be this one that is in its turn.
        let _held = self.hold();
        let turn = masked(|mask| {
            task.reopen(mask);
            // SAFETY: [H4] of `header`, it was queued.
            unsafe { task.turn(mask) }
        });
        self.give(task, turn);
    }

    #[inline(always)]
    fn give(&self, task: Task, turn: Turn) {
        self.current.set(Some(task));
        // SAFETY: [H3] of `header`; it lives, and it is its turn; or this does not look at what stands behind it.
        unsafe { turn(task) };
    }

    /// Cancels all tasks, the newest place first, and takes no other.
    ///
    /// # Safety
    /// This is the home thread, and no task is in its turn.
    pub unsafe fn close(&self) {
        self.head().close();
        while let Some(task) = self.next_older(None) {
            // SAFETY: [H3] of `header`; it is LIVE, and no turn is taken.
            unsafe { drop_cancelled(task) };
        }
        self.clear();
    }
}

/// The turn of who is HELD: none. It belongs into its queue again afterwards.
///
/// # Safety
/// It was taken out of its queue just now.
unsafe fn put_off(task: Task) {
    masked(|mask| {
        // Whoever was woken since is in the queue again, and so comes here again.
        if task.shut(mask).is_some() {
            task.set_flags(mask, task.flags_in(mask) | AGAIN);
        }
    });
}

/// A cycle that has begun. Dropping it ends it.
pub struct Cycle<'b> {
    /// How many turns were left of the cycle that it interrupts.
    interrupted: isize,
    held: Held<'b>,
}

impl Cycle<'_> {
    /// Gives turns to Low tasks, so many at the most, and to Normal ones that are left.
    #[inline(always)]
    pub fn go_on(&self, turns: isize) {
        let base = self.held.0;
        if masked(|mask| base.has_low(mask)) {
            base.low_turns(turns);
        }
    }
}

impl Drop for Cycle<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.held.1.is_some() {
            masked(|mask| self.held.0.head().resume(mask, Priority::Normal, self.interrupted));
        }
    }
}

impl fmt::Debug for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cycle")
    }
}

/// Gives the turn back to who had it.
struct Held<'b>(&'b Base, Option<(Task, Turn)>);

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.current.set(self.1.map(|(task, _)| task));
        if let Some((task, turn)) = self.1 {
            self.0.release(task, turn);
        }
    }
}

impl Base {
    /// It may have turns again: such ones as before, unless it was cancelled meanwhile.
    #[cold]
    fn release(&self, task: Task, turn: Turn) {
        let again = masked(|mask| {
            let flags = task.flags_in(mask);
            task.set_flags(mask, flags & !(HELD | AGAIN));
            task.set_turn(mask, if flags & CANCELLED == 0 { turn } else { drop_cancelled });
            let again = flags & AGAIN != 0;
            if again {
                task.reopen(mask);
            }
            again
        });
        if again {
            wake_task(task);
        }
    }
}
