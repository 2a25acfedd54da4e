//! What is expected from outside of a pool: while something is, nobody who waits there is told that nothing will come.

use std::sync::Arc;

use tidemill_core::sync::Ordering::SeqCst;

use super::{desk::with_desk, shared::Shared};

/// Something outside of the pool will still bring something, until this is dropped.
#[must_use = "nothing is expected any more when this is dropped"]
pub(crate) struct Expected(Option<Arc<Shared>>);

/// Says that something outside will still bring something to the pool whose worker runs this; to none, elsewhere.
pub(crate) fn expected() -> Expected {
    let shared = with_desk(|desk| desk.map(|desk| desk.shared.clone()));
    if let Some(shared) = &shared {
        // ordering: SeqCst, before the fence in `look`.
        shared.expected.fetch_add(1, SeqCst);
    }
    Expected(shared)
}

impl Drop for Expected {
    fn drop(&mut self) {
        let Some(shared) = &self.0 else { return };
        // ordering: SeqCst, before the fence in `look`.
        if shared.expected.fetch_sub(1, SeqCst) == 1 {
            shared.look();
        }
    }
}
