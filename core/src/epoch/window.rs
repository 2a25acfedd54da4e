//! A window is the epochs of one value that are not over: the one in front, and those that wait behind it.
//!
//! | behind | lies                       | room                                     |
//! |--------|----------------------------|------------------------------------------|
//! | Few    | in the value               | two; with `alloc` it becomes Many        |
//! | Many   | in an allocation           | grows up to the bound, and stays         |
//! | Lent   | in a static beside the value | as much as there is                    |
//!
//! [W1] There is always an epoch in front.
//! [W2] `len` is how many are behind it: so whoever meets the one in front alone, as most do, asks for no more.

#[cfg(feature = "alloc")]
use core::mem;

use heapless::deque::{Deque, DequeView};

#[cfg(feature = "alloc")]
use alloc::collections::VecDeque;

use crate::epoch::phase::Epoch;

/// The epochs of one value.
pub(super) struct Window {
    pub(super) front: Epoch,
    behind: Behind,
    /// How many are behind.
    len: usize,
    bound: usize,
}

enum Behind {
    Few(Deque<Epoch, 2>),
    #[cfg(feature = "alloc")]
    Many(VecDeque<Epoch>),
    Lent(&'static mut DequeView<Epoch>),
}

impl Window {
    /// A window with one epoch, which may grow where there is an allocator.
    pub(super) const fn new(front: Epoch) -> Self {
        Self { front, behind: Behind::Few(Deque::new()), len: 0, bound: usize::MAX }
    }

    /// Has further epochs wait in `room`.
    pub(super) fn lend(&mut self, room: &'static mut DequeView<Epoch>) {
        self.behind = Behind::Lent(room);
    }

    /// Lets at most `bound` epochs wait behind the first from now on.
    #[cfg(feature = "alloc")]
    pub(super) fn set_bound(&mut self, bound: usize) {
        self.bound = bound;
    }

    /// How many wait behind the first.
    #[inline(always)]
    pub(super) fn behind(&self) -> usize {
        self.len
    }

    /// How many may wait behind the first.
    fn capacity(&self) -> usize {
        match &self.behind {
            #[cfg(not(feature = "alloc"))]
            Behind::Few(few) => few.capacity(),
            #[cfg(feature = "alloc")]
            Behind::Few(_) | Behind::Many(_) => self.bound,
            Behind::Lent(lent) => lent.storage_capacity().min(self.bound),
        }
    }

    /// Whether one more may wait behind the first.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.behind() < self.capacity()
    }

    /// How many more must go before one more may wait.
    pub(super) fn surplus(&self) -> usize {
        (self.behind() + 1).saturating_sub(self.capacity())
    }

    /// The one that is last.
    #[inline]
    pub(super) fn back(&mut self) -> &mut Epoch {
        if self.len == 0 {
            return &mut self.front;
        }
        let back = match &mut self.behind {
            Behind::Few(few) => few.back_mut(),
            #[cfg(feature = "alloc")]
            Behind::Many(many) => many.back_mut(),
            Behind::Lent(lent) => lent.back_mut(),
        };
        back.unwrap_or(&mut self.front)
    }

    /// The one that is `at` places behind the front.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    pub(super) fn nth(&mut self, at: usize) -> &mut Epoch {
        let Some(at) = at.checked_sub(1) else { return &mut self.front };
        let epoch = match &mut self.behind {
            Behind::Few(few) => few.get_mut(at),
            #[cfg(feature = "alloc")]
            Behind::Many(many) => many.get_mut(at),
            Behind::Lent(lent) => lent.get_mut(at),
        };
        epoch.expect("an epoch that somebody is enrolled in is not over")
    }

    /// Adds one behind the others. The caller knows that there is room.
    #[inline]
    pub(super) fn push(&mut self, epoch: Epoch) {
        self.len += 1;
        let full = match &mut self.behind {
            #[cfg(feature = "alloc")]
            Behind::Many(many) => return many.push_back(epoch),
            Behind::Few(few) => few.push_back(epoch),
            Behind::Lent(lent) => lent.push_back(epoch),
        };
        match full {
            Ok(()) => {}
            #[cfg(feature = "alloc")]
            Err(epoch) => self.spill(|many| many.push_back(epoch)),
            #[cfg(not(feature = "alloc"))]
            Err(_) => unreachable!("the caller knows that there is room"),
        }
    }

    /// Adds one before the others, in an allocation where it must.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn push_front(&mut self, epoch: Epoch) {
        self.len += 1;
        let next = mem::replace(&mut self.front, epoch);
        let full = match &mut self.behind {
            Behind::Many(many) => return many.push_front(next),
            Behind::Few(few) => few.push_front(next),
            Behind::Lent(lent) => lent.push_front(next),
        };
        if let Err(next) = full {
            self.spill(|many| many.push_front(next));
        }
    }

    /// Puts them into an allocation, for one more.
    #[cfg(feature = "alloc")]
    #[cold]
    fn spill(&mut self, push: impl FnOnce(&mut VecDeque<Epoch>)) {
        let Behind::Few(few) = &mut self.behind else {
            unreachable!(
                "the caller knows that there is room, and a window in a static is not built backwards"
            )
        };
        let mut many = VecDeque::with_capacity(4 * few.len());
        many.extend(mem::take(few));
        push(&mut many);
        self.behind = Behind::Many(many);
    }

    /// Removes the one in front, if there is another, which is in front then [W1].
    #[inline]
    pub(super) fn pop(&mut self) -> bool {
        if self.len == 0 {
            return false;
        }
        let next = match &mut self.behind {
            Behind::Few(few) => few.pop_front(),
            #[cfg(feature = "alloc")]
            Behind::Many(many) => many.pop_front(),
            Behind::Lent(lent) => lent.pop_front(),
        };
        match next {
            Some(next) => {
                self.len -= 1;
                self.front = next;
                true
            }
            None => false,
        }
    }
}
