//! Bytes in order: a reader, a writer, and the copy from one to the other.
//!
//! All of them stay on the worker of their connection.
//! ```compile_fail,E0277
//! fn may_leave<T: Send>() {}
//! may_leave::<tidemill_uring::io::Reader>();
//! ```
//! ```compile_fail,E0277
//! fn may_leave<T: Send>() {}
//! may_leave::<tidemill_uring::io::Writer>();
//! ```
//! So do futures that hold one, or bytes that one lent:
//! ```compile_fail,E0277
//! fn may_leave<T: Send>(_: T) {}
//! fn of(reader: &'static mut tidemill_uring::io::Reader) {
//!     may_leave(async move { reader.fill().await.map(|bytes| bytes.len()) });
//! }
//! ```

mod chunk;
mod flow;
mod gathered;
mod reader;
mod writer;

pub use chunk::{Chunk, Chunks};
pub use flow::{Copy, Flow};
pub use reader::Reader;
pub use writer::{Closed, Writer};
