//! A hatch: a state behind a short lock, and one who waits for a change of it.
//!
//! | it answers | `look`                                                                               | `change`     |
//! |------------|--------------------------------------------------------------------------------------|--------------|
//! | something  | who waits is woken, and waits no more                                                | likewise     |
//! | nothing    | whoever looks waits; if it is another that waited that one is woken, and looks again | all is as it was |
//!
//! Two may wait for different things at one hatch where no state has both wait: each change takes who waits, so he has looked in vain at the state as it is.
//!
//! [E1] To look in vain and to leave a waker is one step, and so is to change the state and to take the waker: so no change is missed.
//! [E2] Under the lock wakers move and are compared, and no code of theirs runs: clones are made before, wakes and drops follow after.

use core::task::{Poll, Waker};

use crate::{
    const_new,
    lock::{Locked, RawLock},
};

/// See the [module](self).
pub(crate) struct Hatch<S, L: RawLock>(Locked<Held<S>, L>);

struct Held<S> {
    guest: Option<Waker>,
    state: S,
}

impl<S, L: RawLock> Hatch<S, L> {
    const_new! {
        /// A state for which nobody waits.
        pub(crate) fn new(state: S) -> Self {
            Self(Locked::new_in(Held { guest: None, state }))
        }
    }

    /// Lends the state to `f`, which calls nobody's code and changes nothing.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&S) -> R) -> R {
        self.0.with(|held| f(&held.state))
    }

    /// Has `f` change the state, which calls nobody's code. If it answers something it has, and who waits is woken.
    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut S) -> Option<R>) -> Option<R> {
        let (result, told) = self.0.with(|held| {
            let result = f(&mut held.state)?;
            Some((result, held.guest.take()))
        })?;
        told.into_iter().for_each(Waker::wake);
        Some(result)
    }

    /// As `change`; but if `f` answers nothing, `waker` waits.
    pub(crate) fn look<R>(&self, waker: &Waker, mut f: impl FnMut(&mut S) -> Option<R>) -> Poll<R> {
        let mut fresh = None;
        loop {
            let found = self.0.with(|held| match f(&mut held.state) {
                Some(result) => Ok((result, held.guest.take())),
                None => Err(held.leave(waker, &mut fresh)),
            });
            match found {
                Ok((result, told)) => {
                    told.into_iter().for_each(Waker::wake);
                    return Poll::Ready(result);
                }
                Err(Left::Stays) => return Poll::Pending,
                Err(Left::Displaces(before)) => {
                    before.into_iter().for_each(Waker::wake);
                    return Poll::Pending;
                }
                Err(Left::Missing) => fresh = Some(waker.clone()),
            }
        }
    }
}

/// What came of leaving a waker.
enum Left {
    /// What is there wakes the same.
    Stays,
    /// The waker is there, in place of another's if there was one.
    Displaces(Option<Waker>),
    /// There was no clone to put there.
    Missing,
}

impl<S> Held<S> {
    fn leave(&mut self, waker: &Waker, fresh: &mut Option<Waker>) -> Left {
        if self.guest.as_ref().is_some_and(|guest| guest.will_wake(waker)) {
            return Left::Stays;
        }
        match fresh.take() {
            Some(fresh) => Left::Displaces(self.guest.replace(fresh)),
            None => Left::Missing,
        }
    }
}
