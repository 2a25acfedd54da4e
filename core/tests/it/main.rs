//! Behaviour tests: one file per topic.

mod clock;
mod sleep;
mod wheel;
mod wheel_model;
