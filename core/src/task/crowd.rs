//! A crowd: wakers on their way from under a lock to being woken, as in a [`WakeBatch`]; of them the tasks of the Home that is current come
//! together into its queue.
//!
//! | a waker of                      | `push`                                                       | `wake`                         |
//! |---------------------------------|--------------------------------------------------------------|--------------------------------|
//! | a task of the current Home      | it is QUEUED by its own half, and the reference is given up  | it is put into the queue       |
//! | such a task that has ended      | is kept                                                      | is woken, after those          |
//! | anybody else                    | is kept                                                      | is woken, after those          |
//!
//! \[D1] Who is in `tasks` is QUEUED and in no queue yet: so it does not end, and the list of all tasks keeps it alive ([S2] of `state`). From
//!      `push` to `wake` nobody's code runs on this thread.

#![expect(
    unsafe_code,
    reason = "wakes tasks by their headers, and hands them to a Home whose type is erased"
)]

use core::{
    mem::{self, MaybeUninit},
    ptr::NonNull,
    slice,
    task::Waker,
};

use super::{header::Header, own::Own, state::Wake, waker::task_here};
use crate::wait::{WakeBatch, Woken};

/// At most as many wakers as in a [`WakeBatch`].
pub(crate) struct Crowd {
    /// `..len` is initialised.
    tasks: [MaybeUninit<NonNull<()>>; WakeBatch::CAPACITY],
    len: usize,
    others: WakeBatch,
}

impl Woken for Crowd {
    #[inline]
    fn new() -> Self {
        let tasks = [const { MaybeUninit::uninit() }; WakeBatch::CAPACITY];
        Self { tasks, len: 0, others: WakeBatch::new() }
    }

    /// Wakes all, and is empty then.
    #[inline]
    fn wake(&mut self) {
        let len = mem::take(&mut self.len);
        if len > 0 {
            let first = self.tasks.as_ptr().cast::<NonNull<()>>();
            // SAFETY: so many are initialised.
            let tasks = unsafe { slice::from_raw_parts(first, len) };
            // SAFETY: [D1] it is alive.
            let home = unsafe { tasks[0].cast::<Header>().as_ref() }.home();
            // SAFETY: they are tasks of this Home, which is current, their own halves answered `Enqueue`, and [D1] they are alive.
            unsafe { home.queue_many(tasks) };
        }
        self.others.wake();
    }
}

impl Crowd {
    /// Adds a waker. Runs nobody's code.
    ///
    /// # Panics
    /// Panics where the crowd is full.
    #[inline(always)] // Once for each who waits, in a loop.
    pub(crate) fn push(&mut self, waker: Waker) {
        match task_here(&waker) {
            // SAFETY: it is here, and the reference of the waker.
            Some((task, (own, _))) if unsafe { self.queues(task, own) } => mem::forget(waker),
            _ => self.others.push(waker),
        }
    }

    /// Takes in a task of the current Home that is woken, with a reference of the caller's, if it has not ended.
    ///
    /// # Safety
    /// It is here, with this half; the reference is the caller's.
    #[inline(always)]
    unsafe fn queues(&mut self, task: NonNull<Header>, own: &Own) -> bool {
        // SAFETY: [T1] of `header`, the reference.
        let header = unsafe { task.as_ref() };
        let enters = own.queue_and_release() || {
            let Some(wake) = header.state().wake_here_and_release(own) else {
                return false;
            };
            wake == Wake::Enqueue
        };
        if enters {
            header.node.wakes();
            self.tasks[self.len].write(task.cast());
            self.len += 1;
        }
        true
    }
}
