//! Closures on system threads: who runs them, in what order, and what becomes of those that nobody wants.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
    time::Duration,
};

use tidemill_core::{context, context::Monitor};
use tidemill_sched::{
    Local,
    bridge::{InThread, JobError, Threads, in_thread, in_thread_named, wait},
    spawn,
};

use crate::board::{Board, Flag, Log, Says, yield_now};

/// A job that says that it has begun, and waits for leave to end.
fn gate() -> (impl FnOnce() + Send + 'static, Receiver<()>, Sender<()>) {
    let (begins, begun) = mpsc::channel();
    let (leave, left) = mpsc::channel();
    let job = move || {
        begins.send(()).unwrap();
        // An error is leave too.
        let _ = left.recv();
    };
    (job, begun, leave)
}

fn poll<T: 'static>(job: Pin<&mut InThread<T>>, flag: &Arc<Flag>) -> Poll<Result<T, JobError>> {
    job.poll(&mut Context::from_waker(&Waker::from(flag.clone())))
}

/// Tells on which thread it is dropped.
struct Tells(Sender<ThreadId>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

#[test]
fn a_task_awaits_what_a_thread_returns_while_others_have_their_turns() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (job, begun, leave) = gate();
    let (here, there) = local.run_with(
        pin!(async {
            let other = spawn(async move {
                // In vain if the executor were blocked.
                leave.send(()).unwrap();
            });
            let there = in_thread(move || {
                job();
                thread::current().id()
            });
            other.unwrap().await.unwrap();
            (thread::current().id(), there.await.unwrap())
        }),
        &mut board.bell(),
    );
    assert_ne!(here, there);
    assert!(begun.try_recv().is_ok());
}

#[test]
fn a_panic_reaches_who_awaits_it_and_the_thread_goes_on() {
    let threads = Threads::builder().most(1).build();
    let panicked = wait(threads.run(|| -> u32 { panic!("the disk is gone") })).unwrap();
    let Err(JobError::Panicked(panic)) = panicked else { panic!("it must have panicked") };
    assert_eq!(panic.to_string(), "the disk is gone");
    assert_eq!(wait(threads.run(|| 7)).unwrap().unwrap(), 7);
    assert_eq!(threads.count(), 1);
}

#[test]
fn jobs_begin_in_the_order_of_the_calls_whoever_is_polled_first() {
    let threads = Threads::builder().most(1).build();
    let log = Log::default();
    let jobs: Vec<_> = (0..20)
        .map(|n| {
            let log = log.clone();
            threads.run(move || log.say(n.to_string()))
        })
        .collect();
    for job in jobs.into_iter().rev() {
        wait(job).unwrap().unwrap();
    }
    let inorder: Vec<_> = (0..20).map(|n: u32| n.to_string()).collect();
    assert_eq!(log.take(), inorder);
}

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
fn a_job_that_is_dropped_before_it_begins_is_dropped_there_and_never_runs() {
    let threads = Threads::builder().most(1).waiting(1).build();
    let (first, begun, leave) = gate();
    let first = threads.run(first);
    begun.recv().unwrap();
    let (log, ran) = (Log::default(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..3 {
        let (says, runs) = (Says(log.clone(), "dropped"), ran.clone());
        let job = threads.run(move || {
            runs.fetch_add(1, SeqCst);
            drop(says);
        });
        assert!(log.take().is_empty());
        drop(job);
        assert_eq!(log.take(), ["dropped"], "on this thread, at once");
        assert!(format!("{threads:?}").contains("waiting: 0"), "and its seat is free again");
    }
    let runs = ran.clone();
    let last = threads.run(move || runs.fetch_add(10, SeqCst));
    assert!(format!("{threads:?}").contains("waiting: 1"), "{threads:?}");
    drop(leave);
    wait(first).unwrap().unwrap();
    wait(last).unwrap().unwrap();
    assert_eq!(ran.load(SeqCst), 10);
}

#[test]
fn a_job_that_is_dropped_while_it_runs_ends_and_its_value_is_dropped_on_its_thread() {
    let threads = Threads::builder().most(1).build();
    let (job, begun, leave) = gate();
    let (tells, told) = mpsc::channel();
    let (runs, ran) = mpsc::channel();
    let job = threads.run(move || {
        job();
        runs.send(thread::current().id()).unwrap();
        Tells(tells)
    });
    begun.recv().unwrap();
    drop(job);
    assert!(ran.try_recv().is_err());
    drop(leave);
    let there = ran.recv().unwrap();
    assert_ne!(there, thread::current().id());
    assert_eq!(told.recv().unwrap(), there);
}

#[test]
fn a_panic_that_nobody_awaits_goes_to_the_monitor_of_who_asked() {
    let threads = Threads::builder().most(1).build();
    let monitor = Monitor::top();
    let context = context::Context::root().with_monitor(monitor.clone());
    let (job, begun, leave) = gate();
    let unheard = context.run(|| {
        threads.run(move || {
            job();
            panic!("unheard");
        })
    });
    begun.recv().unwrap();
    drop::<InThread<()>>(unheard);
    drop(leave);
    // The one thread has got to the next job, so it is done with that one.
    wait(threads.run(|| ())).unwrap().unwrap();
    assert_eq!(monitor.failed().unwrap().to_string(), "the job panicked: unheard");
}

#[test]
fn a_value_whose_drop_panics_on_the_thread_costs_no_thread() {
    struct Panics(Sender<()>);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
            panic!("in its drop");
        }
    }
    let threads = Threads::builder().most(1).build();
    let monitor = Monitor::top();
    let context = context::Context::root().with_monitor(monitor.clone());
    let ((job, begun, leave), (says, said)) = (gate(), mpsc::channel());
    let unwanted = context.run(|| {
        threads.run(move || {
            job();
            Panics(says)
        })
    });
    begun.recv().unwrap();
    drop(unwanted);
    drop(leave);
    said.recv().unwrap();
    assert_eq!(wait(threads.run(|| 1)).unwrap().unwrap(), 1);
    assert_eq!(monitor.failed().unwrap().to_string(), "the job panicked: in its drop");
}

