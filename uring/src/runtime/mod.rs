//! Workers put together: a runtime is one worker, or several, each a thread with its ring, its buffers, its timers and its tasks.
//!
//! Tasks stay on the worker that they were started on. [`spawn`] starts one beside the caller's, [`spawn_on`] on any worker. A runtime stays on the thread that made it; its
//! [`Handle`] goes anywhere.
//!
//! What fails and is awaited by somebody is that somebody's. An error that is not (the panic of a task whose handle was dropped, what was sent with `send_error`) goes up
//! the monitors of the context in which it happened; where none of them answers for it (`handle_errors`, `try_with`, `Monitor::detach`), it reaches the root monitor of the runtime, and ends
//! that in order: [`Runtime::run`] returns it. A task that is cancelled is no error.
//!
//! ```compile_fail,E0277
//! fn may_leave<T: Send>() {}
//! may_leave::<tidemill_uring::runtime::Runtime>();
//! ```
//! ```
//! fn may_leave<T: Send + Sync>() {}
//! may_leave::<tidemill_uring::runtime::Handle>();
//! ```

mod builder;
mod crew;
mod handle;
mod hooks;
mod mailbox;
mod parcel;
mod run_error;
#[expect(clippy::module_inception, reason = "the room is named after what it is for")]
mod runtime;
mod watch;
mod workers;

#[doc(hidden)]
pub use crate::ring::Way;
pub use crate::{engine::Setup, ring::Stats};
pub use builder::Builder;
pub use handle::{Handle, current_worker, spawn_on};
pub use parcel::RemoteHandle;
pub use run_error::RunError;
pub use runtime::{Runtime, spawn};
pub use workers::Workers;
