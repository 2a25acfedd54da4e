//! Kernels: tasks that compute values of epochs from others, and fail or are cancelled with what they read.
//!
//! | here                                  | is                                                                        |
//! |---------------------------------------|---------------------------------------------------------------------------|
//! | [`kernel`], [`kernel_on`]             | a task with its inputs and outputs, spawned in one call                   |
//! | [`compute`]                           | what they spawn, for an executor or a place of one's own                  |
//! | [`Outputs`]                           | what fails with a kernel                                                  |
//! | [`ReadBuffer::or_cancel`](crate::epoch::ReadBuffer::or_cancel) | reads, or ends the kernel there                  |
//! | [`Async::wait`](crate::epoch::Async::wait_on) | runs the executor until a value is there |
//! | [`ReverseValue::accumulate`](crate::epoch::ReverseValue::accumulate), `+=`, `-=` | kernels that add to a gradient |
//! | [`Async::inspect`](crate::epoch::Async::inspect) | a task that looks at a value                                  |
//! | [`Async::upon`](crate::epoch::Async::upon) | a function that sees a value when it comes, in no task of its own   |
//! | [`Async::map`](crate::epoch::Async::map) and its like, `+` and the other operators | small kernels                |
//!
//! Who reads a value when it comes takes the first of these that does:
//!
//! | way                          | is                                     | knows when it has run, and what came of it  |
//! |------------------------------|----------------------------------------|---------------------------------------------|
//! | `Async::upon`                | a function, beside others in one task  | nobody; its panic goes to a monitor         |
//! | `Async::map`                 | a function in a task                   | who reads the value that it makes           |
//! | `Async::inspect`             | a function in a task, with a handle    | who has the handle, which cancels it too    |
//! | a task that awaits a reader  | a future                               | as it likes; it may await more              |

#[cfg(feature = "alloc")]
mod combine;
mod exit;
#[cfg(feature = "alloc")]
mod inspect;
#[cfg(feature = "alloc")]
mod job;
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod kernel;
#[cfg(feature = "alloc")]
mod launch;
#[cfg(feature = "alloc")]
mod ops;
mod outputs;
#[cfg(feature = "alloc")]
mod reverse;
#[cfg(feature = "alloc")]
mod spread;
#[cfg(feature = "alloc")]
mod upon;
#[cfg(feature = "alloc")]
mod wait;

pub use kernel::compute;
#[cfg(feature = "std")]
pub use kernel::kernel;
#[cfg(feature = "alloc")]
pub use kernel::kernel_on;
pub use outputs::{KernelError, Outputs};
#[cfg(feature = "alloc")]
pub use wait::WaitError;
