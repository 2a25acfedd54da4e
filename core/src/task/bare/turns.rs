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
    base::{Base, LowTurns},
    header::{
        Answer, Ask, CANCELLED, Call, ENDED, HANDLE, HELD, Header, LIVE, LOW, QUEUED, Task, Turn,
    },
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
#[inline(always)] // So that who knows that it is Normal names nothing else.
pub unsafe fn adopt(home: &HomeRef, task: NonNull<()>, priority: Priority) {
    let low: Option<LowTurns> = match priority {
        Priority::Normal => None,
        Priority::Low => Some(Base::low_turns),
    };
    // SAFETY: the contract is the same.
    unsafe { take_in(home, task, low) };
}

/// As `adopt`; a task that is Low comes with how such have their turns.
///
/// # Safety
/// As for `adopt`.
unsafe fn take_in(home: &HomeRef, task: NonNull<()>, low: Option<LowTurns>) {
    // SAFETY: the contract.
    let task = unsafe { Task::new(task.cast()) };
    let base = Base::of(home);
    let flags = LIVE | HANDLE | if low.is_some() { LOW } else { 0 };
    let ring = masked(|mask| {
        task.settle(mask, *home);
        if !base.head().is_open_in(mask) {
            task.set_flags(mask, flags);
            return None;
        }
        task.set_flags(mask, flags | QUEUED);
        if let Some(low) = low {
            base.grade(mask, low);
        }
        base.link(mask, task);
        Some(base.push(mask, task, flags))
    });
    match ring {
        Some(true) => home.ring(),
        Some(false) => {}
        None => refuse(task),
    }
}

/// Ends a task that was not taken in.
#[cold]
fn refuse(task: Task) {
    if let Some(call) = task.call() {
        // SAFETY: [H3] of `header`; nobody else has it, since it is in no list and no queue: the turn is ours.
        let answer = unsafe { call(task, Ask::Cancel) };
        finish(task, call, answer);
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
        let left = masked(|mask| task.leave_queue(mask));
        let _held = self.hold();
        self.give(task, left);
    }

    #[inline(always)]
    pub(super) fn give(&self, task: Task, (flags, call): (u8, Option<Call>)) {
        if flags & (LIVE | HELD) != LIVE {
            return pass(task, flags);
        }
        // SAFETY: [H4] of `header`.
        let call = unsafe { call.unwrap_unchecked() };
        self.current.set(Some(task));
        let ask = if flags & CANCELLED == 0 { Ask::Poll } else { Ask::Cancel };
        let turn = task.node().turn();
        let answer = task.owned.with_mut(|_| {
            // SAFETY: [H3] of `header`; it lives, and it is its turn.
            unsafe { call(task, ask) }
        });
        turn.over();
        if answer != Answer::Waits {
            self.end(task, call, answer);
        }
    }

    #[inline(never)] // Turns that go on are not to save registers for those that end.
    fn end(&self, task: Task, call: Call, answer: Answer) {
        task.node().ends();
        self.unlink(task);
        finish(task, call, answer);
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
            let answer = unsafe { call(task, Ask::Cancel) };
            self.end(task, call, answer);
        }
        self.clear();
    }
}

/// A task that was taken out of its queue gets no turn: it ended while it was there; or it is HELD, and belongs there again afterwards.
#[cold]
fn pass(task: Task, flags: u8) {
    if flags & LIVE != 0 {
        task.turn.set(Turn::Again);
    }
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
            release(task);
        }
    }
}

/// It may have turns again.
#[cold]
fn release(task: Task) {
    masked(|mask| task.set_flags(mask, task.flags_in(mask) & !HELD));
    if task.turn.get() == Turn::Again {
        task.turn.set(Turn::Waits);
        masked(|mask| task.set_flags(mask, task.flags_in(mask) & !QUEUED));
        wake_task(task);
    }
}

/// Has a task count as ended, which is in no list.
fn finish(task: Task, call: Call, answer: Answer) {
    let ended = masked(|mask| {
        let flags = task.flags_in(mask);
        let joined = flags & HANDLE != 0;
        if answer == Answer::Kept && !joined {
            return None;
        }
        let ended = if joined { HANDLE | ENDED } else { 0 };
        task.set_flags(mask, flags & QUEUED | ended);
        Some(task.join().take(mask))
    });
    match ended {
        // Last, since a waker is user code.
        Some(waker) => waker.into_iter().for_each(Waker::wake),
        None => {
            // The handle went when its output was there.
            // SAFETY: [H3] of `header`, it lives still.
            let _ = unsafe { call(task, Ask::DropOutput) };
            masked(|mask| task.set_flags(mask, task.flags_in(mask) & QUEUED));
        }
    }
}
