//! The table of direct descriptors of a simulated ring: which socket is at each entry.
//!
//! | an entry is | an accept                                      | a close           |
//! |-------------|------------------------------------------------|-------------------|
//! | free        | takes the first                                | `-EBADF`          |
//! | taken       | finds none free: `-ENFILE`, and the connection is destroyed | frees it |

/// A ring's table of direct descriptors.
#[derive(Debug)]
pub(super) struct Files(Vec<Option<u64>>);

impl Files {
    /// One of `count` entries, all free.
    pub(super) fn new(count: u32) -> Self {
        Self(vec![None; count as usize])
    }

    /// Puts a socket at the first free entry: which that is.
    pub(super) fn put(&mut self, socket: u64) -> Option<u32> {
        let entry = self.0.iter().position(Option::is_none)?;
        self.0[entry] = Some(socket);
        Some(entry as u32)
    }

    /// The socket at `entry`.
    pub(super) fn find(&self, entry: usize) -> Option<u64> {
        self.0.get(entry).copied().flatten()
    }

    /// Frees `entry`: the socket that was there.
    pub(super) fn take(&mut self, entry: u32) -> Option<u64> {
        self.0.get_mut(entry as usize).and_then(Option::take)
    }

    /// Frees all entries: the sockets that were there.
    pub(super) fn clear(&mut self) -> Vec<u64> {
        self.0.iter_mut().filter_map(Option::take).collect()
    }
}
