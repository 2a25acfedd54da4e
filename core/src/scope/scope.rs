//! A scope waits for all that was started in it, and ends it where one of them fails.
//!
//! | scope    | left by                                                      | `spawn`, `on_release`    |
//! |----------|--------------------------------------------------------------|--------------------------|
//! | open     | its body and all children have ended: -> ended               | taken in                 |
//! | failing  | as above; its token is cancelled                             | taken in, never started  |
//! | ended    | daemons are cancelled and waited for, then releases run      | handed back              |
//!
//! [P1] Who holds a `Seat` is counted; `finish` goes on when no seat is taken.
//! [P2] Releases run last in first out, shielded, after the last child and daemon.

use core::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::{Pin, pin},
};

use alloc::{boxed::Box, rc::Rc, vec::Vec};

use crate::{
    context::with_current,
    error::{Failure, Fault, ScopeError, ScopeFailed},
    lock::Unlocked,
    scope::{adopt::shield, attempt::Caught, token::CancelToken},
    task::spawn,
    wait::{WaitList, Waiter},
};

type Release<E> = Pin<Box<dyn Future<Output = Result<(), E>>>>;

/// A handle on a scope, for its body and its children, on one thread. Clones are the same scope.
///
/// Source: Eio's `Switch`.
pub struct Scope<E = Fault> {
    inside: Rc<Inside<E>>,
}

struct Inside<E> {
    token: CancelToken,
    daemons: CancelToken,
    line: WaitList<Unlocked, State<E>>,
}

struct State<E> {
    seats: [usize; 2],
    ended: bool,
    failures: Vec<Failure<E>>,
    releases: Vec<Release<E>>,
}

/// Who sits where.
#[derive(Clone, Copy)]
enum Row {
    Child,
    Daemon,
}

/// Runs `body` with a scope, and returns when it and all children have ended and all releases have run.
///
/// The first failure cancels the others: they are dropped at their next turn, unless they are ready then.
///
/// # Errors
/// [`ScopeFailed`]: the first failure, and those after it. The body's output is dropped.
///
/// # Cancel safety
/// Children are cancelled; a task waits for them, and runs the releases.
pub async fn scope<T, E: 'static, F: Future<Output = Result<T, E>>>(
    body: impl FnOnce(Scope<E>) -> F,
) -> Result<T, ScopeFailed<E>> {
    let scope = Scope::new();
    let mut guard = Guard { scope: scope.clone(), finishing: false };
    let body = scope.inside.token.run(body(scope.clone())).await;
    let value = match body {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            scope.fail(Failure::Error(error));
            None
        }
        Err(_cancelled) => None,
    };
    guard.finishing = true;
    shield(scope.clone().finish()).await;
    let mut failures =
        scope.inside.line.with(|turn| mem::take(&mut turn.state.failures)).into_iter();
    match (value, failures.next()) {
        // A success that races with a cancel is delivered.
        (Some(value), None) => Ok(value),
        (_, first) => Err(ScopeFailed { first, others: failures.collect() }),
    }
}

/// Ends a scope whose body was dropped.
struct Guard<E: 'static> {
    scope: Scope<E>,
    finishing: bool,
}

impl<E: 'static> Drop for Guard<E> {
    fn drop(&mut self) {
        if self.scope.inside.line.with(|turn| turn.state.ended) && self.finishing {
            return;
        }
        self.scope.cancel(Fault::Text("the scope was dropped"));
        if !self.finishing {
            // Dropped, it runs as a task.
            drop(shield(self.scope.clone().finish()));
        }
    }
}

