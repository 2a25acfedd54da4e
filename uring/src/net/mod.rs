//! Connections: TCP today.

mod tcp;

pub use tcp::{TcpListener, TcpStream};
