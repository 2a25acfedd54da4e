//! What values, places and tasks carry where nothing is written down: nothing, and what it is told is no code.

use core::fmt;

const _: () = {
    assert!(size_of::<Value>() == 0 && size_of::<Seat>() == 0 && size_of::<Wait>() == 0);
    assert!(size_of::<Task>() == 0 && size_of::<Site>() == 0 && size_of::<Diagnosis>() == 0);
};

/// The place in the source from which a call came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site;

impl Site {
    #[inline(always)]
    pub(crate) const fn here() -> Self {
        Self
    }
}

/// What a value tells nobody.
#[derive(Debug)]
pub(crate) struct Value;

#[allow(clippy::unused_self, reason = "its twin uses it")]
impl Value {
    /// Whether anything is written down.
    pub(crate) const SHOWN: bool = false;

    #[inline(always)]
    pub(crate) const fn new(_type_name: fn() -> &'static str, _site: Site, _there: bool) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn label(&mut self, _label: &'static str) {}

    #[inline(always)]
    pub(crate) fn show(&mut self, _number: u64) {}

    #[inline(always)]
    pub(crate) fn open(&mut self, _number: u64, _site: Site) {}

    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn prepend(&mut self, _number: u64, _site: Site) {}

    #[inline(always)]
    pub(crate) fn writing(&mut self, _number: u64) {}

    #[inline(always)]
    pub(crate) fn ended(&mut self, _number: u64) {}

    #[inline(always)]
    pub(crate) fn reading(&mut self, _number: u64) {}

    #[inline(always)]
    pub(crate) fn front(&mut self, _number: u64) {}

    #[inline(always)]
    pub(crate) fn hold(&mut self, _content: Content) {}

    #[inline(always)]
    pub(crate) fn reader(&mut self, _number: u64) -> Seat {
        Seat
    }

    #[inline(always)]
    pub(crate) fn writer(&mut self, _number: u64) -> Seat {
        Seat
    }
}

/// What a value holds, which nobody asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// A value.
    Constructed,
    /// Nothing.
    Unconstructed,
    /// A failure.
    Invalid,
}

/// What a place in an epoch tells nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat;

impl Seat {
    /// That of nobody.
    #[cfg(feature = "alloc")]
    pub(crate) const NONE: Self = Self;

    #[inline(always)]
    pub(crate) fn arrives(self) {}

    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn give_to(self, _task: Task) {}

    #[inline(always)]
    pub(crate) fn leaves(self) {}
}

/// Nobody who waits.
#[derive(Debug)]
pub(crate) struct Wait;

impl Wait {
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn begin(&mut self, _seat: Seat) {}

    #[inline(always)]
    pub(crate) fn end(&mut self) {}
}

/// What a task tells nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task;

impl Task {
    /// The only one.
    pub(crate) const NONE: Self = Self;

    #[inline(always)]
    pub(crate) fn new(_type_name: &'static str, _address: usize, _site: Site) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn label(self, _label: Option<&'static str>) {}

    #[inline(always)]
    pub(crate) fn turn(self) -> Turn {
        Turn
    }

    #[inline(always)]
    pub(crate) fn wakes(self) {}

    #[inline(always)]
    pub(crate) fn ends(self) {}
}

/// A turn of a task, which nobody is told of.
#[derive(Debug)]
pub(crate) struct Turn;

impl Turn {
    #[inline(always)]
    pub(crate) fn over(self) {}
}

/// What is wrong among tasks: nothing that anybody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis;

impl Diagnosis {
    #[inline(always)]
    pub(crate) fn of(_tasks: impl Iterator<Item = Task>) -> Self {
        Self
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
