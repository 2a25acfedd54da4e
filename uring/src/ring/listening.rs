//! What a listener was given and nobody took yet: connections in the order of their arrival, and what ended the accept.

use std::{collections::VecDeque, os::fd::OwnedFd, task::Waker};

/// What a listener was given and nobody took yet.
#[derive(Default)]
pub(super) struct Listening {
    pub(super) ready: VecDeque<OwnedFd>,
    pub(super) waker: Option<Waker>,
    /// The errno that ended the accept.
    pub(super) error: Option<i32>,
}

impl Listening {
    /// Connections that wait here at the most before the accept is cancelled until they are taken; what one enter delivers comes on top.
    pub(super) const BOUND: usize = 1024;
}
