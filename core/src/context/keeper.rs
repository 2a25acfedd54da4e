//! A keeper must not end before what is left behind in its contexts has ended: a scope is one.

use core::fmt;

use alloc::sync::Arc as Shared;

/// Who must not end before what is left behind has.
pub(crate) trait Keeper: Send + Sync {
    /// Something is left behind. What this answers is given back at its end.
    fn enter(&self) -> u8;

    /// It has ended.
    fn leave(&self, entered: u8);
}

/// What is left behind, as long as this is alive.
#[must_use = "it has ended when this is dropped"]
pub(crate) struct Kept {
    keeper: Shared<dyn Keeper>,
    entered: u8,
}

impl Kept {
    pub(super) fn new(keeper: Shared<dyn Keeper>) -> Self {
        let entered = keeper.enter();
        Self { keeper, entered }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.keeper.leave(self.entered);
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}
