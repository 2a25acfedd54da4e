//! Tasks without `alloc`: each stands in a static, and so does its Home, so nothing is counted, and nothing freed.
//!
//! | file      | is                                                                        |
//! |-----------|---------------------------------------------------------------------------|
//! | `header`  | what is the same for every task, and what becomes of it                   |
//! | `queue`   | who is ready, and whether somebody is to be rung for the first            |
//! | `base`    | what a Home knows of its tasks                                            |
//! | `places`  | who lives                                                                 |
//! | `ends`    | how a task counts as ended                                                |
//! | `waker`   | the address of a header, which wakes                                      |
//! | `cell`    | the future or output of a task, and what is done with it                  |
//! | `guest`   | who waits for something                                                   |
//! | `hatch`   | a state, and who waits for a change of it                                 |
//! | `latest`  | the latest value, and who waits for it                                    |
//! | `joining` | the handle's side                                                         |
//! | `turns`   | turns, and ends                                                           |
//! | `round`   | a cycle without its park: what is due, and turns                          |
//! | `root`    | the one future that an executor runs in its caller's frame                |

mod base;
mod cell;
mod ends;
mod guest;
mod hatch;
mod header;
mod joining;
mod latest;
mod places;
mod queue;
mod root;
mod round;
mod turns;
mod waker;

pub use base::Base;
pub(super) use cell::{Body, Of, Place};
pub(crate) use hatch::Hatch;
pub use header::Header;
pub(super) use header::Task;
pub(crate) use joining::Joining;
pub(crate) use latest::Latest;
pub use root::Root;
pub use round::Rest;
pub(super) use turns::adopt;
pub(super) use turns::start;
pub use turns::{Cycle, adopt_here};
pub use waker::wake_here;
pub(super) use waker::wake_later;
pub(crate) use waker::{clone_waker, drop_clone};
