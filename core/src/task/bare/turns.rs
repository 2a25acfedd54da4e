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

use core::{ptr::NonNull, task::Waker};

use super::{
    base::Base,
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
pub unsafe fn adopt(home: &HomeRef, task: NonNull<()>, priority: Priority) {
    // SAFETY: the contract.
    let task = unsafe { Task::new(task.cast()) };
    let base = Base::of(home);
    let low = match priority {
        Priority::Normal => 0,
        Priority::Low => {
            base.grade();
            LOW
        }
    };
    let flags = LIVE | HANDLE | low;
    let ring = masked(|mask| {
        task.settle(mask, *home);
        if !base.head().is_open_in(mask) {
            task.set_flags(mask, flags);
            return None;
        }
        task.set_flags(mask, flags | QUEUED);
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
    pub unsafe fn turn(&self, priority: Priority) -> bool {
        let next = masked(|mask| {
            let task = self.next(mask, priority)?;
            Some((task, task.leave_queue(mask)))
        });
        let Some((task, left)) = next else { return false };
        self.give(task, left);
        true
    }

    /// Has the task that is in its turn, if there is one, get no other before what this answers is dropped.
    ///
    /// # Safety
    /// This is the home thread.
    #[inline(always)]
    pub unsafe fn hold(&self) -> impl Drop {
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
        // SAFETY: the contract.
        let _held = unsafe { self.hold() };
        self.give(task, left);
    }

    #[inline(always)]
    fn give(&self, task: Task, (flags, call): (u8, Option<Call>)) {
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
