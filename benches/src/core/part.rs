//! A part of what is done to a chain of changes of one value.

/// Which part of a chain is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its tasks are made.
    Build,
    /// They run.
    Run,
    /// Both.
    Whole,
    /// Both, for one task after the other.
    Step,
}
