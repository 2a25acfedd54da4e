//! A mailbox takes what others send to a worker, up to a bound; the worker delivers it, in order, beside its tasks.
//!
//! | mailbox | `send`              | `serve`                     | `close`                   |
//! |---------|---------------------|-----------------------------|---------------------------|
//! | room    | queued, server woken| delivers, or waits          | -> closed, all refused    |
//! | full    | `Full`              | delivers                    | -> closed, all refused    |
//! | closed  | `Ended`             | ends                        | -                         |
//!
//! [M1] A letter that was queued is either delivered or refused, once: whoever takes it out of the queue does it.
//! [M2] No send is missed: `serve` leaves its waker before it looks, and `send` wakes after it has queued.
//! [M3] Letters are delivered, refused and dropped outside the lock.

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tidemill_core::wait::WakeCell;

/// Letters that one turn delivers at the most.
const BATCH: usize = 64;

/// What can be sent.
pub(super) trait Letter: Send + Sync {
    /// On the worker that it was sent to.
    fn deliver(self: Arc<Self>);

    /// On any thread: it will not be delivered.
    fn refuse(&self);
}

/// Why a letter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Full,
    Ended,
}

/// See the [module](self).
pub(super) struct Mailbox {
    state: Mutex<State>,
    server: WakeCell,
    bound: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<dyn Letter>>,
    closed: bool,
}

impl Mailbox {
    /// An empty mailbox, for `bound` letters.
    pub(super) fn new(bound: usize) -> Self {
        let state = State { queue: VecDeque::with_capacity(bound), closed: false };
        Self { state: Mutex::new(state), server: WakeCell::new(), bound }
    }

    /// Queues a letter.
    pub(super) fn send(&self, letter: Arc<dyn Letter>) -> Result<(), Refusal> {
        {
            let mut state = self.lock();
            if state.closed {
                return Err(Refusal::Ended);
            }
            if state.queue.len() >= self.bound {
                return Err(Refusal::Full);
            }
            state.queue.push_back(letter);
        }
        self.server.wake();
        Ok(())
    }

    /// Delivers what comes, until the mailbox is closed. One at a time may serve.
    pub(super) async fn serve(&self) {
        poll_fn(|cx| {
            self.server.register(cx.waker());
            for _ in 0..BATCH {
                let (letter, closed) = {
                    let mut state = self.lock();
                    (state.queue.pop_front(), state.closed)
                };
                match letter {
                    Some(letter) => letter.deliver(),
                    None if closed => return Poll::Ready(()),
                    None => return Poll::Pending,
                }
            }
            // The others of this worker have their turn first.
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Refuses what waits in it and what comes.
    pub(super) fn close(&self) {
        let left = {
            let mut state = self.lock();
            state.closed = true;
            mem::take(&mut state.queue)
        };
        left.iter().for_each(|letter| letter.refuse());
        self.server.wake();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics with it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
