//! What a task carries with it: today the Home that it lives on; its monitor, priority and locals come to stand here.

mod current;

pub use current::{
    Here, HomeLock, HomeRef, HomeVTable, current, enter, is_current, leave, with_current,
};
