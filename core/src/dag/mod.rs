//! Who depends on whom: values, their epochs and the tasks that use them, written down as they come and go, to be shown when something
//! hangs. With feature `dag`; without it nothing is written down, and what is called here is empty.
//!
//! | file                  | is                                                                    |
//! |-----------------------|-----------------------------------------------------------------------|
//! | `node`                | what is known of a node: its type, its place in the source, its label |
//! | `event`, `ring`       | what happened last: transitions of epochs, turns and wakes of tasks   |
//! | `table`, `fixed`      | records by key: all of them with `alloc`, else the first so many      |
//! | `thread`, `single`    | whose turn it is: on each thread with `std`, else one for all         |
//! | `record`              | what is written down of a value, an epoch, a task, a place            |
//! | `registry`            | all records of the process, under one short lock                      |
//! | `graph`               | a copy of the records, at one moment                                  |
//! | `diagnosis`           | what is wrong: missing writers, and tasks that wait in a circle       |
//! | `text`, `dot`         | the graph in words, and for Graphviz                                  |
//! | `value`, `seat`, `turn` | what a value, a place in its queue and a task carry, and tell the registry by |
//! | `absent`              | the same, without the feature: nothing                                |
//!
//! After uni20's `NodeInfo` and its task registry, whose words the dumps use.

#[cfg(not(feature = "dag"))]
mod absent;
#[cfg(feature = "dag")]
mod diagnosis;
#[cfg(feature = "dag")]
mod dot;
#[cfg(feature = "dag")]
mod event;
#[cfg(feature = "dag")]
mod graph;
#[cfg(feature = "dag")]
mod node;
#[cfg(feature = "dag")]
mod record;
#[cfg(feature = "dag")]
mod registry;
#[cfg(feature = "dag")]
mod ring;
#[cfg(feature = "dag")]
mod seat;
#[cfg(all(feature = "dag", feature = "alloc"))]
mod table;
#[cfg(all(feature = "dag", not(feature = "alloc")))]
#[path = "fixed.rs"]
mod table;
#[cfg(feature = "dag")]
mod text;
#[cfg(all(feature = "dag", feature = "std"))]
mod thread;
#[cfg(all(feature = "dag", not(feature = "std")))]
#[path = "single.rs"]
mod thread;
#[cfg(feature = "dag")]
mod turn;
#[cfg(feature = "dag")]
mod value;

#[cfg(not(feature = "dag"))]
pub(crate) use absent::{Content, Diagnosis, Seat, Site, Task, Value, Wait};
#[cfg(feature = "dag")]
pub use diagnosis::Diagnosis;
#[cfg(feature = "dag")]
pub use event::{Event, What};
#[cfg(feature = "dag")]
pub use graph::Graph;
#[cfg(feature = "dag")]
pub(crate) use node::Site;
#[cfg(feature = "dag")]
pub use node::{Kind, NodeInfo};
#[cfg(feature = "dag")]
pub use record::{Content, EpochRecord, Phase, Role, TaskRecord, TaskState, ValueRecord};
#[cfg(feature = "dag")]
pub use registry::{snapshot, trace};
#[cfg(feature = "dag")]
#[doc(hidden)]
pub use seat::Seat;
#[cfg(feature = "dag")]
pub(crate) use seat::Wait;
#[cfg(feature = "dag")]
pub use text::write_trace;
#[cfg(feature = "dag")]
pub(crate) use turn::Task;
#[cfg(feature = "dag")]
pub(crate) use value::Value;
