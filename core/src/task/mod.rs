//! A task is a future that an executor has taken over: with a state, wakers, a handle, and a place in memory.
//!
//! | file     | is                                                                              |
//! |----------|---------------------------------------------------------------------------------|
//! | `state`  | the one word on which executor, wakers and handle agree                         |
//! | `claim`  | what the handle does with it                                                    |
//! | `own`    | the home thread's half of the state                                             |
//! | `handover` | the turns of a task that any thread may take                                  |
//! | `turn`   | what is done with a task in its turn                                            |
//! | `slot`   | where the handle leaves its waker                                               |
//! | `attributes` | priority and name                                                            |
//! | `deadlock` | tasks that wait for what never comes                                        |
//! | `drive`  | an executor that runs while somebody waits                                      |
//! | `births` | how many there were                                                             |
//! | `hook`   | what a platform brings to an executor                                           |
//! | `unwind` | what becomes of a panic                                                         |
//! | `header` | what is the same for every task                                                 |
//! | `ready`  | the tasks that wait for their turn                                              |
//! | `ring`   | a memory for that, which touches none of them                                   |
//! | `reference` | a counted reference to a header, with which to wake, cancel and let go       |
//! | `tasks`  | the list of an executor's tasks, and their turns                                |
//! | `waker`  | a reference to a header that wakes                                              |
//! | `cell`   | the header and the future or output behind it                                   |
//! | `joining` | the handle's side of a task                                                    |
//! | `join`   | the handle                                                                      |
//! | `boxed`  | tasks in blocks of a free list                                                  |
//! | `place`  | tasks in statics                                                                |
//! | `berth`  | where such a task is to run                                                     |
//! | `pooled` | tasks that any thread of a pool may run                                         |
//! | `roam`   | how what is `Send` gets there                                                   |
//! | `spawn`  | how a future gets to an executor                                                |
//! | `sleeper` | how a task comes to be that waits before it has had a turn                     |
//! | `root`   | the one future that an executor runs in its caller's frame                      |
//! | `yield_now` | a turn given up                                                              |
//!
//! Only the executor drops futures and outputs that nobody wants, on its thread, before a task counts as complete. Therefore what
//! the last reference frees, on whatever thread, is plain memory.

mod attributes;
#[cfg(feature = "std")]
mod berth;
#[cfg(feature = "alloc")]
mod births;
#[cfg(feature = "alloc")]
mod boxed;
mod cell;
mod claim;
mod deadlock;
mod drive;
#[cfg(feature = "std")]
mod handover;
mod header;
mod hook;
mod join;
mod joining;
mod own;
mod place;
#[cfg(feature = "std")]
mod pooled;
mod ready;
mod reference;
mod ring;
#[cfg(feature = "std")]
mod roam;
mod root;
#[cfg(feature = "alloc")]
mod sleeper;
mod slot;
mod spawn;
mod state;
mod tasks;
mod turn;
mod unwind;
mod waker;
mod yield_now;

pub use crate::context::{Done, Priority, TaskInfo};
pub use attributes::{Attributes, Name};
#[cfg(feature = "std")]
pub use berth::{prefer_node, preferred_node};
#[cfg(feature = "alloc")]
pub use boxed::{size_of_task, spawn_in};
pub use deadlock::Deadlock;
pub use drive::{Drive, Undone};
pub use header::{Header, Sent};
pub use hook::Hooks;
pub use join::{JoinHandle, Spawned};
pub use place::{Aligned, Alignment, PlaceName, TaskFn, TaskPlace, Unnamed, task_align, task_size};
#[cfg(feature = "std")]
pub use pooled::{PoolHead, Turned, spawn_pooled, task_info};
pub use ready::Ready;
pub use ring::Ring;
#[cfg(feature = "std")]
pub(crate) use roam::takes_send;
#[cfg(feature = "std")]
pub use roam::{roam, spawn_send, spawn_send_with};
pub use root::Root;
#[cfg(feature = "std")]
pub(crate) use sleeper::spawn_small_send;
#[cfg(feature = "alloc")]
pub(crate) use sleeper::{spawn_asleep, spawn_small};
#[cfg(feature = "alloc")]
pub use spawn::{spawn, spawn_with};
pub use spawn::{spawn_place, spawn_place_at};
pub use tasks::Tasks;
pub(crate) use unwind::catch;
pub use waker::wake_here;
pub use yield_now::{YieldNow, yield_now};
