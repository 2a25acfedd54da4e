//! A ready queue: the tasks of an executor that wait for their turn, first in first out.
//!
//! A linked queue is walked from one task to the next, so where tasks lie scattered over more memory than the caches hold, each turn waits for that memory. Therefore a
//! task that has more than AHEAD others behind it knows one of them, and when it gets its turn that one's memory is asked for: see [`Ahead`].
//!
//! [R1] `len` counts the chain. Where it is greater than AHEAD, `behind` stands AHEAD places before the last.

#![expect(unsafe_code, reason = "follows the links of a queue")]

use core::ptr::NonNull;

use super::{ahead::Ahead, header::Header};
use crate::wait::Chain;

/// So many turns take about as long as memory takes to answer.
const AHEAD: usize = if Ahead::IS_KNOWN { 12 } else { usize::MAX };

/// The tasks of an executor that wait for their turn, first in first out.
#[derive(Default)]
pub struct Ready {
    chain: Chain<Header>,
    len: usize,
    behind: Option<NonNull<Header>>,
}

impl Ready {
    /// A queue of nothing.
    pub const fn new() -> Self {
        Self { chain: Chain::new(), len: 0, behind: None }
    }

    /// Whether there is nothing in it.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.chain.is_empty()
    }

    /// Puts `task` at the end.
    ///
    /// # Safety
    /// It is alive and in no queue, and stays alive until it has left this one.
    #[inline]
    pub unsafe fn push(&mut self, task: NonNull<Header>) {
        // SAFETY: the contract is the same.
        unsafe { self.chain.push(task) };
        if self.len >= AHEAD {
            self.tell(task);
        }
        self.len += 1;
    }

    /// Has the task that stands AHEAD places before `task`, the last, know of it.
    #[inline]
    fn tell(&mut self, task: NonNull<Header>) {
        let behind = match self.behind {
            // SAFETY: [R1] it stands in the chain.
            Some(behind) if self.len > AHEAD => unsafe { Chain::<Header>::next(behind) },
            _ => self.chain.first(),
        };
        if let Some(behind) = behind {
            // SAFETY: [R1] it stands in the chain, so it is alive.
            unsafe { behind.as_ref() }.ahead.set(task.cast());
        }
        self.behind = behind;
    }

    /// Takes the first task.
    pub fn pop(&mut self) -> Option<NonNull<Header>> {
        self.pop_if(|| true)
    }

    /// Takes the first task, if there is one and `may` then says so.
    #[inline]
    pub fn pop_if(&mut self, may: impl FnOnce() -> bool) -> Option<NonNull<Header>> {
        let first = self.chain.pop_if(may)?;
        self.len -= 1;
        debug_assert_eq!(self.chain.is_empty(), self.len == 0, "[R1]");
        if self.len >= AHEAD {
            // SAFETY: it stood in the chain until just now, so it is alive.
            unsafe { first.as_ref() }.ahead.fetch();
        }
        Some(first)
    }

    /// Takes all of them.
    pub fn take(&mut self) -> Chain<Header> {
        core::mem::take(self).chain
    }
}
