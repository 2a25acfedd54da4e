//! Scheduling: where a task is queued, and who is woken for it.
//!
//! | a task comes from  | and prefers a node  | is Low              | else                                                     |
//! |--------------------|---------------------|---------------------|----------------------------------------------------------|
//! | a worker           | that one's injector | its node's injector | woken: runs next here; new: its own queue; when that is full, what overflows |
//! | elsewhere          | that one's injector | injectors in turn   | injectors in turn                                        |
//!
//! [S1] Whoever queues a task has just been told to, and so owns the right: it is in no other queue, and alive until it has left this one
//!      ([P1] of `pooled`), or until all is closed.

#![expect(unsafe_code, reason = "queues tasks of erased type")]

use tidemill_core::{context::Priority, sync::Ordering::Relaxed, task::preferred_node};

use super::{
    desk::{Desk, with_desk_of},
    inject::{Kind, Task},
    shared::Shared,
};

/// Why a task is queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// It was made.
    New,
    /// It was woken.
    Woken,
    /// It was woken in its turn, and goes to the end.
    Again,
}

impl Shared {
    /// Queues a task, and wakes a worker for it.
    ///
    /// # Safety
    /// [S1].
    pub(super) unsafe fn schedule(&self, task: Task, why: Why) {
        with_desk_of(self, |desk| {
            if let Some(desk) = desk {
                self.seats[desk.worker].counts.wakes.add(1);
            }
            // SAFETY: it is pooled, and alive [S1].
            let wanted = unsafe { preferred_node(task.0) };
            // SAFETY: it is alive [S1].
            let kind = match unsafe { task.0.as_ref() }.priority() {
                _ if wanted.is_some() => Kind::Bound,
                Priority::Low => Kind::Low,
                Priority::Normal => Kind::Normal,
            };
            match desk {
                // SAFETY: the contract is the same.
                Some(desk) if kind == Kind::Normal => unsafe { self.keep(desk, task, why) },
                _ => {
                    let group = wanted.or(desk.map(|desk| desk.group));
                    // SAFETY: the contract is the same.
                    unsafe { self.inject(group, kind, task, why) };
                }
            }
        });
    }

    /// Queues a task at the desk where it was woken or made.
    ///
    /// # Safety
    /// [S1].
    unsafe fn keep(&self, desk: &Desk, task: Task, why: Why) {
        let task = match why {
            Why::Woken => desk.next.replace(Some(task)),
            Why::New | Why::Again => Some(task),
        };
        let Some(task) = task else { return };
        if why == Why::New {
            self.seats[desk.worker].counts.spawns.add(1);
        }
        // SAFETY: the contract is the same.
        unsafe { self.seats[desk.worker].push(task) };
        if why != Why::Again {
            self.wake_one(desk.group);
        }
    }

    /// Queues a task for a group; for the next one in turn, where none is named.
    ///
    /// # Safety
    /// [S1].
    unsafe fn inject(&self, group: Option<usize>, kind: Kind, task: Task, why: Why) {
        // ordering: Relaxed, it is a number and no more.
        let group = group.unwrap_or_else(|| match self.groups.len() {
            1 => 0,
            groups => self.turn.fetch_add(1, Relaxed) % groups,
        });
        if why == Why::New {
            // ordering: Relaxed, it is a number and no more.
            self.groups[group].spawned.fetch_add(1, Relaxed);
        }
        // SAFETY: the contract is the same.
        unsafe { self.groups[group].injector.line(kind).push(task) };
        match kind {
            Kind::Bound => self.wake_one_of(group),
            Kind::Normal | Kind::Low => self.wake_one(group),
        }
    }
}
