//! Workers put together: a runtime is one worker, or several, each a thread with its ring, its buffers, its timers and its tasks.
//!
//! Tasks stay on the worker that they were started on. [`spawn`] starts one beside the caller's, [`spawn_on`] on any worker. A runtime stays on the thread that made it; its
//! [`Handle`] goes anywhere.
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
#[expect(clippy::module_inception, reason = "the room is named after what it is for")]
mod runtime;
mod workers;

#[doc(hidden)]
pub use crate::ring::Way;
pub use crate::{engine::Setup, ring::Stats};
pub use builder::Builder;
pub use handle::{Handle, current_worker, spawn_on};
pub use parcel::RemoteHandle;
pub use runtime::{Runtime, spawn};
pub use workers::Workers;
