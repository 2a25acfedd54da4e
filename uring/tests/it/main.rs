//! Behaviour tests against the real kernel: one file per topic. The other side of each connection is a plain `std::net` socket, so that what we
//! send and receive is judged by an independent peer.
//!
//! A number in a comment (`// io 30`) names the scenario that the test is.

mod accept;
mod answered;
mod bridge;
mod chaos;
mod chunks;
mod close;
mod connect;
mod cross;
mod dataflow;
mod echo;
mod everywhere;
mod flood;
mod flow;
mod forget;
mod held;
mod line;
mod place;
mod process;
mod quiet;
mod quota;
mod read;
mod refused;
mod runtime;
mod scarce;
mod setup;
mod signal;
mod sim_accept;
mod sim_drop;
mod sim_echo;
mod sim_quiet;
mod sim_scarce;
mod sim_slots;
mod sim_time;
mod slots;
mod stage;
mod steady;
mod strays;
mod timer;
mod wake;
mod workers;
mod write;
