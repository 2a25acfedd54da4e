//! Tracing: with the feature of that name every turn of a pool's task is a span, `turn`, at the level TRACE, with the task's number, its name and the
//! worker; and every turn that is told as long an event at WARN. Without it there is nothing.

#[cfg(feature = "tracing")]
mod imp {
    use core::time::Duration;

    use tidemill_core::task::TaskInfo;
    use tracing::span::EnteredSpan;

    /// A turn begins; it is over when this is dropped.
    pub(in crate::pool) fn turn(task: impl FnOnce() -> TaskInfo, worker: usize) -> EnteredSpan {
        if !tracing::enabled!(target: "tidemill", tracing::Level::TRACE) {
            return tracing::Span::none().entered();
        }
        let task = task();
        let (id, name) = (task.id, task.name);
        tracing::trace_span!(target: "tidemill", "turn", task = id, name, worker).entered()
    }

    /// A turn took long.
    pub(in crate::pool) fn long_turn(task: &TaskInfo, worker: usize, took: Duration) {
        let (id, name) = (task.id, task.name);
        tracing::warn!(target: "tidemill", task = id, name, worker, ?took, "a long turn");
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    use core::time::Duration;

    use tidemill_core::task::TaskInfo;

    /// What would be a span.
    pub(in crate::pool) struct Untold;

    /// A turn begins.
    #[inline(always)]
    pub(in crate::pool) fn turn(_: impl FnOnce() -> TaskInfo, _: usize) -> Untold {
        Untold
    }

    /// A turn took long.
    #[inline(always)]
    pub(in crate::pool) fn long_turn(_: &TaskInfo, _: usize, _: Duration) {}
}

pub(super) use imp::{long_turn, turn};
