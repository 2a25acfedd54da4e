//! An io_uring-native runtime: listener, reader, writer, copy and timers over one ring per worker.
