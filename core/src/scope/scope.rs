//! A scope waits for all that was started in it, and ends it where one of them fails.
//!
//! | scope    | left by                                                      | `spawn`, `on_release`    |
//! |----------|--------------------------------------------------------------|--------------------------|
//! | open     | its body and all children have ended: -> ended               | taken in                 |
//! | failing  | as above; its token is cancelled                             | taken in, never started  |
//! | ended    | daemons are cancelled and waited for, then releases run      | handed back              |
//!
//! \[P1] Who holds a `Seat` is counted, and what is left behind where the gate is the keeper; `finish` goes on when nobody is.
//! \[P2] Releases run last in first out, shielded, after the last child and daemon.
//! \[P3] Failures are the caller's as long as he waits; once he is gone they are `stray`, and the monitor is told at the end.

use core::{fmt, future::Future, mem, pin::Pin};

use alloc::{boxed::Box, sync, vec::Vec};

use crate::{
    context::{Context, Here, HomeLock, Keeper, MaySend, send_error, with_current},
    error::{Failure, Fault, ScopeError, ScopeFailed},
    lock::Locked,
    scope::{
        attempt::Caught,
        gate::{Gate, Row, Seat},
        nest::{Ambiently, Nest},
        shield::shield_boxed,
        token::CancelToken,
    },
    task::spawn,
};

/// What clones of a scope share: without `std`, children of one that is ambient may go to another thread.
#[cfg(feature = "std")]
use alloc::rc::Rc as Shared;
/// What clones of a scope share: without `std`, children of one that is ambient may go to another thread.
#[cfg(not(feature = "std"))]
use alloc::sync::Arc as Shared;

type Release<E, N> = Pin<Box<<N as Nest>::Dyn<Result<(), E>>>>;

/// A handle on a scope, for its body and its children. Clones are the same scope.
///
/// Source: Eio's `Switch`.
pub struct Scope<E: 'static = Fault, N: Nest = Ambiently> {
    inside: Shared<Inside<E, N>>,
}

struct Inside<E: 'static, N: Nest> {
    nest: N,
    token: CancelToken,
    daemons: CancelToken,
    gate: sync::Arc<Gate>,
    keeper: sync::Arc<dyn Keeper>,
    state: Locked<State<E, N>, HomeLock>,
}

struct State<E: 'static, N: Nest> {
    /// Whether the caller is gone.
    stray: bool,
    failures: Vec<Failure<E>>,
    releases: Vec<Release<E, N>>,
}

/// Runs `body` with a scope, and returns when it and all children have ended and all releases have run. Children become tasks of the
/// executor that is current where they are started.
///
/// The first failure cancels the others: they are dropped at their next turn, unless they are ready then.
///
/// What is left behind inside, by the body or by children, is waited for as they are: inner scopes that were dropped, what was shielded, the
/// ends of what was protected.
///
/// # Errors
/// [`ScopeFailed`]: the first failure, and those after it. The body's output is dropped.
///
/// # Cancel safety
/// Children are cancelled; a task waits for them, and runs the releases. What fails then goes to the monitor.
pub async fn scope<T, E, F>(body: impl FnOnce(Scope<E>) -> F) -> Result<T, ScopeFailed<E>>
where
    E: Into<Fault> + MaySend + 'static,
    F: Future<Output = Result<T, E>>,
{
    let scope = Scope::new(Ambiently);
    let finish = Box::pin(scope.clone().finish());
    scope.run(body, finish).await
}

/// As [`scope`], with children that are tasks of the executor of `here`, whichever is current.
///
/// # Errors
/// [`ScopeFailed`]: the first failure, and those after it. The body's output is dropped.
///
/// # Cancel safety
/// Children are cancelled; a task waits for them, and runs the releases. What fails then goes to the monitor.
pub async fn scope_on<T, E, F>(
    here: &Here,
    body: impl FnOnce(Scope<E, Here>) -> F,
) -> Result<T, ScopeFailed<E>>
where
    E: Into<Fault> + 'static,
    F: Future<Output = Result<T, E>>,
{
    let scope = Scope::new(here.clone());
    let finish = Box::pin(scope.clone().finish());
    scope.run(body, finish).await
}

