//! A ring that is refused: by a filter, by limits. What is told names the cause and the remedy.

use std::{io, process::Command};

use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use tidemill_uring::{
    error::{Cause, RingError},
    runtime::{Builder, Runtime, Way},
};

use crate::{
    process::example,
    stage::{Hoard, alone, descriptors},
};

/// From now on this thread, and what it starts, gets `errno` for `call`.
fn deny(call: i64, errno: i32) {
    let filter = SeccompFilter::new(
        [(call, vec![])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        std::env::consts::ARCH.try_into().expect("a known processor"),
    );
    let program: BpfProgram = filter.expect("rules").try_into().expect("a program");
    apply_filter(&program).expect("a process may deny itself");
}

/// Why there is no runtime.
fn refused() -> (io::ErrorKind, RingError) {
    refused_to(Runtime::builder())
}

/// [`refused`], for a runtime of `builder`.
fn refused_to(builder: Builder) -> (io::ErrorKind, RingError) {
    let error = builder.build().expect_err("refused");
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<RingError>());
    let inner = inner.expect("the cause is named").clone();
    assert_eq!(error.to_string(), inner.to_string());
    (error.kind(), inner)
}

/// What a program that cannot have a ring says.
fn complaint(mut program: Command) -> String {
    let output = program.args(["--listen", "127.0.0.1:0"]).output().expect("run");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

// io 40
#[test]
fn a_filter_that_answers_eperm_is_named_with_its_remedy() {
    alone("refused::a_filter_that_answers_eperm_is_named_with_its_remedy", || {
        deny(libc::SYS_io_uring_setup, libc::EPERM);
        let (kind, error) = refused();
        assert_eq!(kind, io::ErrorKind::PermissionDenied);
        assert_eq!((error.call(), error.errno()), ("io_uring_setup", libc::EPERM));
        assert!(error.causes().contains(&Cause::Seccomp { known: true }), "{error}");
        let said = complaint(example("echo"));
        assert!(said.starts_with("echo: no io_uring here: io_uring_setup answered"), "{said}");
        for word in ["Operation not permitted", "seccomp", "allow io_uring_setup", "profile"] {
            assert!(said.contains(word), "{word} in {said}");
        }
    });
}

// io 40
#[test]
fn a_filter_that_answers_enosys_is_named_with_its_remedy() {
    alone("refused::a_filter_that_answers_enosys_is_named_with_its_remedy", || {
        deny(libc::SYS_io_uring_setup, libc::ENOSYS);
        let (kind, error) = refused();
        assert_eq!(kind, io::ErrorKind::Unsupported);
        assert!(error.causes().contains(&Cause::Seccomp { known: true }), "{error}");
        let has_sysctl = std::fs::exists("/proc/sys/kernel/io_uring_disabled").expect("seen");
        assert_eq!(error.causes().contains(&Cause::Absent), !has_sysctl, "{error}");
        let said = complaint(example("echo"));
        for word in ["not implemented", "seccomp", "allow io_uring_setup", "profile"] {
            assert!(said.contains(word), "{word} in {said}");
        }
    });
}

#[test]
fn a_filter_on_entering_or_registering_shows_when_the_runtime_is_made() {
    alone("refused::a_filter_on_entering_or_registering_shows_when_the_runtime_is_made", || {
        let before = descriptors();
        for (number, name) in [
            (libc::SYS_io_uring_enter, "io_uring_enter"),
            (libc::SYS_io_uring_register, "io_uring_register"),
        ] {
            deny(number, libc::EPERM);
            let (kind, error) = refused();
            assert_eq!((kind, error.call()), (io::ErrorKind::PermissionDenied, name));
            assert!(error.to_string().contains(name), "{error}");
        }
        // The first refusal unregistered its ring; the second had none to unregister.
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_limit_of_descriptors_is_named_and_nothing_is_left_open() {
    alone("refused::a_limit_of_descriptors_is_named_and_nothing_is_left_open", || {
        let mut hoard = Hoard::new();
        // None for the ring; one, and none for the doorbell.
        for spare in [0, 1] {
            hoard.take(spare);
            let (_, error) = refused_to(Runtime::builder().doorbell(Way::Eventfd));
            assert_eq!(error.errno(), libc::EMFILE);
            assert_eq!(error.causes(), [Cause::Descriptors(Some(64))]);
            assert!(error.to_string().contains("as it may, 64 (raise ulimit -n"), "{error}");
        }
        drop(hoard);
        Runtime::new().expect("there is room again");
    });
}

#[test]
fn a_limit_of_locked_memory_is_named_where_the_kernel_counts_rings() {
    alone("refused::a_limit_of_locked_memory_is_named_where_the_kernel_counts_rings", || {
        use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        setrlimit(Resource::Memlock, none).expect("a lower limit is allowed");
        let mut sets = capabilities(None).expect("a process has its own");
        sets.effective -= CapabilitySet::IPC_LOCK;
        set_capabilities(None, sets).expect("fewer are allowed");
        // Not every kernel above the floor counts rings.
        if Runtime::new().is_err() {
            let (kind, error) = refused();
            assert_eq!(kind, io::ErrorKind::OutOfMemory);
            assert_eq!(error.causes(), [Cause::LockedMemory(0), Cause::Memory]);
            assert!(error.to_string().contains("either this user may lock 0 bytes"), "{error}");
        }
    });
}
