//! Sets of threads: how many there are, when they go, and where none can be had.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
    thread,
    time::Duration,
};

use tidemill_sched::bridge::{JobError, Threads, in_thread, wait};

use crate::{
    board::Flag,
    in_thread::{gate, poll},
};

#[test]
fn there_are_as_many_threads_as_jobs_need_and_no_more_than_may_be() {
    let threads = Threads::builder().most(3).build();
    assert_eq!(threads.count(), 0, "none before the first job");
    let gates: Vec<_> = (0..5).map(|_| gate()).collect();
    let mut waits = Vec::new();
    for (n, (job, begun, leave)) in gates.into_iter().enumerate() {
        waits.push((threads.run(job), begun, leave));
        assert_eq!(threads.count(), (n + 1).min(3));
    }
    // Three run at a time: each says so before any has leave to end.
    for (_, begun, _) in &waits[..3] {
        begun.recv().unwrap();
    }
    assert!(waits[3].1.try_recv().is_err() && waits[4].1.try_recv().is_err());
    for (job, _, leave) in waits {
        drop(leave);
        wait(job).unwrap().unwrap();
    }
    assert_eq!(threads.count(), 3);
}

#[test]
fn two_jobs_that_come_at_once_do_not_wait_for_one_idle_thread() {
    for _ in 0..50 {
        let threads = Threads::builder().most(2).build();
        wait(threads.run(|| ())).unwrap().unwrap();
        while !format!("{threads:?}").contains("idle: 1") {
            thread::yield_now();
        }
        let (first, second) = (gate(), gate());
        let both = (threads.run(first.0), threads.run(second.0));
        first.1.recv().unwrap();
        second.1.recv().unwrap();
        drop((first.2, second.2));
        wait(both.0).unwrap().unwrap();
        wait(both.1).unwrap().unwrap();
    }
}

#[test]
fn an_idle_thread_takes_the_next_job_and_no_other_is_started() {
    let started = Arc::new(AtomicUsize::new(0));
    let counts = started.clone();
    let threads = Threads::builder()
        .start_with(move |name, work| {
            counts.fetch_add(1, SeqCst);
            thread::Builder::new().name(name).spawn(work).map(drop)
        })
        .build();
    wait(threads.run(|| ())).unwrap().unwrap();
    while !format!("{threads:?}").contains("idle: 1") {
        thread::yield_now();
    }
    for _ in 0..100 {
        wait(threads.run(|| ())).unwrap().unwrap();
        while !format!("{threads:?}").contains("idle: 1") {
            thread::yield_now();
        }
    }
    assert_eq!((started.load(SeqCst), threads.count()), (1, 1));
}

#[test]
fn a_thread_without_work_retires_after_its_time() {
    let (ends, ended) = mpsc::channel();
    let threads = Threads::builder()
        .idle(Duration::ZERO)
        .start_with(move |name, work| {
            let ends = ends.clone();
            let run = move || {
                work();
                ends.send(thread::current().name().map(String::from)).unwrap();
            };
            thread::Builder::new().name(name).spawn(run).map(drop)
        })
        .name("short")
        .build();
    for n in 1..=3 {
        wait(threads.run(|| ())).unwrap().unwrap();
        assert_eq!(ended.recv().unwrap(), Some(format!("short-{n}")));
        assert_eq!(threads.count(), 0);
    }
}

#[test]
fn jobs_in_line_are_closed_with_their_threads_and_those_that_wait_are_run() {
    for refuse in [false, true] {
        let threads = Threads::builder().most(1).waiting(1).build();
        let (first, begun, leave) = gate();
        let first = threads.run(first);
        begun.recv().unwrap();
        let queued = threads.run(|| "ran");
        let mut line = Box::pin(threads.run(|| "ran"));
        let flag = Arc::new(Flag::default());
        assert!(poll(line.as_mut(), &flag).is_pending());
        if refuse {
            threads.discard();
            assert!(matches!(wait(queued).unwrap(), Err(JobError::Closed)));
        } else {
            drop(threads);
            leave.send(()).unwrap();
            assert_eq!(wait(queued).unwrap().unwrap(), "ran");
        }
        flag.wait();
        assert!(matches!(poll(line.as_mut(), &flag), Poll::Ready(Err(JobError::Closed))));
        drop(leave);
        assert!(wait(first).unwrap().is_ok(), "what runs is run to its end");
    }
}

/// Threads of which the first so many can be started.
fn scarce(most: usize) -> Threads {
    let left = Mutex::new(most);
    Threads::builder()
        .waiting(5)
        .start_with(move |name, work| {
            let mut left = left.lock().unwrap();
            *left = left.checked_sub(1).ok_or(io::Error::from_raw_os_error(11))?;
            thread::Builder::new().name(name).spawn(work).map(drop)
        })
        .build()
}

#[test]
fn where_no_thread_can_be_started_and_none_is_there_the_error_says_so() {
    let none = scarce(0);
    // More of them than may wait: none of them does.
    for _ in 0..10 {
        let Err(JobError::NoThread(error)) = wait(none.run(|| ())).unwrap() else {
            panic!("nobody can have run it")
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "the system's own error");
        assert_eq!(none.count(), 0);
    }
    // A stack that no address space has room for: the standard library's way to start threads fails too.
    let huge = Threads::builder().stack_size(1 << 48).build();
    assert!(matches!(wait(huge.run(|| ())).unwrap(), Err(JobError::NoThread(_))));
}

#[test]
fn where_one_thread_is_there_it_runs_what_no_other_can_be_started_for() {
    let one = scarce(1);
    let (first, begun, leave) = gate();
    let first = one.run(first);
    begun.recv().unwrap();
    let others: Vec<_> = (0..5).map(|n| one.run(move || n)).collect();
    assert_eq!(one.count(), 1);
    drop(leave);
    wait(first).unwrap().unwrap();
    let all: Vec<_> = others.into_iter().map(|job| wait(job).unwrap().unwrap()).collect();
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

#[test]
fn a_start_that_never_runs_its_thread_or_panics_leaves_nobody_waiting() {
    let loses = Threads::builder().start_with(|_, _| Ok(())).build();
    assert!(matches!(wait(loses.run(|| ())).unwrap(), Err(JobError::NoThread(_))));
    let kept = Arc::new(Mutex::new(None));
    let keeps = kept.clone();
    let late = Threads::builder()
        .start_with(move |_, work| {
            *keeps.lock().unwrap() = Some(work);
            Ok(())
        })
        .build();
    let waits = late.run(|| ());
    drop(kept.lock().unwrap().take());
    assert!(matches!(wait(waits).unwrap(), Err(JobError::NoThread(_))));
    let panics = Threads::builder().start_with(|_, _| panic!("no more threads")).build();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panics.run(|| ())));
    assert!(panicked.is_err());
    assert_eq!(panics.count(), 0);
}

#[test]
fn the_threads_of_the_process_are_one_set_with_names() {
    assert!(std::ptr::eq(Threads::shared(), Threads::shared()));
    let name = || thread::current().name().map(String::from);
    let named = wait(in_thread(name)).unwrap().unwrap().unwrap();
    assert!(named.starts_with("blocking-"), "{named}");
}
