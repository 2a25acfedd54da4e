//! Between system threads and tasks.
//!
//! | file            | from, to                                                                          |
//! |-----------------|-----------------------------------------------------------------------------------|
//! | `in_thread`     | a task has a closure that blocks run on a thread, and awaits what it returns      |
//! | `threads`       | the threads that do: a bounded set, which grows on demand                         |
//! | `helper_thread` | one thread, which runs such closures in order                                     |
//! | `handle`        | a thread has something done on an executor, and waits for it or not               |
//! | `wait`          | a thread waits for a future that needs no executor of its own                     |
//! | `ivar`, `pipe`  | a thread reads a value that comes once, reads a pipe, writes one                  |
//! | `nano`          | a mutex for both                                                                  |
//!
//! What waits here on a thread is an error at once inside of an executor's turn, and never a deadlock: there one awaits.

mod errand;
mod error;
mod handle;
mod helper_thread;
mod in_thread;
mod ivar;
mod job;
mod mail;
mod nano;
mod pipe;
mod set;
mod threads;
mod wait;

pub use error::{
    BlockedWrite, HandleError, JobError, OnExecutor, PostError, ReadError, Relocked, TryLockError,
    WaitError,
};
pub use handle::Handle;
pub use helper_thread::{HelperThread, HelperThreadBuilder};
pub use in_thread::InThread;
pub use ivar::{read, read_timeout};
#[doc(hidden)]
pub use job::{Job, Packet};
pub use nano::{NanoGuard, NanoMutex};
pub use pipe::{BlockingReader, BlockingWriter};
pub use threads::{Threads, ThreadsBuilder, in_thread, in_thread_named};
pub use wait::{wait, wait_timeout};
