//! Connections: TCP today.

mod tcp;

pub use tcp::{ListenerBuilder, Share, TcpListener, TcpStream};