impl<E: 'static> Scope<E> {
    fn new() -> Self {
        let token = CancelToken::new();
        let state =
            State { seats: [0; 2], ended: false, failures: Vec::new(), releases: Vec::new() };
        let daemons = token.child();
        Self { inside: Rc::new(Inside { token, daemons, line: WaitList::new_in(state) }) }
    }

    /// Starts a child. The scope waits for it, and fails with it. In a scope that is cancelled it never starts.
    ///
    /// # Errors
    /// The scope has ended, or no executor is current: `future` is handed back.
    pub fn spawn<F>(&self, future: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        self.start(future, Row::Child)
    }

    /// Starts a child that the scope does not wait for: it is cancelled when all others have ended.
    ///
    /// # Errors
    /// The scope has ended, or no executor is current: `future` is handed back.
    pub fn spawn_daemon<F>(&self, future: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        self.start(future, Row::Daemon)
    }

    fn start<F>(&self, future: F, row: Row) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        if with_current(|here| here.is_none()) {
            return Err(ScopeError::NoContext(future));
        }
        let Some(seat) = self.sit(row) else { return Err(ScopeError::Ended(future)) };
        // Refused where the executor is being dropped: the child is cancelled like all others.
        drop(spawn(run(seat, future)));
        Ok(())
    }

    /// Has `release` run when the scope ends: the last one first, after all children, also where the scope is cancelled.
    ///
    /// # Errors
    /// The scope has ended: `release` is handed back.
    pub fn on_release<F>(&self, release: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        if self.inside.line.with(|turn| turn.state.ended) {
            return Err(ScopeError::Ended(release));
        }
        let release: Release<E> = Box::pin(release);
        self.inside.line.with(|turn| turn.state.releases.push(release));
        Ok(())
    }

    /// Cancels the body and all children.
    pub fn cancel(&self, reason: Fault) {
        self.inside.token.cancel(reason);
    }

    /// Whether it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.inside.token.is_cancelled()
    }

    /// A token that is cancelled with the scope.
    pub fn token(&self) -> CancelToken {
        self.inside.token.child()
    }

    fn sit(&self, row: Row) -> Option<Seat<E>> {
        let sits = self.inside.line.with(|turn| {
            turn.state.seats[row as usize] += usize::from(!turn.state.ended);
            !turn.state.ended
        });
        sits.then(|| Seat { scope: self.clone(), row })
    }

    fn fail(&self, failure: Failure<E>) {
        self.inside.line.with(|turn| turn.state.failures.push(failure));
        self.cancel(Fault::Text("another part of the scope failed"));
    }

    async fn finish(self) {
        self.empty(Row::Child).await;
        self.inside.line.with(|turn| turn.state.ended = true);
        self.inside.daemons.cancel(Fault::Text("only daemons are left in the scope"));
        self.empty(Row::Daemon).await;
        while let Some(release) = self.inside.line.with(|turn| turn.state.releases.pop()) {
            match (Caught { future: release }).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.fail(Failure::Error(error)),
                Err(panic) => self.fail(Failure::Panicked(panic)),
            }
        }
    }

    /// Waits until nobody sits there.
    async fn empty(&self, row: Row) {
        let mut waiter = pin!(Waiter::new(&self.inside.line, ()));
        let free = |seats: &[usize; 2]| (seats[row as usize] == 0).then_some(());
        poll_fn(|cx| waiter.as_mut().poll_with(cx.waker(), |turn| free(&turn.state.seats))).await;
    }
}

/// A place that is counted.
struct Seat<E: 'static> {
    scope: Scope<E>,
    row: Row,
}

impl<E: 'static> Drop for Seat<E> {
    fn drop(&mut self) {
        let line = &self.scope.inside.line;
        line.with(|turn| turn.state.seats[self.row as usize] -= 1);
        line.wake_all();
    }
}

/// What a child is.
async fn run<E: 'static>(seat: Seat<E>, future: impl Future<Output = Result<(), E>>) {
    let inside = &seat.scope.inside;
    let token = match seat.row {
        Row::Child => &inside.token,
        Row::Daemon => &inside.daemons,
    };
    if token.is_cancelled() {
        return;
    }
    match token.run(Caught { future }).await {
        Ok(Ok(Ok(()))) | Err(_) => {}
        Ok(Ok(Err(error))) => seat.scope.fail(Failure::Error(error)),
        Ok(Err(panic)) => seat.scope.fail(Failure::Panicked(panic)),
    }
}

impl<E> Clone for Scope<E> {
    fn clone(&self) -> Self {
        Self { inside: self.inside.clone() }
    }
}

impl<E> fmt::Debug for Scope<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("token", &self.inside.token).finish_non_exhaustive()
    }
}
