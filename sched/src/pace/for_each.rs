//! Many jobs of one kind, so many at a time: what Async's `Deferred.List` does with `~how`.
//!
//! Jobs are started in the order of their items, and run inside the task that awaits them: dropping that drops them. Results come in the order of the items,
//! whatever order the jobs end in.

use alloc::vec::Vec;
use core::{future::Future, num::NonZeroUsize};

use futures_util::{StreamExt, stream::FuturesUnordered};

/// How many jobs run at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// One after the other.
    Sequential,
    /// All of them.
    Parallel,
    /// So many; the next one starts when one has ended.
    Max(NonZeroUsize),
}

impl How {
    fn most(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Parallel => usize::MAX,
            Self::Max(most) => most.get(),
        }
    }
}

/// Runs `job` for each of `items`.
///
/// # Cancel safety
/// Dropping it drops the jobs that run; no other starts.
pub async fn for_each<I, F>(how: How, items: I, mut job: impl FnMut(I::Item) -> F)
where
    I: IntoIterator,
    F: Future<Output = ()>,
{
    let mut items = items.into_iter();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < how.most()
            && let Some(item) = items.next()
        {
            running.push(job(item));
        }
        if running.next().await.is_none() {
            return;
        }
    }
}

/// Runs `job` for each of `items`, and gives what they return in the order of the items.
///
/// # Cancel safety
/// As [`for_each`].
pub async fn map<I, F>(how: How, items: I, mut job: impl FnMut(I::Item) -> F) -> Vec<F::Output>
where
    I: IntoIterator,
    F: Future,
{
    let job = |item| {
        let job = job(item);
        async { Ok::<_, core::convert::Infallible>(job.await) }
    };
    match try_map(how, items, job).await {
        Ok(values) => values,
        Err(never) => match never {},
    }
}

/// As [`for_each`], until one fails: then the others are dropped, and no other starts.
///
/// # Errors
/// The first failure in time.
///
/// # Cancel safety
/// As [`for_each`].
pub async fn try_for_each<I, F, E>(
    how: How,
    items: I,
    job: impl FnMut(I::Item) -> F,
) -> Result<(), E>
where
    I: IntoIterator,
    F: Future<Output = Result<(), E>>,
{
    // Units take no memory in a `Vec`.
    try_map(how, items, job).await.map(drop)
}

/// As [`map`], until one fails: then the others are dropped, and no other starts.
///
/// # Errors
/// The first failure in time.
///
/// # Cancel safety
/// As [`for_each`].
pub async fn try_map<I, F, T, E>(
    how: How,
    items: I,
    mut job: impl FnMut(I::Item) -> F,
) -> Result<Vec<T>, E>
where
    I: IntoIterator,
    F: Future<Output = Result<T, E>>,
{
    let mut items = items.into_iter();
    let mut running = FuturesUnordered::new();
    let mut values = Vec::new();
    loop {
        while running.len() < how.most()
            && let Some(item) = items.next()
        {
            let (at, job) = (values.len(), job(item));
            values.push(None);
            running.push(async move { (at, job.await) });
        }
        match running.next().await {
            Some((at, value)) => values[at] = Some(value?),
            None => return Ok(values.into_iter().flatten().collect()),
        }
    }
}
