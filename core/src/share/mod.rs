//! What tasks share: values that are passed on, taken in turn, or waited for together.

pub mod pipe;
