//! What comes of a handler.

use tidemill_core::error::Fault;

/// What comes of a handler: nothing, or a `Result` whose error is a [`Fault`] or becomes one.
pub trait Outcome: sealed::Sealed + 'static {
    /// What went wrong.
    #[doc(hidden)]
    fn failure(self) -> Option<Fault>;
}

mod sealed {
    /// Nobody else says what comes of a handler.
    pub trait Sealed {}
    impl Sealed for () {}
    impl<E> Sealed for Result<(), E> {}
}

impl Outcome for () {
    fn failure(self) -> Option<Fault> {
        None
    }
}

impl<E: Into<Fault> + 'static> Outcome for Result<(), E> {
    fn failure(self) -> Option<Fault> {
        self.err().map(Into::into)
    }
}
