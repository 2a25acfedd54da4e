//! Waits on top of turns: how many there are, and who gives turns meanwhile.
//!
//! [V1] The scheduler that is named was borrowed by who named it, until that gives it back: so it is alive and in its place.

#![expect(unsafe_code, reason = "names a scheduler that gives a turn")]

use core::{cell::Cell, ptr::NonNull};

use tidemill_core::task::{Done, Drive, Undone};

/// How many may wait on top of each other by default.
const DEEPEST: usize = 32;

/// See the [module](self). For the home thread.
pub(crate) struct Waits {
    deep: Cell<usize>,
    /// None, and it is the default: so a Home in a static is zeros.
    deepest: Cell<Option<usize>>,
    /// Who gives turns in an order of its own.
    driver: Cell<Option<NonNull<dyn Drive>>>,
}

impl Waits {
    pub(crate) const fn new() -> Self {
        Self { deep: Cell::new(0), deepest: Cell::new(None), driver: Cell::new(None) }
    }

    /// Lets so many wait on top of each other.
    pub(crate) fn allow(&self, deepest: usize) {
        self.deepest.set(Some(deepest));
    }

    /// Waits one deeper until the answer is dropped.
    pub(crate) fn deeper(&self) -> Result<impl Drop, Undone> {
        if self.deep.get() >= self.deepest.get().unwrap_or(DEEPEST) {
            return Err(Undone::TooDeep);
        }
        self.deep.set(self.deep.get() + 1);
        Ok(Deeper(self))
    }

    /// Runs `turn` with `driver` as the one that gives turns to who waits in it.
    pub(crate) fn driven_by<R>(
        &self,
        driver: &(dyn Drive + 'static),
        turn: impl FnOnce() -> R,
    ) -> R {
        let before = self.driver.replace(Some(NonNull::from(driver)));
        let _driven = Driven(self, before);
        turn()
    }

    /// Has whoever gives turns in an order of its own give them until `done`; `None` where there is nobody.
    #[cfg_attr(
        not(feature = "alloc"),
        allow(dead_code, reason = "without a heap nobody waits within a task")
    )]
    pub(crate) fn drive(&self, done: &mut Done<'_>) -> Option<Result<(), Undone>> {
        let driver = self.driver.get()?;
        // SAFETY: [V1].
        Some(unsafe { driver.as_ref() }.drive(done))
    }
}

/// Somebody waits.
struct Deeper<'w>(&'w Waits);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.deep.set(self.0.deep.get() - 1);
    }
}

/// Gives back what was named before.
struct Driven<'w>(&'w Waits, Option<NonNull<dyn Drive>>);

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        self.0.driver.set(self.1);
    }
}
