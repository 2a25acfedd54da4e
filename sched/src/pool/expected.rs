//! Something outside of the pool will still bring something: while that is so, who waits in the pool waits for it.

/// Something is expected, until this is dropped.
#[must_use = "nothing is expected any more when this is dropped"]
pub(crate) struct Expected;

/// Says that something outside of the pool will still bring something.
pub(crate) fn expected() -> Expected {
    Expected
}

impl Drop for Expected {
    fn drop(&mut self) {}
}
