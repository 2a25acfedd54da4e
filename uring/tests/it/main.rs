//! Behaviour tests: one file per topic.
