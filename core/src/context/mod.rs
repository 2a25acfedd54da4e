//! What a task carries with it: today the Home that it lives on, and its priority; its monitor and locals come to stand here.

mod current;
mod priority;

pub use current::{
    Here, HomeLock, HomeRef, HomeVTable, current, enter, is_current, leave, with_current,
};
pub use priority::Priority;
