//! A variable is a value and its gradient: what is computed with it forwards writes down what flows back.
//!
//! | step                       | forwards                        | backwards                                               |
//! |----------------------------|---------------------------------|---------------------------------------------------------|
//! | `y` is made of `x`         | a kernel computes the value     | a kernel is to add what `y` hands to the gradient of `x` |
//! | `y` is seeded              |                                 | its gradient is complete, and flows                     |
//! | `y` is dropped             |                                 | what it got so far flows; nothing, where it got nothing |
//! | `x` is asked               | the value                       | its gradient is complete, and waited for                |
//!
//! So a branch that nobody uses is never computed backwards.

use std::{
    cell::RefCell,
    ops::{Add, AddAssign, Mul, Neg, Sub},
    rc::Rc,
};

use tidemill_core::{
    epoch::{Async, ReadGuard, ReverseValue},
    error::Fault,
    kernel::WaitError,
    task::Drive,
};

/// A value with its gradient. Clones are the same variable.
pub struct Var<T>(Rc<Parts<T>>);

struct Parts<T> {
    value: Async<T>,
    /// Until it is complete.
    gradient: RefCell<Option<ReverseValue<T>>>,
}

impl<T> Clone for Var<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: for<'a> AddAssign<&'a T> + Send + Sync + 'static> Var<T> {
    /// A variable that is known.
    pub fn new(value: T) -> Self {
        Self::of(Async::ready(value))
    }

    /// A variable that is computed, or written, elsewhere.
    pub fn of(value: Async<T>) -> Self {
        Self(Rc::new(Parts { value, gradient: RefCell::new(Some(ReverseValue::new())) }))
    }

    /// Its value.
    pub fn value(&self) -> &Async<T> {
        &self.0.value
    }

    /// Has its gradient begin with `seed`: that of what is differentiated is one.
    ///
    /// # Panics
    /// If it is complete.
    pub fn seed(&self, seed: T) {
        let gradient = self.0.gradient.take().expect("it is seeded once, before it is asked");
        drop(gradient.seed(seed));
    }

    /// Completes its gradient, and waits for it. What was made of this variable is seeded, or dropped, before.
    ///
    /// # Errors
    /// It has none, since nothing of what was made of it is used, or it has failed, or does not come.
    ///
    /// # Panics
    /// If it is complete.
    pub fn gradient_on(&self, drive: &impl Drive) -> Result<ReadGuard<T>, WaitError<Fault>> {
        let gradient = self.0.gradient.take().expect("it is asked once");
        gradient.wait_on(drive)
    }

    /// Has what flows back from `y` be added here, as `pull` makes it of that and of the value of `by`.
    fn pull<U: Send + Sync + 'static, V: Send + Sync + 'static>(
        &self,
        y: &Var<U>,
        by: &Var<V>,
        pull: impl FnOnce(&U, &V) -> T + Send + 'static,
    ) {
        let flows = y.0.gradient.borrow().as_ref().expect("it is new").read();
        let by = by.0.value.read();
        let mut gradient = self.0.gradient.borrow_mut();
        let gradient =
            gradient.as_mut().expect("it is complete: nothing can be made of it any more");
        let piece = async move {
            let flows = flows.get().await?;
            Ok(pull(flows, by.get().await?))
        };
        gradient.accumulate_send(piece, |sum, piece| *sum += &piece);
    }

    /// What `f` makes of it, where `pull` makes what flows back here of what flows back there and of this value.
    pub fn map<U: for<'a> AddAssign<&'a U> + Send + Sync + 'static>(
        &self,
        f: impl FnOnce(&T) -> U + Send + 'static,
        pull: impl FnOnce(&U, &T) -> T + Send + 'static,
    ) -> Var<U> {
        let y = Var::of(self.0.value.map_send(f));
        self.pull(&y, self, pull);
        y
    }

    /// What `f` makes of it and `other`; `pulls` make what flows back here, and there, of what flows back and of the value of the other one.
    pub fn combine<U: for<'a> AddAssign<&'a U> + Send + Sync + 'static>(
        &self,
        other: &Self,
        f: impl FnOnce(&T, &T) -> U + Send + 'static,
        pulls: (
            impl FnOnce(&U, &T) -> T + Send + 'static,
            impl FnOnce(&U, &T) -> T + Send + 'static,
        ),
    ) -> Var<U> {
        let y = Var::of(self.0.value.combine_send(&other.0.value, f));
        self.pull(&y, other, pulls.0);
        other.pull(&y, self, pulls.1);
        y
    }
}

impl Var<f64> {
    /// Its sine.
    pub fn sin(&self) -> Self {
        self.map(|x| x.sin(), |flows, x| flows * x.cos())
    }

    /// Its cosine.
    pub fn cos(&self) -> Self {
        self.map(|x| x.cos(), |flows, x| -flows * x.sin())
    }
}

impl Add for &Var<f64> {
    type Output = Var<f64>;

    fn add(self, other: Self) -> Var<f64> {
        self.combine(other, |x, y| x + y, (|flows, _| *flows, |flows, _| *flows))
    }
}

impl Sub for &Var<f64> {
    type Output = Var<f64>;

    fn sub(self, other: Self) -> Var<f64> {
        self.combine(other, |x, y| x - y, (|flows, _| *flows, |flows, _| -flows))
    }
}

impl Mul for &Var<f64> {
    type Output = Var<f64>;

    fn mul(self, other: Self) -> Var<f64> {
        self.combine(other, |x, y| x * y, (|flows, y| flows * y, |flows, x| flows * x))
    }
}

impl Neg for &Var<f64> {
    type Output = Var<f64>;

    fn neg(self) -> Var<f64> {
        self.map(|x| -x, |flows, _| -flows)
    }
}

impl Add<f64> for &Var<f64> {
    type Output = Var<f64>;

    fn add(self, number: f64) -> Var<f64> {
        self.map(move |x| x + number, |flows, _| *flows)
    }
}

impl Mul<f64> for &Var<f64> {
    type Output = Var<f64>;

    fn mul(self, number: f64) -> Var<f64> {
        self.map(move |x| x * number, move |flows, _| flows * number)
    }
}
