//! Quotas: x.
