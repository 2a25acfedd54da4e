//! Tests of epochs among tasks: on one thread in every order, and on pools.
#![cfg(feature = "std")]

mod anywhere;
#[path = "../it/board.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod board;
mod crowds;
#[path = "../it/everywhere.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod everywhere;
mod gradients;
mod kernels;
mod life;
mod looks;
mod operators;
mod order;
mod sleepers;
mod upon;
mod upon_ends;
mod waits;
