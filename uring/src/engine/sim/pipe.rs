//! A pipe is one direction of a connection: bytes on their way, as many as a socket holds.
//!
//! | state  | a write            | a read                        |
//! |--------|--------------------|-------------------------------|
//! | open   | as much as fits    | what is there, else waits     |
//! | ended  | `EPIPE`            | what is there, then the end   |
//! | gone   | `EPIPE`            | -                             |
//! | broken | `ECONNRESET`       | `ECONNRESET`                  |

use std::{collections::VecDeque, task::Waker};

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    ended: bool,
    gone: bool,
    broken: bool,
    /// The peer's task that waits for bytes.
    pub(super) reader: Option<Waker>,
    /// The peer's task that waits for room.
    pub(super) writer: Option<Waker>,
}

impl Pipe {
    /// A pipe for `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            capacity,
            ended: false,
            gone: false,
            broken: false,
            reader: None,
            writer: None,
        }
    }

    /// How many bytes it takes now.
    ///
    /// # Errors
    /// The errno of a write that cannot succeed any more.
    pub(super) fn room(&self) -> Result<usize, i32> {
        match self {
            _ if self.broken => Err(libc::ECONNRESET),
            _ if self.ended || self.gone => Err(libc::EPIPE),
            _ => Ok(self.capacity.saturating_sub(self.bytes.len())),
        }
    }

    /// Takes all of `bytes`, for which there is room.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// How many bytes are there; `None` while none are but some may come, zero at the end.
    ///
    /// # Errors
    /// The errno of a reset.
    pub(super) fn waiting(&self) -> Result<Option<usize>, i32> {
        if self.broken {
            return Err(libc::ECONNRESET);
        }
        let count = self.bytes.len();
        Ok((count > 0 || self.ended).then_some(count))
    }

    /// Its first `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        self.bytes.drain(..count).collect()
    }

    /// No more will be written.
    pub(super) fn end(&mut self) -> [Option<Waker>; 2] {
        self.ended = true;
        [self.reader.take(), self.writer.take()]
    }

    /// Nobody reads any more.
    pub(super) fn abandon(&mut self) -> [Option<Waker>; 2] {
        self.gone = true;
        self.bytes.clear();
        [self.reader.take(), self.writer.take()]
    }

    /// Both sides lose it, and what is in it.
    pub(super) fn tear(&mut self) -> [Option<Waker>; 2] {
        self.broken = true;
        self.bytes.clear();
        [self.reader.take(), self.writer.take()]
    }
}
