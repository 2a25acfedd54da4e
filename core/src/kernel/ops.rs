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
//! Each is a small kernel, enrolled where the operator stands. Of values that have a lock it is [spread](super::spread): over the threads of a pool where
//! one is entered, so what they hold is `Send + Sync`. Of [values](crate::local) without a lock it is one of the [current executor](super::combine).
//!
//! What the operators of references are is asked through traits of values: asked directly, for a type that is not known yet, the compiler
//! would go through values of values of values.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

#[cfg(feature = "std")]
use crate::{context::MayShare, lock::Unlocked};
use crate::{context::Shares, epoch::Async, kernel::outputs::KernelError, lock::Lock};

/// Each operator between two values: its trait, what asks for it between references, and for a number on the left, and its assigning form.
macro_rules! for_binary {
    ($go:ident! $given:tt) => {
        $go! {
            $given
            Add add AddOf AddLeft, AddAssign add_assign;
            Sub sub SubOf SubLeft, SubAssign sub_assign;
            Mul mul MulOf MulLeft, MulAssign mul_assign;
            Div div DivOf DivLeft, DivAssign div_assign;
        }
    };
}

macro_rules! asked {
    (() $($op:ident $call:ident $of:ident $left:ident, $assign:ident $change:ident;)+) => {$(
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
    )+};
}

for_binary!(asked!());

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

/// Operators between values with one kind of lock: which, what they and their errors are, and the small kernels.
macro_rules! between_values {
    (($lock:ident $share:ident $map:ident $combine:ident $change:ident $change_with:ident)
     $($op:ident $call:ident $of:ident $left:ident, $assign:ident $changes:ident;)+) => {
        $(
            impl<T, U, E> $op<&Async<U, E, $lock>> for &Async<T, E, $lock>
            where
                T: $of<U, Output: $share + 'static> + $share + 'static,
                U: $share + 'static,
                E: KernelError + $share,
            {
                type Output = Async<T::Output, E, $lock>;

                #[cfg_attr(feature = "dag", track_caller)]
                fn $call(self, other: &Async<U, E, $lock>) -> Self::Output {
                    self.$combine(other, $of::of)
                }
            }

            impl<T, U, E> $assign<&Async<U, E, $lock>> for Async<T, E, $lock>
            where
                T: for<'a> $assign<&'a U> + $share + 'static,
                U: $share + 'static,
                E: KernelError + $share,
            {
                #[cfg_attr(feature = "dag", track_caller)]
                fn $changes(&mut self, other: &Async<U, E, $lock>) {
                    self.$change_with(other, |one, two| one.$changes(two));
                }
            }
        )+

        impl<T, E> Neg for &Async<T, E, $lock>
        where
            T: NegOf<Output: $share + 'static> + $share + 'static,
            E: KernelError + $share,
        {
            type Output = Async<T::Output, E, $lock>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn neg(self) -> Self::Output {
                self.$map(NegOf::of)
            }
        }
    };
}

/// Operators between values with one kind of lock and a number: as above, and the number's type.
macro_rules! with_number {
    (($lock:ident $share:ident $map:ident $combine:ident $change:ident $change_with:ident $number:ty)
     $($op:ident $call:ident $of:ident $left:ident, $assign:ident $changes:ident;)+) => {$(
        impl<T, E> $op<$number> for &Async<T, E, $lock>
        where
            T: $of<$number, Output: $share + 'static> + $share + 'static,
            E: KernelError + $share,
        {
            type Output = Async<T::Output, E, $lock>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, number: $number) -> Self::Output {
                self.$map(move |value| value.of(&number))
            }
        }

        impl<T, E> $op<&Async<T, E, $lock>> for $number
        where
            T: $left<$number, Output: $share + 'static> + $share + 'static,
            E: KernelError + $share,
        {
            type Output = Async<T::Output, E, $lock>;

            #[cfg_attr(feature = "dag", track_caller)]
            fn $call(self, value: &Async<T, E, $lock>) -> Self::Output {
                value.$map(move |value| value.of(self))
            }
        }

        impl<T, E> $assign<$number> for Async<T, E, $lock>
        where
            T: $assign<$number> + $share + 'static,
            E: KernelError + $share,
        {
            #[inline]
            #[cfg_attr(feature = "dag", track_caller)]
            fn $changes(&mut self, number: $number) {
                self.$change(move |value| value.$changes(number));
            }
        }
    )+};
}

macro_rules! of_values {
    ($lock:ident $share:ident $map:ident $combine:ident $change:ident $change_with:ident: $($number:ty)+) => {
        for_binary!(between_values! ($lock $share $map $combine $change $change_with));
        $(for_binary!(with_number! ($lock $share $map $combine $change $change_with $number));)+
    };
}

of_values!(
    Lock Shares map_send combine_send change_send change_send_with:
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64
);
#[cfg(feature = "std")]
of_values!(
    Unlocked MayShare map combine change change_with:
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64
);
