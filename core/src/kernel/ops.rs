//! Operators between values: `+ - * /` and `-` make a new value, `+= -= *= /=` change one in place, without a copy.
//!
//! | left          | right         | is                                                                    |
//! |---------------|---------------|-----------------------------------------------------------------------|
//! | `&Async<T>`   | `&Async<U>`   | `&T + &U`                                                             |
//! | `&Async<T>`   | a number      | `&T + number`                                                         |
//! | a number      | `&Async<N>`   | `number + &N`, of the same type                                       |
//! | `Async<T>`    | `&Async<U>`   | `T += &U`                                                             |
//! | `Async<T>`    | a number      | `T += number`                                                         |
//!
//! Each is a [small kernel](super::combine) of the current executor, enrolled where the operator stands: `map`, `combine`, `change` and
//! `change_with`, which have twins that are given an executor.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{context::MayShare, epoch::Async, kernel::outputs::KernelError, lock::RawLock};

macro_rules! between_values {
    ($($op:ident $call:ident, $assign:ident $change:ident;)+) => {$(
        impl<T, U, R, E, L> $op<&Async<U, E, L>> for &Async<T, E, L>
        where
            for<'a> &'a T: $op<&'a U, Output = R>,
            T: MayShare + 'static,
            U: MayShare + 'static,
            R: MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            type Output = Async<R, E, L>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, other: &Async<U, E, L>) -> Async<R, E, L> {
                self.combine(other, |one, two| one.$call(two))
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
    Add add, AddAssign add_assign;
    Sub sub, SubAssign sub_assign;
    Mul mul, MulAssign mul_assign;
    Div div, DivAssign div_assign;
}

impl<T, R, E, L> Neg for &Async<T, E, L>
where
    for<'a> &'a T: Neg<Output = R>,
    T: MayShare + 'static,
    R: MayShare + 'static,
    E: KernelError + MayShare,
    L: RawLock + MayShare,
{
    type Output = Async<R, E, L>;

    #[cfg_attr(feature = "dag", track_caller)]
    fn neg(self) -> Async<R, E, L> {
        self.map(|value| -value)
    }
}

macro_rules! with_number {
    ($number:ty: $($op:ident $call:ident, $assign:ident $change:ident;)+) => {$(
        impl<T, R, E, L> $op<$number> for &Async<T, E, L>
        where
            for<'a> &'a T: $op<$number, Output = R>,
            T: MayShare + 'static,
            R: MayShare + 'static,
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            type Output = Async<R, E, L>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, number: $number) -> Async<R, E, L> {
                self.map(move |value| value.$call(number))
            }
        }

        // Of the same type: of any, it would be sought in numbers of numbers of numbers.
        impl<E, L> $op<&Async<$number, E, L>> for $number
        where
            E: KernelError + MayShare,
            L: RawLock + MayShare,
        {
            type Output = Async<$number, E, L>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, value: &Async<$number, E, L>) -> Async<$number, E, L> {
                value.map(move |value| self.$call(value))
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
            Add add, AddAssign add_assign;
            Sub sub, SubAssign sub_assign;
            Mul mul, MulAssign mul_assign;
            Div div, DivAssign div_assign;
        }
    )+};
}

with_numbers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);
