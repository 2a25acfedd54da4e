//! A parcel is a task on its way to another worker: what builds it there, and what the handle here waits for.
//!
//! | stage      | means                                    | awaiting the handle       | dropping the handle |
//! |------------|------------------------------------------|---------------------------|---------------------|
//! | `Sent`     | not arrived                              | leaves a waker            | -> `Left`           |
//! | `Running`  | its task's own handle waits to be taken  | takes it, awaits that     | detaches the task   |
//! | `Ended`    | it never came to be a task               | `Cancelled`               | -                   |
//! | `Left`     | nobody waits: the task is detached       | -                         | -                   |
//!
//! [P1] A waker that was left is used once: by the task at its end (whoever delivers leaves it with the task's handle), or by whoever ends the parcel.
//! [P2] Under the lock no waker is cloned, woken or dropped, and no code of the task's runs.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tidemill_core::{
    context::{self, Monitor},
    error::JoinError,
    task::JoinHandle,
};

use super::mailbox::Letter;

/// See the [module](self).
pub(super) struct Parcel<T, F> {
    label: Label,
    stage: Mutex<Stage<T>>,
    build: Mutex<Option<F>>,
}

/// Where a parcel goes, and who answers for what is in it.
pub(super) struct Label {
    pub(super) worker: usize,
    pub(super) root: Monitor,
    pub(super) context: context::Context,
}

impl Label {
    /// Runs `f` for the task: its errors are told as those of its worker, wherever this is.
    fn answer(&self, f: impl FnOnce()) {
        self.root.as_root(self.worker, || self.context.run(f));
    }
}

enum Stage<T> {
    Sent { waker: Option<Waker>, cancelled: bool },
    Running(JoinHandle<T>),
    Ended,
    Left,
}

/// A parcel, as its handle sees it.
trait Answer<T>: Send + Sync {
    fn label(&self) -> &Label;
    fn stage(&self) -> MutexGuard<'_, Stage<T>>;
}

impl<T: Send, F: Send> Answer<T> for Parcel<T, F> {
    fn label(&self) -> &Label {
        &self.label
    }

    fn stage(&self) -> MutexGuard<'_, Stage<T>> {
        lock(&self.stage)
    }
}

impl<T, F> Parcel<T, F> {
    /// A parcel that is about to be sent.
    pub(super) fn new(label: Label, build: F) -> Arc<Self> {
        let stage = Stage::Sent { waker: None, cancelled: false };
        Arc::new(Self { label, stage: Mutex::new(stage), build: Mutex::new(Some(build)) })
    }

    /// What builds its task; taken by whoever delivers it, or finds that it cannot be sent.
    pub(super) fn take(&self) -> Option<F> {
        lock(&self.build).take()
    }

    fn end(&self) {
        let stage = mem::replace(&mut *lock(&self.stage), Stage::Ended);
        if let Stage::Sent { waker: Some(waker), .. } = stage {
            waker.wake();
        }
    }

    /// Hands the task to the handle.
    fn arrive(&self, join: JoinHandle<T>) {
        let mut join = Some(join);
        while let Some(waker) = self.settle(&mut join) {
            if let Some(join) = &mut join {
                // Whoever waits is woken by the task [P1]. It has had no turn yet, and so it is not over.
                let _ = Pin::new(join).poll(&mut Context::from_waker(&waker));
            }
        }
    }

    /// Puts `join` where the handle finds it. While a waker is there, that comes out instead.
    fn settle(&self, join: &mut Option<JoinHandle<T>>) -> Option<Waker> {
        let mut stage = lock(&self.stage);
        let Stage::Sent { waker, cancelled } = &mut *stage else { return None };
        if waker.is_some() {
            return waker.take();
        }
        if let Some(join) = join.take() {
            if *cancelled {
                join.cancel();
            }
            *stage = Stage::Running(join);
        }
        None
    }
}

impl<T, F, U> Letter for Parcel<T, F>
where
    T: Send + 'static,
    F: FnOnce() -> U + Send + 'static,
    U: Future<Output = T> + 'static,
{
    fn deliver(self: Arc<Self>) {
        let Some(build) = self.take() else { return };
        // Built in the task's first turn: a panic in there is the task's.
        let spawn = || tidemill_sched::spawn(async move { build().await });
        match self.label.context.run(spawn) {
            Ok(join) => self.arrive(join),
            Err(_) => self.end(),
        }
    }

    fn refuse(&self) {
        drop(self.take());
        self.end();
    }
}

/// The handle of a task on another worker: a future of what it returns.
///
/// Dropping it detaches: the task goes on. It is `Send`, and may outlive the runtime: what that ended is [`JoinError::Cancelled`].
///
/// # Cancel safety
/// *Strict*: awaiting `&mut handle` and dropping that leaves the handle as it was.
#[must_use = "dropping it detaches the task; say so with `drop`"]
pub struct RemoteHandle<T> {
    parcel: Arc<dyn Answer<T>>,
    /// Once it was seen to run.
    join: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> RemoteHandle<T> {
    pub(super) fn new<F: Send + 'static>(parcel: Arc<Parcel<T, F>>) -> Self {
        Self { parcel, join: None }
    }
}

impl<T> RemoteHandle<T> {
    /// Asks for the task's end: at its next turn its future is dropped instead of polled, on its worker.
    ///
    /// The handle stays good: awaiting it gives [`JoinError::Cancelled`], or the output where the task was quicker.
    pub fn cancel(&self) {
        if let Some(join) = &self.join {
            return join.cancel();
        }
        match &mut *self.parcel.stage() {
            Stage::Sent { cancelled, .. } => *cancelled = true,
            Stage::Running(join) => join.cancel(),
            Stage::Ended | Stage::Left => {}
        }
    }
}

impl<T> Unpin for RemoteHandle<T> {}

impl<T> Future for RemoteHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.join.is_none() {
            let mut waker = Some(cx.waker().clone());
            let found = {
                let mut stage = self.parcel.stage();
                match &mut *stage {
                    Stage::Sent { waker: seat, .. } => {
                        mem::swap(seat, &mut waker);
                        None
                    }
                    Stage::Running(_) | Stage::Ended => {
                        Some(mem::replace(&mut *stage, Stage::Ended))
                    }
                    Stage::Left => None,
                }
            };
            match found {
                Some(Stage::Running(join)) => self.join = Some(join),
                Some(_) => return Poll::Ready(Err(JoinError::Cancelled)),
                None => return Poll::Pending,
            }
        }
        match &mut self.join {
            Some(join) => Pin::new(join).poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for RemoteHandle<T> {
    fn drop(&mut self) {
        let left = mem::replace(&mut *self.parcel.stage(), Stage::Left);
        let join = self.join.take();
        self.parcel.label().answer(|| drop((left, join)));
    }
}

impl<T> fmt::Debug for RemoteHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteHandle").finish_non_exhaustive()
    }
}

fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    // Nothing in here panics with one.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
