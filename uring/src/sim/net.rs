//! The network of a simulation, as peers and tests hold it.

use std::{
    cell::RefCell,
    fmt,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use crate::engine::{Counts, Plan, World};

/// The network of a simulation.
#[derive(Clone)]
pub struct Net(Rc<RefCell<World>>);

impl Net {
    pub(super) fn of(world: Rc<RefCell<World>>) -> Self {
        Self(world)
    }

    pub(super) fn with<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }

    /// Leaves the task's waker where it is woken by the world.
    pub(super) fn wait<T>(
        &self,
        cx: &mut Context<'_>,
        seat: impl FnOnce(&mut World) -> Option<&mut Option<Waker>>,
    ) -> Poll<T> {
        let waker = cx.waker().clone();
        let old = self.with(|world| seat(world).and_then(|seat| seat.replace(waker)));
        drop(old);
        Poll::Pending
    }

    /// From now on faults come as `plan` says.
    pub fn change(&self, plan: Plan) {
        self.with(|world| world.change(plan));
    }

    /// What the simulation did so far.
    pub fn counts(&self) -> Counts {
        self.with(|world| world.counts())
    }

    /// A number that differs where the course of two simulations did.
    pub fn digest(&self) -> u64 {
        self.with(|world| world.digest())
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Net").field(&self.counts()).finish()
    }
}
