//! A job is what a small kernel waits for, one place after the other, and what it does when it has been at all of them. Its task is the wait
//! alone, with one waiter.
//!
//! | job          | waits for               | then                                  | where one is missing                         |
//! |--------------|-------------------------|---------------------------------------|----------------------------------------------|
//! | [`Map`]      | its input               | computes its output                   | the output is                                |
//! | [`Combine`]  | both inputs             | computes its output                   | the output is; it does not wait on           |
//! | [`Change`]   | its turn                | changes the value                     | that stays so                                |
//! | [`ChangeBy`] | its input, its turn     | changes the value                     | the value is from now on; what it finds missing stays so |
//! | [`Add`]      | its addend, its turn    | adds to the sum, or is the sum        | cancelled, it adds nothing; failed, the sum is |
//!
//! \[J1] A job keeps the buffers of all its places until it is dropped, or does what it does.
//! \[J2] Dropped before, it cancels what it writes.

#![expect(
    unsafe_code,
    reason = "says that a job keeps its buffers, and looks at them when their time has come"
)]

use crate::{
    dag::Seat,
    epoch::{Enrolled, MutableBuffer, ReadBuffer, Spot, WriteBuffer},
    error::Missing,
    kernel::outputs::{KernelError, Outputs},
    lock::RawLock,
    task::catch,
};

/// What a small kernel waits for and does.
pub(super) trait Job: Enrolled<Output = ()> {
    /// The places that it was given.
    fn seats(&self) -> [Seat; 3];
}

/// Calls a function of the user's.
#[inline]
pub(super) fn call<R, E: KernelError>(f: impl FnOnce() -> R) -> Result<R, Missing<E>> {
    catch(f).map_err(|panic| Missing::Failed(panic.into()))
}

/// Writes `output`, or ends it as `computed` says.
#[inline]
fn finish<T, E, L>(mut output: WriteBuffer<T, E, L>, computed: Result<T, Missing<E>>)
where
    E: KernelError,
    L: RawLock,
{
    match computed {
        Ok(value) => match output.try_slot() {
            Some(mut slot) => drop(slot.set(value)),
            None => unreachable!("it is the first writer of a value that was made for it"),
        },
        Err(missing) => output.end(missing),
    }
}

/// Leaves the epoch of a value that was changed, or not.
#[inline]
fn leave<T, E, L>(target: MutableBuffer<T, E, L>, changed: Result<(), Missing<E>>)
where
    E: KernelError,
    L: RawLock,
{
    match changed {
        Ok(()) => target.keep(),
        Err(missing) => target.end(missing),
    }
}

/// A value from another.
pub(super) struct Map<T, R, E: 'static, L: RawLock, F> {
    pub(super) input: ReadBuffer<T, E, L>,
    pub(super) output: WriteBuffer<R, E, L>,
    pub(super) f: F,
}

// SAFETY: [J1].
unsafe impl<T, R, E, L, F> Enrolled for Map<T, R, E, L, F>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&T) -> R,
{
    type Error = E;
    type Lock = L;
    type Output = ();

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.input.spot()
    }

    #[inline]
    unsafe fn arrived(self) {
        let Self { input, output, f } = self;
        // SAFETY: its time has come (contract).
        let seen = unsafe { (&input).arrived() };
        let computed = seen.and_then(|value| call(|| f(value)));
        finish(output, computed);
    }
}

impl<T, R, E: KernelError, L: RawLock, F: FnOnce(&T) -> R> Job for Map<T, R, E, L, F> {
    #[inline]
    fn seats(&self) -> [Seat; 3] {
        [self.input.spot().seat, self.output.spot().seat, Seat::NONE]
    }
}

/// A value from two others.
pub(super) struct Combine<T, U, R, E: 'static, L: RawLock, F> {
    one: ReadBuffer<T, E, L>,
    two: ReadBuffer<U, E, L>,
    output: WriteBuffer<R, E, L>,
    /// Whether the first one is there.
    has_one: bool,
    f: F,
}

impl<T, U, R, E: 'static, L: RawLock, F> Combine<T, U, R, E, L, F> {
    #[inline]
    pub(super) fn new(
        one: ReadBuffer<T, E, L>,
        two: ReadBuffer<U, E, L>,
        output: WriteBuffer<R, E, L>,
        f: F,
    ) -> Self {
        Self { one, two, output, has_one: false, f }
    }
}

// SAFETY: [J1].
unsafe impl<T, U, R, E, L, F> Enrolled for Combine<T, U, R, E, L, F>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&T, &U) -> R,
{
    type Error = E;
    type Lock = L;
    type Output = ();

    const SEVERAL: bool = true;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        if self.has_one { self.two.spot() } else { self.one.spot() }
    }

    #[inline]
    unsafe fn next(&mut self) -> bool {
        if self.has_one {
            return false;
        }
        // SAFETY: its time has come (contract).
        self.has_one = unsafe { self.one.is_there() };
        self.has_one
    }

    #[inline]
    unsafe fn arrived(self) {
        let Self { one, two, output, has_one, f } = self;
        // SAFETY: its time has come (contract).
        let one = unsafe { (&one).arrived() };
        let computed = match one {
            Ok(value) if has_one => {
                // SAFETY: so it waited for this one too.
                let other = unsafe { (&two).arrived() };
                other.and_then(|other| call(|| f(value, other)))
            }
            Ok(_) => Err(Missing::Cancelled),
            Err(missing) => Err(missing),
        };
        finish(output, computed);
    }
}

