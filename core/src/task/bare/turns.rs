//! Turns: how tasks come to their Home, have their turns there, and end.
//!
//! | a task          | is asked     | and then                                                                       |
//! |-----------------|--------------|--------------------------------------------------------------------------------|
//! | is taken in     | nothing      | it is in the list of all, and queued                                           |
//! | has its turn    | to be polled | it waits                                                                       |
//! | ends            |              | it is in the list no more; its handle has the output, and whoever awaits is woken |
//! | is cancelled    | to drop its future | likewise                                                                 |
//!
//! [T1] All but `adopt` is for the home thread.

#![expect(unsafe_code, reason = "calls what fits a header, which its type does not say")]

use core::{fmt, ptr::NonNull, task::Waker};

use super::{
    base::Base,
    header::{Answer, Ask, Call, ENDED, GHOST, HANDLE, HELD, Header, LIVE, LOW, Task, Turn},
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
    let taken = masked(|mask| {
        // In the same step, so that who closes it finds the task, or this finds it closed.
        if !base.head().is_open_in(mask) {
            return Err(());
        }
        if priority == Priority::Low {
            base.grade(mask, Base::low_turns);
        }
        base.link(mask, task);
        Ok(base.start(mask, *home, task, LIVE | HANDLE | low(priority)))
    });
    match taken {
        Ok(woken) => woken.into_iter().for_each(Waker::wake),
        Err(()) => refuse(task),
    }
}

fn low(priority: Priority) -> u8 {
    if priority == Priority::Low { LOW } else { 0 }
}

/// Takes in a new task of a Home that is open.
///
/// # Safety
/// As for `adopt`.
#[inline(always)] // So that who knows that it is Normal names nothing else.
pub unsafe fn adopt_here(home: &HomeRef, task: NonNull<()>, priority: Priority) {
    // SAFETY: the contract.
    let task = unsafe { Task::new(task.cast()) };
    match priority {
        Priority::Normal => take_in(*home, task, 0),
        Priority::Low => {
            masked(|mask| Base::of(home).grade(mask, Base::low_turns));
            take_in(*home, task, LOW);
        }
    }
}

#[inline(never)] // It is called wherever something is spawned.
fn take_in(home: HomeRef, task: Task, low: u8) {
    let base = Base::of(&home);
    let woken = masked(|mask| {
        base.link(mask, task);
        base.start(mask, home, task, LIVE | HANDLE | low)
    });
    woken.into_iter().for_each(Waker::wake);
}

/// Ends a task that was not taken in.
#[cold]
fn refuse(task: Task) {
    if let Some(call) = task.call() {
        masked(|mask| task.set_flags(mask, LIVE | HANDLE));
        // SAFETY: [H3] of `header`; nobody else has it, since it is in no list and no queue: the turn is ours.
        let answer = unsafe { call(task, Ask::CANCEL) };
        finish(task, call, answer, false);
    }
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
            Some((task, task.leave_queue(mask)))
        });
        let Some((task, left)) = next else { return false };
        self.give(task, left);
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
    fn low_turns(&self, turns: isize) {
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
        let held = self.current.take();
        if let Some(task) = held {
            masked(|mask| task.set_flags(mask, task.flags_in(mask) | HELD));
        }
        Held(self, held)
    }

    /// Gives a task its turn.
    ///
    /// # Safety
    /// This is the home thread; the task was taken out of a queue of this Home just now.
    pub unsafe fn run(&self, task: NonNull<Header>) {
        // SAFETY: [B1] of `base`.
        let task = unsafe { Task::new(task) };
        let left = masked(|mask| {
            self.open(mask, task);
            task.leave_queue(mask)
        });
        let _held = self.hold();
        self.give(task, left);
    }

    #[inline(always)]
    fn give(&self, task: Task, (flags, call): (u8, Option<Call>)) {
        // SAFETY: [H4] of `header`.
        let call = unsafe { call.unwrap_unchecked() };
        self.current.set(Some(task));
        let ask = Ask::turn(flags);
        let turn = (flags & (HELD | GHOST) == 0).then(|| task.node().turn());
        // SAFETY: [H3] of `header`; it lives, and it is its turn; or it does not look at what stands behind it.
        let answer = unsafe { call(task, ask) };
        if let Some(turn) = turn {
            turn.over();
        }
        if answer != Answer::WAITS {
            self.end(task, call, answer);
        }
    }

    #[inline(never)] // Turns that go on are not to save registers for those that end.
    fn end(&self, task: Task, call: Call, answer: Answer) {
        task.node().ends();
        self.unlink(task);
        finish(task, call, answer, true);
    }

    /// Cancels all tasks, the newest first, and takes no other.
    ///
    /// # Safety
    /// This is the home thread, and no task is in its turn.
    pub unsafe fn close(&self) {
        self.head().close();
        while let Some(task) = self.newest() {
            let Some(call) = task.call() else { break };
            // SAFETY: [H3] of `header`; it is in the list, so it lives, and no turn is taken.
            let answer = unsafe { call(task, Ask::CANCEL) };
            self.end(task, call, answer);
        }
        self.clear();
    }
}

