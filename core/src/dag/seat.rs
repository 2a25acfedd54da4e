//! What a place in an epoch carries, and what waits in it: by it the registry is told which task uses it.

#[cfg(feature = "alloc")]
use super::turn::Task;
use super::{event::What, record::SeatRecord, registry::with, thread::current};

/// What a place in an epoch tells the registry by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat(u64);

impl Seat {
    /// That of nobody.
    pub const NONE: Self = Self(0);

    pub(super) fn of(index: u64) -> Self {
        Self(index)
    }

    fn change(self, what: fn(&SeatRecord) -> What, change: impl FnOnce(&mut SeatRecord)) {
        with(|registry| {
            let Some(seat) = registry.seats.get(self.0) else { return };
            change(seat);
            let seat = *seat;
            registry.tell(what(&seat), (seat.value, seat.number), seat.awaited_by);
        });
    }

    /// What it was waited for has come, for the task whose turn this is.
    pub(crate) fn arrives(self) {
        if let Some(task) = current() {
            self.change(
                |seat| What::Arrived(seat.role),
                |seat| {
                    (seat.awaited_by, seat.waits) = (Some(task), false);
                },
            );
        }
    }

    /// It is an argument of a task.
    #[cfg(feature = "alloc")]
    pub(crate) fn give_to(self, task: Task) {
        with(|registry| {
            if let Some(seat) = registry.seats.get(self.0) {
                seat.argument_of = task.index();
            }
        });
    }

    /// Who had it leaves.
    pub(crate) fn leaves(self) {
        with(|registry| registry.seats.remove(self.0));
    }
}

/// Who waits in a place, while it does.
#[derive(Debug)]
pub(crate) struct Wait(Seat);

impl Wait {
    /// Nobody yet.
    pub(crate) const fn new() -> Self {
        Self(Seat::NONE)
    }

    /// The task whose turn this is waits in `seat`.
    pub(crate) fn begin(&mut self, seat: Seat) {
        self.0 = seat;
        let task = current();
        seat.change(
            |seat| What::Waits(seat.role),
            |seat| {
                (seat.awaited_by, seat.waits) = (task.or(seat.awaited_by), true);
            },
        );
    }

    /// Nobody waits any more.
    pub(crate) fn end(&mut self) {
        if self.0 != Seat::NONE {
            let seat = core::mem::replace(&mut self.0, Seat::NONE);
            with(|registry| registry.seats.get(seat.0).map(|seat| seat.waits = false));
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.end();
    }
}
