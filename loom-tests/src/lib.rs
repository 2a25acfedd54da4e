//! One model per atomic protocol of Tidemill, and a canary that must fail.
