//! Operators between numbers in epochs, for either lock: they are written once for each in `core`, and nobody can say of a lock in general that it has them.

use tidemill_core::{
    epoch::ReverseValue,
    error::Fault,
    lock::{Lock, RawLock, Unlocked},
};

use crate::stage::Value;

/// A lock whose numbers have operators.
pub(crate) trait Numbers: RawLock {
    /// `*x += number`
    fn increase(x: &mut Value<u64, Self>, number: u64);

    /// `x + number`
    fn plus(x: &Value<u64, Self>, number: u64) -> Value<u64, Self>;

    /// `x + y`
    fn sum(x: &Value<u64, Self>, y: &Value<u64, Self>) -> Value<u64, Self>;

    /// `x * y`
    fn product(x: &Value<u64, Self>, y: &Value<u64, Self>) -> Value<u64, Self>;

    /// `*gradient += x`
    fn contribute(gradient: &mut ReverseValue<u64, Fault, Self>, x: &Value<u64, Self>);
}

macro_rules! numbers {
    ($($lock:ty)+) => {$(
        impl Numbers for $lock {
            fn increase(x: &mut Value<u64, Self>, number: u64) {
                *x += number;
            }

            fn plus(x: &Value<u64, Self>, number: u64) -> Value<u64, Self> {
                x + number
            }

            fn sum(x: &Value<u64, Self>, y: &Value<u64, Self>) -> Value<u64, Self> {
                x + y
            }

            fn product(x: &Value<u64, Self>, y: &Value<u64, Self>) -> Value<u64, Self> {
                x * y
            }

            fn contribute(gradient: &mut ReverseValue<u64, Fault, Self>, x: &Value<u64, Self>) {
                *gradient += x;
            }
        }
    )+};
}

numbers! { Lock Unlocked }
