//! A nest is where a scope's children become tasks: the executor that is current, or one that is given.

use core::future::Future;

use crate::{
    context::{Here, MaySend},
    scope::{
        adopt::{linger, settle},
        shield::Shielded,
    },
    task::spawn,
};

/// Where a [`Scope`](crate::scope::Scope) makes tasks. There are two: [`Ambiently`] and [`Here`].
pub trait Nest: Clone + sealed::Sealed + 'static {
    /// A future that can become a task there, its type forgotten.
    type Dyn<T: 'static>: Future<Output = T> + ?Sized + 'static;

    /// Makes a task of what is left of a shielded future; where that cannot be, the monitor is told.
    #[doc(hidden)]
    fn adopt(&self, rest: Shielded<Self::Dyn<()>>);
}

mod sealed {
    /// Nobody else has a nest.
    pub trait Sealed {}
    impl Sealed for super::Ambiently {}
    impl Sealed for super::Here {}
}

/// On the executor that is current where a child is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ambiently;

/// A future that may come along to the current executor.
pub trait Luggage<T>: Future<Output = T> + MaySend {}

impl<F: Future + MaySend> Luggage<F::Output> for F {}

impl Nest for Ambiently {
    type Dyn<T: 'static> = dyn Luggage<T>;

    fn adopt(&self, rest: Shielded<Self::Dyn<()>>) {
        settle(spawn(linger(rest)));
    }
}

impl Nest for Here {
    type Dyn<T: 'static> = dyn Future<Output = T>;

    fn adopt(&self, rest: Shielded<Self::Dyn<()>>) {
        settle(self.spawn(linger(rest)));
    }
}
