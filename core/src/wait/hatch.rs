//! A hatch: a state behind a short lock, and on each side of it one who waits for a change.
//!
//! | a side | `look`, in vain                                      | what tells this side |
//! |--------|------------------------------------------------------|----------------------|
//! | empty  | -> held                                              | nothing              |
//! | held   | stays, where it wakes the same; else replaced: who was there is woken, and looks again | -> empty, woken |
//!
//! [E1] To look in vain and to leave a waker is one step, and so is to change the state and to take the waker: so no change is missed.
//! [E2] Under the lock wakers move and are compared, and no code of theirs runs: clones are made before, wakes and drops follow after.

use core::task::{Poll, Waker};

use crate::{
    const_new,
    lock::{Locked, RawLock},
};

/// See the [module](self). `W` is made of its [`Side`]s.
pub(crate) struct Hatch<S, W, L: RawLock>(Locked<(S, W), L>);

/// One side, and who waits there.
pub(crate) struct Side(Option<Waker>);

impl Side {
    /// At which nobody waits.
    pub(crate) const fn new() -> Self {
        Self(None)
    }
}

impl<S, W, L: RawLock> Hatch<S, W, L> {
    const_new! {
        /// A state with nobody waiting at these sides.
        pub(crate) fn new(state: S, sides: W) -> Self {
            Self(Locked::new_in((state, sides)))
        }
    }

    /// Lends the state to `f`, which calls nobody's code.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        self.0.with(|(state, _)| f(state))
    }

    /// Has `f` change the state. If it has, who waits at the side is told.
    pub(crate) fn change<R>(
        &self,
        tells: impl FnOnce(&mut W) -> &mut Side,
        f: impl FnOnce(&mut S) -> Option<R>,
    ) -> Option<R> {
        let (result, told) = self.0.with(|(state, sides)| {
            let result = f(state)?;
            Some((result, tells(sides).0.take()))
        })?;
        told.into_iter().for_each(Waker::wake);
        Some(result)
    }

    /// Has `f` look, and perhaps change the state: then who waits at the other side is told. If it answers nothing, `waker` waits at its side.
    pub(crate) fn look<R>(
        &self,
        waker: &Waker,
        waits: impl Fn(&mut W) -> &mut Side,
        tells: impl Fn(&mut W) -> Option<&mut Side>,
        mut f: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        let mut fresh = None;
        loop {
            let found = self.0.with(|(state, sides)| match f(state) {
                Some(result) => Ok((result, tells(sides).and_then(|side| side.0.take()))),
                None => Err(waits(sides).leave(waker, &mut fresh)),
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

impl Side {
    fn leave(&mut self, waker: &Waker, fresh: &mut Option<Waker>) -> Left {
        if self.0.as_ref().is_some_and(|held| held.will_wake(waker)) {
            return Left::Stays;
        }
        match fresh.take() {
            Some(fresh) => Left::Displaces(self.0.replace(fresh)),
            None => Left::Missing,
        }
    }
}