#[test]
fn who_brings_more_than_may_wait_waits_in_line_and_blocks_nobody() {
    let threads = Threads::builder().most(1).waiting(1).build();
    let log = Log::default();
    let says = |word: &'static str| {
        let log = log.clone();
        move || log.say(word)
    };
    let (first, begun, leave) = gate();
    let first = threads.run(first);
    begun.recv().unwrap();
    let queued = threads.run(says("queued"));
    let flag = Arc::new(Flag::default());
    let mut lost = Box::pin(threads.run(says("lost")));
    let mut third = Box::pin(threads.run(says("third")));
    let mut fourth = Box::pin(threads.run(says("fourth")));
    assert!(poll(lost.as_mut(), &flag).is_pending());
    assert!(poll(third.as_mut(), &flag).is_pending());
    assert!(poll(fourth.as_mut(), &flag).is_pending());
    assert!(format!("{threads:?}").contains("waiting: 1"), "the rest is in line: {threads:?}");
    drop(lost);
    drop(leave);
    wait(first).unwrap().unwrap();
    wait(queued).unwrap().unwrap();
    wait(third).unwrap().unwrap();
    wait(fourth).unwrap().unwrap();
    assert_eq!(log.take(), ["queued", "third", "fourth"]);
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

#[cfg(target_os = "linux")]
#[test]
fn the_system_calls_a_thread_by_the_name_of_its_job_meanwhile() {
    let comm = || std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    let threads = Threads::builder().most(1).name("plain").build();
    // The second is longer than there is room for, and a letter of two bytes stands where it ends.
    let names: Vec<_> = [Some("resolve"), Some("fourteen bytesé"), None]
        .map(|name| match name {
            Some(name) => wait(threads.run_named(name, comm)).unwrap().unwrap(),
            None => wait(threads.run(comm)).unwrap().unwrap(),
        })
        .into();
    assert_eq!(names, ["resolve\n", "fourteen bytes\n", "plain-1\n"]);
    assert_eq!(wait(in_thread_named("dns", comm)).unwrap().unwrap(), "dns\n");
}

#[test]
fn many_tasks_have_many_jobs_and_some_are_called_off() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let threads = Arc::new(Threads::builder().most(4).waiting(8).idle(Duration::ZERO).build());
    let ran = Arc::new(AtomicUsize::new(0));
    let done = RefCell::new(0);
    local.run_with(
        pin!(async {
            let mut tasks = Vec::new();
            for index in 0..64_usize {
                let (threads, ran) = (threads.clone(), ran.clone());
                tasks.push(
                    spawn(async move {
                        let mut sum = 0;
                        for round in 0..20 {
                            let ran = ran.clone();
                            let mut job = pin!(threads.run(move || ran.fetch_add(1, SeqCst)));
                            if (index + round) % 5 == 0 {
                                // It is polled once, and dropped.
                                poll_fn(|cx| Poll::Ready(job.as_mut().poll(cx).is_ready())).await;
                                yield_now().await;
                                continue;
                            }
                            job.await.unwrap();
                            sum += 1;
                        }
                        sum
                    })
                    .unwrap(),
                );
            }
            for task in tasks {
                *done.borrow_mut() += task.await.unwrap();
            }
        }),
        &mut board.bell(),
    );
    let done = done.take();
    assert_eq!(done, 64 * 16);
    assert!((done..=64 * 20).contains(&ran.load(SeqCst)));
}
