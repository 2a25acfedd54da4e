//! Bytes in order: a reader, a writer, and the copy from one to the other.

mod flow;
mod gathered;
mod reader;
mod writer;

pub use flow::{Copy, Flow};
pub use reader::Reader;
pub use writer::{Closed, Writer};
