//! The outputs of a kernel are those buffers that fail with it, and are cancelled with it.
//!
//! | the kernel                   | an output that is not released yet                                      |
//! |------------------------------|-------------------------------------------------------------------------|
//! | ends well                    | is released: what was written stays, what was not is cancelled          |
//! | fails, or panics             | fails with the same error                                               |
//! | is cancelled, or dropped     | is cancelled, also if it has a value                                    |

use crate::{
    epoch::{EmplaceBuffer, EmplaceView, MutableBuffer, MutableView, WriteBuffer, WriteView},
    error::{Missing, NoContext, Panic},
    lock::RawLock,
};

/// What a kernel's outputs may fail with: an error that can stand for a panic, and for an executor that is not there.
/// [`Fault`](crate::error::Fault) is one.
pub trait KernelError: Clone + From<Panic> + From<NoContext> + Send + 'static {}

impl<E: Clone + From<Panic> + From<NoContext> + Send + 'static> KernelError for E {}

/// The outputs of a [kernel](crate::kernel::kernel): buffers that write; `None` for one that was taken out to be released early; tuples,
/// arrays and vectors of them. All fail with the same type.
pub trait Outputs {
    /// What they fail with.
    type Error: Clone;

    /// Ends them, whenever their turns come. What was written and not released is lost. It does not wait.
    fn end(self, missing: Missing<Self::Error>);
}

macro_rules! buffers {
    ($(($($part:ident)?) $buffer:ty),+ $(,)?) => {$(
        impl<T, $($part: ?Sized,)? E: Clone, L: RawLock> Outputs for $buffer {
            type Error = E;

            fn end(self, missing: Missing<E>) {
                match missing {
                    Missing::Cancelled => self.cancel(),
                    Missing::Failed(error) => self.fail(error),
                }
            }
        }
    )+};
}

buffers!(
    () WriteBuffer<T, E, L>,
    () MutableBuffer<T, E, L>,
    () EmplaceBuffer<T, E, L>,
    (U) MutableView<T, U, E, L>,
    (U) WriteView<T, U, E, L>,
    (U) EmplaceView<T, U, E, L>,
);

impl<O: Outputs> Outputs for Option<O> {
    type Error = O::Error;

    fn end(self, missing: Missing<O::Error>) {
        if let Some(output) = self {
            output.end(missing);
        }
    }
}

impl<O: Outputs, const N: usize> Outputs for [O; N] {
    type Error = O::Error;

    fn end(self, missing: Missing<O::Error>) {
        self.into_iter().for_each(|output| output.end(missing.clone()));
    }
}

#[cfg(feature = "alloc")]
impl<O: Outputs> Outputs for alloc::vec::Vec<O> {
    type Error = O::Error;

    fn end(self, missing: Missing<O::Error>) {
        self.into_iter().for_each(|output| output.end(missing.clone()));
    }
}

macro_rules! tuples {
    ($(($first:ident $($name:ident $at:tt)*))+) => {$(
        impl<$first: Outputs, $($name: Outputs<Error = $first::Error>),*> Outputs for ($first, $($name,)*) {
            type Error = $first::Error;

            fn end(self, missing: Missing<Self::Error>) {
                $(self.$at.end(missing.clone());)*
                self.0.end(missing);
            }
        }
    )+};
}

tuples!((A)(A B 1)(A B 1 C 2)(A B 1 C 2 D 3)(A B 1 C 2 D 3 F 4)(A B 1 C 2 D 3 F 4 G 5));

/// Outputs that are cancelled, unless they end in another way first.
pub(super) struct Ending<O: Outputs>(Option<O>);

impl<O: Outputs> Ending<O> {
    pub(super) fn new(outputs: O) -> Self {
        Self(Some(outputs))
    }

    pub(super) fn lend(&mut self) -> &mut O {
        self.0.as_mut().expect("they are there until they have ended")
    }

    /// Ends them as the kernel has ended.
    #[inline]
    pub(super) fn end(mut self, ended: &Result<(), Missing<O::Error>>) {
        let Some(outputs) = self.0.take() else { return };
        match ended {
            Ok(()) => drop(outputs),
            Err(missing) => outputs.end(missing.clone()),
        }
    }
}

impl<O: Outputs> Drop for Ending<O> {
    fn drop(&mut self) {
        if let Some(outputs) = self.0.take() {
            outputs.end(Missing::Cancelled);
        }
    }
}
