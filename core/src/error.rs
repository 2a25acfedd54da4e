//! What can go wrong in this crate. Each error hands back what it was given.