impl<E: MaySend + 'static> Scope<E> {
    /// Starts a child. The scope waits for it, and fails with it. In a scope that is cancelled it never starts.
    ///
    /// # Errors
    /// The scope has ended, or no executor is current: `future` is handed back.
    pub fn spawn<F>(&self, future: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + MaySend + 'static,
    {
        self.start(future, Row::Child)
    }

    /// Starts a child that the scope does not wait for: it is cancelled when all others have ended.
    ///
    /// # Errors
    /// The scope has ended, or no executor is current: `future` is handed back.
    pub fn spawn_daemon<F>(&self, future: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + MaySend + 'static,
    {
        self.start(future, Row::Daemon)
    }

    /// Has `release` run when the scope ends: the last one first, after all children, also where the scope is cancelled.
    ///
    /// # Errors
    /// The scope has ended: `release` is handed back.
    pub fn on_release<F>(&self, release: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + MaySend + 'static,
    {
        self.keep(release, |release| Box::pin(release))
    }

    fn start<F>(&self, future: F, row: Row) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + MaySend + 'static,
    {
        if with_current(|home| home.is_none()) {
            return Err(ScopeError::NoContext(future));
        }
        let Some(seat) = self.inside.gate.sit(row) else { return Err(ScopeError::Ended(future)) };
        // Refused where the executor is being dropped: the child is cancelled like all others.
        self.context().run(|| drop(spawn(child(future, self.clone(), seat))));
        Ok(())
    }
}

impl<E: 'static> Scope<E, Here> {
    /// Starts a child. The scope waits for it, and fails with it. In a scope that is cancelled it never starts.
    ///
    /// # Errors
    /// The scope has ended, or the executor is gone or being dropped: `future` is handed back.
    pub fn spawn<F>(&self, future: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        self.start(future, Row::Child)
    }

    /// Starts a child that the scope does not wait for: it is cancelled when all others have ended.
    ///
    /// # Errors
    /// The scope has ended, or the executor is gone or being dropped: `future` is handed back.
    pub fn spawn_daemon<F>(&self, future: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        self.start(future, Row::Daemon)
    }

    /// Has `release` run when the scope ends: the last one first, after all children, also where the scope is cancelled.
    ///
    /// # Errors
    /// The scope has ended: `release` is handed back.
    pub fn on_release<F>(&self, release: F) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        self.keep(release, |release| Box::pin(release))
    }

    fn start<F>(&self, future: F, row: Row) -> Result<(), ScopeError<F>>
    where
        F: Future<Output = Result<(), E>> + 'static,
    {
        let here = &self.inside.nest;
        if !here.home().is_open() {
            return Err(ScopeError::NoContext(future));
        }
        let Some(seat) = self.inside.gate.sit(row) else { return Err(ScopeError::Ended(future)) };
        self.context().run(|| drop(here.spawn(child(future, self.clone(), seat))));
        Ok(())
    }
}

