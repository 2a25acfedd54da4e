//! Slots are what a throttle hands out, one to each job, and gets back when the job has ended.
//!
//! | slots              | each holds    | how many    | lie              |
//! |--------------------|---------------|-------------|------------------|
//! | [`Count`]          | nothing       | a number    | in the throttle  |
//! | `[Option<R>; N]`   | a resource    | `N`         | in the throttle  |
//! | `Vec<R>`           | a resource    | its length  | in an allocation |

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// The slots of a throttle that no job has. Its methods run under the lock of the throttle, and touch no resource but to move it.
pub trait Slots {
    /// What a slot holds.
    type Resource;

    /// Takes one, if there is one.
    fn take(&mut self) -> Option<Self::Resource>;

    /// Puts one back. The caller knows that there is room: it took it before.
    fn put(&mut self, resource: Self::Resource);
}

/// Slots that hold nothing: how many there are.
#[derive(Debug)]
pub struct Count(pub(super) usize);

impl Slots for Count {
    type Resource = ();

    fn take(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }

    fn put(&mut self, (): ()) {
        self.0 += 1;
    }
}

impl<R, const N: usize> Slots for [Option<R>; N] {
    type Resource = R;

    fn take(&mut self) -> Option<R> {
        self.iter_mut().find_map(Option::take)
    }

    fn put(&mut self, resource: R) {
        let free = self.iter_mut().find(|slot| slot.is_none());
        debug_assert!(free.is_some(), "the caller knows that there is room");
        if let Some(free) = free {
            *free = Some(resource);
        }
    }
}

#[cfg(feature = "alloc")]
impl<R> Slots for Vec<R> {
    type Resource = R;

    fn take(&mut self) -> Option<R> {
        self.pop()
    }

    /// It allocates nothing: what was popped left its room.
    fn put(&mut self, resource: R) {
        self.push(resource);
    }
}
