//! Places: who lives. There is one list of all places in which a task has ever stood, of all Homes; a Home passes over what is not LIVE, or another's.
//!
//! [P1] A place that is in the list stays, since it is in a static: so whoever looks at one goes on from there, whatever has happened since.

use core::{iter, ptr};

use super::{
    base::Base,
    header::{LIVE, Task},
};
use crate::{
    context::{Priority, TaskInfo},
    mask::{Mask, masked},
};

impl Base {
    /// The place behind `newer`, or the first; and whether what stands or stood there last is of this Home.
    fn next_place(&self, mask: Mask<'_>, newer: Option<Task>) -> Option<(Task, bool)> {
        let place = Task::next_older(mask, newer)?;
        let ours = place.home(mask).is_some_and(|home| ptr::eq(Self::of(&home), self));
        Some((place, ours))
    }

    /// The first of its tasks behind the place `newer`, or of all.
    pub(super) fn next_older(&self, newer: Option<Task>) -> Option<Task> {
        let mut at = newer;
        loop {
            let (place, lives) = masked(|mask| {
                let (place, ours) = self.next_place(mask, at)?;
                Some((place, ours && place.flags_in(mask) & LIVE != 0))
            })?;
            if lives {
                return Some(place);
            }
            at = Some(place);
        }
    }

    /// Its tasks, the newest place first.
    fn all(&self) -> impl Iterator<Item = Task> {
        iter::successors(self.next_older(None), |&newer| self.next_older(Some(newer)))
    }

    /// The task of which the next older one is `older`; to none, the oldest.
    fn newer(&self, older: Option<Task>) -> Option<Task> {
        let older = older.as_ref();
        let mut tasks = self.all().peekable();
        while let Some(task) = tasks.next() {
            if tasks.peek() == older {
                return Some(task);
            }
        }
        None
    }

    /// How many tasks have not ended. This is the home thread.
    pub fn live(&self) -> usize {
        self.all().count()
    }

    /// Those that have not ended, the oldest place first: for the home thread. What happens to them meanwhile may end it early.
    pub fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        let mut last = None;
        iter::from_fn(move || {
            let next = self.newer(last)?;
            last = Some(next);
            Some(next.info())
        })
    }

    /// Gives the places free that are queued still: all tasks have ended, and nobody looks there any more. The queues name none of them: a root's waker may come later.
    pub(super) fn clear(&self) {
        for priority in Priority::ALL {
            while self.pop(priority).is_some() {}
        }
        let mut at = None;
        loop {
            let next = masked(|mask| {
                let (place, ours) = self.next_place(mask, at)?;
                if ours {
                    place.forget_queue(mask);
                }
                Some(place)
            });
            if next.is_none() {
                return;
            }
            at = next;
        }
    }
}
