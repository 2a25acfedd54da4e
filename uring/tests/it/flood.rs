//! A flood: x.