impl<T, U, R, E, L, F> Job for Combine<T, U, R, E, L, F>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&T, &U) -> R,
{
    #[inline]
    fn seats(&self) -> [Seat; 3] {
        [self.one.spot().seat, self.two.spot().seat, self.output.spot().seat]
    }
}

/// A change in place.
pub(super) struct Change<T, E: 'static, L: RawLock, F> {
    pub(super) target: MutableBuffer<T, E, L>,
    pub(super) f: F,
}

// SAFETY: [J1].
unsafe impl<T, E, L, F> Enrolled for Change<T, E, L, F>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&mut T),
{
    type Error = E;
    type Lock = L;
    type Output = ();

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.target.spot()
    }

    #[inline]
    unsafe fn arrived(self) {
        let Self { mut target, f } = self;
        // SAFETY: its time has come (contract).
        let found = unsafe { (&mut target).arrived() };
        // Where there is no value, what it found stays.
        let changed = found.map_or(Ok(()), |value| call(|| f(value)));
        leave(target, changed);
    }
}

impl<T, E: KernelError, L: RawLock, F: FnOnce(&mut T)> Job for Change<T, E, L, F> {
    #[inline]
    fn seats(&self) -> [Seat; 3] {
        [self.target.spot().seat, Seat::NONE, Seat::NONE]
    }
}

/// A change in place by another value.
pub(super) struct ChangeBy<T, U, E: 'static, L: RawLock, F> {
    input: ReadBuffer<U, E, L>,
    target: MutableBuffer<T, E, L>,
    /// Whether it has been at its input.
    is_on: bool,
    f: F,
}

impl<T, U, E: 'static, L: RawLock, F> ChangeBy<T, U, E, L, F> {
    #[inline]
    pub(super) fn new(input: ReadBuffer<U, E, L>, target: MutableBuffer<T, E, L>, f: F) -> Self {
        Self { input, target, is_on: false, f }
    }
}

// SAFETY: [J1].
unsafe impl<T, U, E, L, F> Enrolled for ChangeBy<T, U, E, L, F>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&mut T, &U),
{
    type Error = E;
    type Lock = L;
    type Output = ();

    const SEVERAL: bool = true;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        if self.is_on { self.target.spot() } else { self.input.spot() }
    }

    #[inline]
    unsafe fn next(&mut self) -> bool {
        !core::mem::replace(&mut self.is_on, true)
    }

    #[inline]
    unsafe fn arrived(self) {
        let Self { input, mut target, f, .. } = self;
        // SAFETY: its time has come (contract).
        let found = unsafe { (&mut target).arrived() };
        // SAFETY: likewise.
        let changed = found.map_or(Ok(()), |value| match unsafe { (&input).arrived() } {
            Ok(input) => call(|| f(value, input)),
            Err(missing) => Err(missing),
        });
        leave(target, changed);
    }
}

impl<T, U, E, L, F> Job for ChangeBy<T, U, E, L, F>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&mut T, &U),
{
    #[inline]
    fn seats(&self) -> [Seat; 3] {
        [self.input.spot().seat, self.target.spot().seat, Seat::NONE]
    }
}

/// Adds what is read to a sum, as `add` does; where there is none it is what `first` makes of it.
pub(super) struct Add<T, E: 'static, L: RawLock, F, A> {
    addend: ReadBuffer<T, E, L>,
    sum: MutableBuffer<T, E, L>,
    /// Whether the addend is there.
    has_addend: bool,
    first: F,
    add: A,
}

impl<T, E: 'static, L: RawLock, F, A> Add<T, E, L, F, A> {
    #[inline]
    pub(super) fn new(
        addend: ReadBuffer<T, E, L>,
        sum: MutableBuffer<T, E, L>,
        first: F,
        add: A,
    ) -> Self {
        Self { addend, sum, has_addend: false, first, add }
    }
}

// SAFETY: [J1].
unsafe impl<T, E, L, F, A> Enrolled for Add<T, E, L, F, A>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&T) -> T,
    A: FnOnce(&mut T, &T),
{
    type Error = E;
    type Lock = L;
    type Output = ();

    const SEVERAL: bool = true;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        if self.has_addend { self.sum.spot() } else { self.addend.spot() }
    }

    #[inline]
    unsafe fn next(&mut self) -> bool {
        if self.has_addend {
            return false;
        }
        // SAFETY: its time has come (contract).
        self.has_addend = unsafe { self.addend.is_there() };
        self.has_addend
    }

    #[inline]
    unsafe fn arrived(self) {
        let Self { addend, mut sum, has_addend, first, add } = self;
        // SAFETY: its time has come (contract).
        match unsafe { (&addend).arrived() } {
            Ok(addend) if has_addend => {
                // SAFETY: so it waited for its turn too.
                let there = unsafe { sum.arrived_sum() };
                let added = call(|| there.add(addend, first, add));
                leave(sum, added);
            }
            Ok(_) | Err(Missing::Cancelled) => sum.keep(),
            Err(failed) => sum.end(failed),
        }
    }
}

impl<T, E, L, F, A> Job for Add<T, E, L, F, A>
where
    E: KernelError,
    L: RawLock,
    F: FnOnce(&T) -> T,
    A: FnOnce(&mut T, &T),
{
    #[inline]
    fn seats(&self) -> [Seat; 3] {
        [self.addend.spot().seat, self.sum.spot().seat, Seat::NONE]
    }
}
