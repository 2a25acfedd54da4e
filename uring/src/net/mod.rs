//! Connections: TCP today.
//!
//! A listener and a stream stay on the worker that made them; what goes to another is how to make one there ([`spawn_on`](crate::runtime::spawn_on)).
//! ```compile_fail,E0277
//! fn may_leave<T: Send>() {}
//! may_leave::<tidemill_uring::net::TcpListener>();
//! ```
//! ```compile_fail,E0277
//! fn may_leave<T: Send>() {}
//! may_leave::<tidemill_uring::net::TcpStream>();
//! ```
//! The address to listen on may go:
//! ```
//! fn may_leave<T: Send>() {}
//! may_leave::<tidemill_uring::net::Share>();
//! ```

mod tcp;

pub use tcp::{ListenerBuilder, Share, TcpListener, TcpStream};