impl<E: 'static, N: Nest> Scope<E, N> {
    fn new(nest: N) -> Self {
        let token = CancelToken::new();
        let daemons = token.child();
        let gate = Gate::new();
        let keeper: sync::Arc<dyn Keeper> = gate.clone();
        let state = State { stray: false, failures: Vec::new(), releases: Vec::new() };
        let state = Locked::new_in(state);
        Self { inside: Shared::new(Inside { nest, token, daemons, gate, keeper, state }) }
    }

    /// That of this code, with the scope waiting for what is left behind there.
    fn context(&self) -> Context {
        Context::current().with_keeper(&self.inside.keeper)
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

    /// Runs the body, then `finish`, shielded.
    async fn run<T, F: Future<Output = Result<T, E>>>(
        self,
        body: impl FnOnce(Self) -> F,
        finish: Pin<Box<N::Dyn<()>>>,
    ) -> Result<T, ScopeFailed<E>> {
        let mut guard = Guard(Some(self.clone()));
        let nest = self.inside.nest.clone();
        // Dropped, it runs as a task.
        let finish = shield_boxed(finish, move |rest| nest.adopt(rest));
        let body = self.context().run(|| body(self.clone()));
        let body = self.inside.token.run(self.context().within(body)).await;
        let value = match body {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => {
                self.fail(Failure::Error(error));
                None
            }
            Err(_cancelled) => None,
        };
        finish.await;
        guard.0 = None;
        let failures = self.inside.state.with(|state| mem::take(&mut state.failures));
        let mut failures = failures.into_iter();
        match (value, failures.next()) {
            // A success that races with a cancel is delivered.
            (Some(value), None) => Ok(value),
            (_, first) => Err(ScopeFailed { first, others: failures.collect() }),
        }
    }

    /// Keeps a release in its box.
    fn keep<F>(
        &self,
        release: F,
        boxed: impl FnOnce(F) -> Release<E, N>,
    ) -> Result<(), ScopeError<F>> {
        // It does not end meanwhile.
        let Some(_seat) = self.inside.gate.sit(Row::Child) else {
            return Err(ScopeError::Ended(release));
        };
        let release = boxed(release);
        self.inside.state.with(|state| state.releases.push(release));
        Ok(())
    }

    fn fail(&self, failure: Failure<E>) {
        self.inside.state.with(|state| state.failures.push(failure));
        self.cancel(Fault::Text("another part of the scope failed"));
    }
}

impl<E: Into<Fault> + 'static, N: Nest> Scope<E, N> {
    async fn finish(self) {
        let Inside { gate, state, daemons, .. } = &*self.inside;
        gate.empty(Row::Child).await;
        daemons.cancel(Fault::Text("only daemons are left in the scope"));
        gate.empty(Row::Daemon).await;
        while let Some(release) = state.with(|state| state.releases.pop()) {
            match (Caught { future: release }).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.fail(Failure::Error(error)),
                Err(panic) => self.fail(Failure::Panicked(panic)),
            }
        }
        // [P3]
        let stray = state.with(|state| match state.stray {
            true => mem::take(&mut state.failures),
            false => Vec::new(),
        });
        for failure in stray {
            match failure {
                Failure::Error(error) => send_error(error),
                Failure::Panicked(panic) => send_error(panic),
            }
        }
    }
}

/// Ends a scope whose caller is gone.
struct Guard<E: 'static, N: Nest>(Option<Scope<E, N>>);

impl<E: 'static, N: Nest> Drop for Guard<E, N> {
    fn drop(&mut self) {
        let Some(scope) = self.0.take() else { return };
        scope.inside.state.with(|state| state.stray = true);
        if !scope.inside.gate.is_ended() {
            scope.cancel(Fault::Text("the scope was dropped"));
        }
    }
}

/// What a child is.
async fn child<E: 'static, N: Nest>(
    // First, so that it is dropped before its seat is given up, also where it was never polled.
    future: impl Future<Output = Result<(), E>>,
    scope: Scope<E, N>,
    seat: Seat,
) {
    let token = match seat.row() {
        Row::Child => &scope.inside.token,
        Row::Daemon => &scope.inside.daemons,
    };
    if token.is_cancelled() {
        return;
    }
    match token.run(Caught { future }).await {
        Ok(Ok(Ok(()))) | Err(_) => {}
        Ok(Ok(Err(error))) => scope.fail(Failure::Error(error)),
        Ok(Err(panic)) => scope.fail(Failure::Panicked(panic)),
    }
}

impl<E: 'static, N: Nest> Clone for Scope<E, N> {
    fn clone(&self) -> Self {
        Self { inside: self.inside.clone() }
    }
}

impl<E: 'static, N: Nest> fmt::Debug for Scope<E, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("token", &self.inside.token).finish_non_exhaustive()
    }
}
