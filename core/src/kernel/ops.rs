//! Operators between values: `+ - * /` and `-` make a new value, `+= -= *= /=` change one in place, without a copy.
//!
//! | left          | right         | is                                                                    |
//! |---------------|---------------|-----------------------------------------------------------------------|
//! | `&Async<T>`   | `&Async<U>`   | `&T + &U`                                                             |
//! | `&Async<T>`   | a number      | `&T + number`                                                         |
//! | a number      | `&Async<T>`   | `number + &T`                                                         |
//! | `Async<T>`    | `&Async<U>`   | `T += &U`                                                             |
//! | `Async<T>`    | a number      | `T += number`                                                         |
//!
//! Each is a [small kernel](super::combine) of the current executor, enrolled where the operator stands: `map`, `combine`, `change` and
//! `change_with`, which have twins that are given an executor.
//!
//! What the operators of references are is asked through traits of values: asked directly, for a type that is not known yet, the compiler
//! would go through values of values of values.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{context::MayShare, epoch::Async, kernel::outputs::KernelError, lock::RawLock};

macro_rules! between_values {
    ($($op:ident $call:ident $of:ident $left:ident, $assign:ident $change:ident;)+) => {$(
        /// What has this operator between its references and those of another.
        #[doc(hidden)]
        pub trait $of<U> {
            /// What it makes.
            type Output;

            /// Applies it.
            fn of(&self, other: &U) -> Self::Output;
        }

        impl<T, U, R> $of<U> for T
        where
            for<'a> &'a T: $op<&'a U, Output = R>,
        {
            type Output = R;

            fn of(&self, other: &U) -> R {
                self.$call(other)
            }
        }

        /// What has this operator between a number and its references.
        #[doc(hidden)]
        pub trait $left<N> {
            /// What it makes.
            type Output;

            /// Applies it.
            fn of(&self, number: N) -> Self::Output;
        }

        impl<T, N, R> $left<N> for T
        where
            N: for<'a> $op<&'a T, Output = R>,
        {
            type Output = R;

            fn of(&self, number: N) -> R {
                number.$call(self)
            }
        }

        impl<T, U, E, L> $op<&Async<U, E, L>> for &Async<T, E, L>
        where
            T: $of<U, Output: MayShare + 'static> + MayShare + 'static,
            U: MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            type Output = Async<T::Output, E, L>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, other: &Async<U, E, L>) -> Self::Output {
                self.combine(other, $of::of)
            }
        }

        impl<T, U, E, L> $assign<&Async<U, E, L>> for Async<T, E, L>
        where
            T: for<'a> $assign<&'a U> + MayShare + 'static,
            U: MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            #[cfg_attr(feature = "dag", track_caller)]
            fn $change(&mut self, other: &Async<U, E, L>) {
                self.change_with(other, |one, two| one.$change(two));
            }
        }
    )+};
}

between_values! {
    Add add AddOf AddLeft, AddAssign add_assign;
    Sub sub SubOf SubLeft, SubAssign sub_assign;
    Mul mul MulOf MulLeft, MulAssign mul_assign;
    Div div DivOf DivLeft, DivAssign div_assign;
}

/// What has a negative of its references.
#[doc(hidden)]
pub trait NegOf {
    /// What that is.
    type Output;

    /// The negative.
    fn of(&self) -> Self::Output;
}

impl<T, R> NegOf for T
where
    for<'a> &'a T: Neg<Output = R>,
{
    type Output = R;

    fn of(&self) -> R {
        -self
    }
}

impl<T, E, L> Neg for &Async<T, E, L>
where
    T: NegOf<Output: MayShare + 'static> + MayShare + 'static,
    E: KernelError + MayShare,
    L: RawLock + MayShare,
{
    type Output = Async<T::Output, E, L>;

    #[cfg_attr(feature = "dag", track_caller)]
    fn neg(self) -> Self::Output {
        self.map(NegOf::of)
    }
}

macro_rules! with_number {
    ($number:ty: $($op:ident $call:ident $of:ident $left:ident, $assign:ident $change:ident;)+) => {$(
        impl<T, E, L> $op<$number> for &Async<T, E, L>
        where
            T: $of<$number, Output: MayShare + 'static> + MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            type Output = Async<T::Output, E, L>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, number: $number) -> Self::Output {
                self.map(move |value| value.of(&number))
            }
        }

        impl<T, E, L> $op<&Async<T, E, L>> for $number
        where
            T: $left<$number, Output: MayShare + 'static> + MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            type Output = Async<T::Output, E, L>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, value: &Async<T, E, L>) -> Self::Output {
                value.map(move |value| value.of(self))
            }
        }

        impl<T, E, L> $assign<$number> for Async<T, E, L>
        where
            T: $assign<$number> + MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            #[inline]
            #[cfg_attr(feature = "dag", track_caller)]
            fn $change(&mut self, number: $number) {
                self.change(move |value| value.$change(number));
            }
        }
    )+};
}

macro_rules! with_numbers {
    ($($number:ty)+) => {$(
        with_number! {
            $number:
            Add add AddOf AddLeft, AddAssign add_assign;
            Sub sub SubOf SubLeft, SubAssign sub_assign;
            Mul mul MulOf MulLeft, MulAssign mul_assign;
            Div div DivOf DivLeft, DivAssign div_assign;
        }
    )+};
}

with_numbers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);
