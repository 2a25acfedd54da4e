//! The mail of an executor: a pipe whose far end a task of the executor reads.
//!
//! | goes                         | then                                                                                       |
//! |------------------------------|--------------------------------------------------------------------------------------------|
//! | the last handle              | the task runs what is in the pipe, and ends                                                |
//! | the executor, and the task   | the pipe is closed, what is in it dropped on that thread; who waits for an answer is told  |
//!
//! [E1] The task alone reads the pipe, so errands are run in the order in which they came into it; those of one thread, in the order in which
//!      it brought them.
//! [E2] The reading end belongs to the task from before the first errand: it is closed at the latest when the executor drops the task.

use tidemill_core::{
    context::{Context, Here},
    error::{Closed, Refused, WriteError, ZeroCapacity},
    share::pipe::{ReadEnd, WriteEnd, channel},
    sync::thread::{ThreadId, current},
    task::{Attributes, yield_now},
};

use super::{
    errand::{Errand, Takes},
    error::HandleError,
    wait::wait,
};
use crate::pool::Spawner;

/// What their task is made with.
const NAMED: Attributes<&str> = Attributes::new().name("handle");

/// Errands that are run in one turn at most.
const BATCH: usize = 64;

/// What errands for an executor go through.
pub(super) struct Mail {
    end: WriteEnd<Errand>,
    whose: Whose,
}

/// Whose turns run them.
enum Whose {
    /// Those of an executor of one thread: this one.
    Thread(ThreadId),
    /// Those of a pool, which expects more from outside while this is there.
    Pool { _expects: Spawner },
}

impl Mail {
    /// Has a task of this executor, in the root context, run what comes; at most `bound` errands wait.
    pub(super) fn new(here: &Here, bound: usize) -> Result<Self, Refused<()>> {
        let (end, read) = pipe(bound);
        let spawn = || here.spawn_with(NAMED, serve(read)).map_err(|Refused(_)| Refused(()));
        Context::root().run(spawn)?.detach();
        Ok(Self { end, whose: Whose::Thread(current().id()) })
    }

    /// As `new`, on a pool: one errand at a time, on whichever worker has time.
    pub(super) fn of_pool(pool: Spawner, bound: usize) -> Result<Self, Refused<()>> {
        let (end, read) = pipe(bound);
        let spawn = || pool.spawn_with(NAMED, serve(read)).map_err(|Refused(_)| Refused(()));
        Context::root().run(spawn)?.detach();
        Ok(Self { end, whose: Whose::Pool { _expects: pool } })
    }
}

fn pipe(bound: usize) -> (WriteEnd<Errand>, ReadEnd<Errand>) {
    match channel(bound.max(1)) {
        Ok(ends) => ends,
        Err(ZeroCapacity) => unreachable!("it is one at least"),
    }
}

impl Takes for Mail {
    fn offer(&self, errand: Errand) -> Result<(), WriteError<Errand>> {
        self.end.writer().try_write(errand)
    }

    fn deliver(&self, errand: Errand) -> Result<(), HandleError> {
        wait(self.end.writer().write(errand))?.map_err(|Closed(_)| HandleError::Closed)
    }

    fn is_own_thread(&self) -> bool {
        match self.whose {
            Whose::Thread(thread) => current().id() == thread,
            // Whether it is in a turn is all there is to know of a worker.
            Whose::Pool { .. } => false,
        }
    }
}

/// Runs what comes, until no handle is left.
async fn serve(read: ReadEnd<Errand>) {
    loop {
        for _ in 0..BATCH {
            match read.reader().read().await {
                Some(errand) => errand.run(),
                None => return,
            }
        }
        // The others have their turn first.
        yield_now().await;
    }
}