/// What a task does that is asked for something else than to be polled.
pub(in crate::task) enum Rare {
    /// Nothing.
    Waits,
    /// Drops its future.
    Cancel,
    /// Drops its output.
    DropOutput,
    /// Answers its name.
    Name,
}

/// What a task is to do. If it was taken out of its queue and gets no turn that is nothing: it ended while it was there, and is a ghost no more; or it is HELD,
/// and belongs there again afterwards.
#[cold]
#[inline(never)]
pub(in crate::task) fn rare(task: Task, ask: Ask) -> Rare {
    if ask == Ask::NAME {
        return Rare::Name;
    }
    if ask == Ask::DROP_OUTPUT {
        return Rare::DropOutput;
    }
    if !ask.has(GHOST | HELD) {
        return Rare::Cancel;
    }
    masked(|mask| {
        // Whoever was woken since is in the queue again, and so comes here again.
        if task.take_queue(mask).is_none() {
            return;
        }
        if ask.has(GHOST) {
            task.set_flags(mask, task.flags_in(mask) & !GHOST);
        } else {
            task.turn.set(Turn::Again);
        }
    });
    Rare::Waits
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
        if let Some(low) = base.low() {
            low(base, turns);
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
struct Held<'b>(&'b Base, Option<Task>);

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.current.set(self.1);
        if let Some(task) = self.1 {
            self.0.release(task);
        }
    }
}

impl Base {
    /// It may have turns again.
    #[cold]
    fn release(&self, task: Task) {
        let woken = masked(|mask| {
            task.set_flags(mask, task.flags_in(mask) & !HELD);
            if task.turn.replace(Turn::Waits) != Turn::Again {
                return None;
            }
            self.open(mask, task);
            task.wake_under(mask)
        });
        woken.into_iter().for_each(Waker::wake);
    }
}

/// Has a task count as ended, which is in no list; it may be in a queue.
fn finish(task: Task, call: Call, answer: Answer, may_be_queued: bool) {
    let ended = masked(|mask| {
        let joined = task.flags_in(mask) & HANDLE != 0;
        if answer == Answer::KEPT && !joined {
            return Err(());
        }
        let flags = if joined { HANDLE | ENDED } else { 0 };
        if may_be_queued {
            task.die(mask, flags);
        } else {
            task.set_flags(mask, flags);
        }
        Ok(task.join().take(mask))
    });
    match ended {
        // Last, since a waker is user code.
        Ok(waker) => waker.into_iter().for_each(Waker::wake),
        Err(()) => {
            // The handle went when its output was there.
            // SAFETY: [H3] of `header`, it lives still.
            let answer = unsafe { call(task, Ask::DROP_OUTPUT) };
            finish(task, call, answer, may_be_queued);
        }
    }
}
