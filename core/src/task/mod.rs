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
//! | `tag`    | what a wake touches of it, where that stands apart                              |
//! | `ready`  | the tasks that wait for their turn                                              |
//! | `ring`   | a memory for that, which touches none of them                                   |
//! | `reference` | a counted reference to a header, with which to wake, cancel and let go       |
//! | `tasks`  | the list of an executor's tasks, and their turns                                |
//! | `waker`  | a reference to a header that wakes                                              |
//! | `cell`   | the header and the future or output behind it                                   |
//! | `joining` | the handle's side of a task                                                    |
//! | `join`   | the handle                                                                      |
//! | `boxed`  | tasks in blocks of a free list                                                  |
//! | `place`  | of what memory in statics is made                                               |
//! | `placed` | tasks in statics                                                                |
//! | `bare`   | tasks without `alloc`: all are in statics, so nothing is counted                |
//! | `seat`   | what `placed` is, for those                                                     |
//! | `berth`  | where such a task is to run                                                     |
//! | `pooled` | tasks that any thread of a pool may run                                         |
//! | `roam`   | how what is `Send` gets there                                                   |
//! | `spawn`  | how a future gets to an executor                                                |
//! | `shelf`  | what a task without a handle shows                                              |
//! | `crowd`  | tasks that are woken together                                                   |
//! | `sleeper` | how a task comes to be that waits before it has had a turn                     |
//! | `root`   | the one future that an executor runs in its caller's frame                      |
//! | `yield_now` | a turn given up                                                              |
//!
//! Only the executor drops futures and outputs that nobody wants, on its thread, before a task counts as complete. Therefore what
//! the last reference frees, on whatever thread, is plain memory.

mod attributes;
#[cfg(not(feature = "alloc"))]
mod bare;
#[cfg(feature = "std")]
mod berth;
#[cfg(feature = "alloc")]
mod births;
#[cfg(feature = "alloc")]
mod boxed;
#[cfg(feature = "alloc")]
mod cell;
#[cfg(feature = "alloc")]
mod claim;
#[cfg(feature = "std")]
mod crowd;
mod deadlock;
mod drive;
#[cfg(feature = "std")]
mod handover;
#[cfg(feature = "alloc")]
mod header;
mod hook;
mod join;
#[cfg(feature = "alloc")]
mod joining;
#[cfg(feature = "alloc")]
mod own;
mod place;
#[cfg(feature = "alloc")]
mod placed;
#[cfg(feature = "std")]
mod pooled;
#[cfg(feature = "alloc")]
mod ready;
#[cfg(feature = "alloc")]
mod reference;
#[cfg(feature = "alloc")]
mod ring;
#[cfg(feature = "std")]
mod roam;
#[cfg(feature = "alloc")]
mod root;
#[cfg(not(feature = "alloc"))]
mod seat;
#[cfg(feature = "alloc")]
pub(crate) mod shelf;
#[cfg(not(feature = "std"))]
mod singly;
#[cfg(feature = "alloc")]
mod sleeper;
#[cfg(feature = "alloc")]
mod slot;
mod spawn;
#[cfg(feature = "alloc")]
mod state;
#[cfg(feature = "alloc")]
mod tag;
#[cfg(feature = "alloc")]
mod tasks;
#[cfg(feature = "alloc")]
mod turn;
mod unwind;
#[cfg(feature = "alloc")]
mod waker;
mod yield_now;

pub use crate::context::{Done, Priority, TaskInfo};
pub use attributes::{Attributes, Name};
#[cfg(not(feature = "alloc"))]
pub use bare::{Base, Cycle, Header, Rest, Root, adopt_here, wake_here};
#[cfg(not(feature = "alloc"))]
pub(crate) use bare::{Hatch, Latest, clone_waker, drop_clone};
#[cfg(feature = "std")]
pub use berth::{prefer_node, preferred_node};
#[cfg(feature = "alloc")]
pub use boxed::{size_of_task, spawn_in};
#[cfg(feature = "std")]
pub(crate) use crowd::Crowd;
pub use deadlock::Deadlock;
pub use drive::{Drive, Undone};
#[cfg(feature = "alloc")]
pub use header::{Header, Sent};
pub use hook::Hooks;
pub use join::{JoinHandle, Spawned};
pub use place::{Aligned, Alignment, PlaceName, TaskFn, Unnamed};
#[cfg(feature = "alloc")]
pub use placed::{TaskPlace, task_align, task_size};
#[cfg(feature = "std")]
pub use pooled::{PoolHead, Turned, spawn_pooled, task_info};
#[cfg(feature = "alloc")]
pub use ready::Ready;
#[cfg(feature = "alloc")]
pub use ring::Ring;
#[cfg(feature = "std")]
pub(crate) use roam::takes_send;
#[cfg(feature = "std")]
pub use roam::{roam, spawn_send, spawn_send_with};
#[cfg(feature = "alloc")]
pub use root::Root;
#[cfg(not(feature = "alloc"))]
pub use seat::{TaskPlace, task_align, task_size};
#[cfg(not(feature = "std"))]
pub(crate) use singly::Crowd;
#[cfg(feature = "std")]
pub(crate) use sleeper::spawn_small_send;
#[cfg(feature = "alloc")]
pub(crate) use sleeper::{Enrol, LieDown, Spent, spawn_enrolled, spawn_small};
#[cfg(feature = "alloc")]
pub use spawn::{spawn, spawn_with};
pub use spawn::{spawn_place, spawn_place_at};
#[cfg(feature = "alloc")]
pub use tasks::Tasks;
pub(crate) use unwind::catch;
#[cfg(feature = "alloc")]
pub(crate) use unwind::{discard, tell};
#[cfg(feature = "alloc")]
pub use waker::wake_here;
#[cfg(feature = "alloc")]
pub(crate) use waker::wake_later;
pub use yield_now::{YieldNow, yield_now};
