//! A pipe carries values from those who write to those who read, in order, and pushes back on who writes too much.
//!
//! | file       | is                                                                      |
//! |------------|-------------------------------------------------------------------------|
//! | `buffer`   | where the values lie: in place                                          |
//! | `state`    | what a pipe knows, and each step that it takes under its lock           |
//! | `growing`  | a buffer in an allocation, and the pipe that has one                    |
//! | `pipe`     | the pipe: the steps, and who is woken after them                        |
//! | `watch`    | waiting for a condition of a pipe, without taking a value               |
//! | `reader`   | the side that reads                                                     |
//! | `writer`   | the side that writes                                                    |
//! | `ends`     | both sides counted: the last one to go closes its side                  |
//! | `turns`    | long loops let others run                                               |
//! | `held`     | values that were read, and are flushed only with what became of them    |
//! | `transfer` | from one pipe to another: transfer, map, filter and map                 |
//! | `fold`     | from a pipe to a function: fold, for each                               |
//! | `merge`    | sorted pipes into one that is sorted                                    |
//! | `interleave` | pipes into one, as values come                                        |
//! | `concat`   | pipes into one, one after the other                                     |
//! | `fork`     | a pipe into two                                                         |
//! | `body`     | a body that writes a pipe, or reads one, and whose end is that of the side |
//!
//! The rules are those of Async's `Pipe`; where they differ, the item says so.

mod body;
mod buffer;
mod concat;
#[cfg(feature = "alloc")]
mod ends;
mod fold;
mod fork;
#[cfg(feature = "alloc")]
mod growing;
mod held;
#[cfg(feature = "alloc")]
mod interleave;
mod merge;
#[expect(clippy::module_inception, reason = "the room is named after the noun")]
mod pipe;
mod reader;
mod state;
mod transfer;
mod turns;
mod watch;
mod writer;

pub use body::{OnFailure, consume, pour, produce, unfold};
pub use buffer::{Buffer, Fixed};
pub use concat::concat;
#[cfg(feature = "alloc")]
pub use ends::{ReadEnd, WriteEnd, channel, create_reader, create_writer};
pub use fold::{Flush, fold, for_each, for_each_or, try_for_each};
pub use fork::{Pushback, fork};
#[cfg(feature = "alloc")]
pub use growing::{Growing, GrowingPipe};
#[cfg(feature = "alloc")]
pub use interleave::{CloseOn, interleave, interleave_pipe};
pub use merge::merge;
pub use pipe::{FixedPipe, Pipe};
pub use reader::{Exactly, Read, Reader};
pub use transfer::{End, filter_map, map, transfer};
pub use writer::{Write, Writer};
