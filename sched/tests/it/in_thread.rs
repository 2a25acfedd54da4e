//! Closures on system threads: who runs them, in what order, and what becomes of those that nobody wants.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
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
pub(crate) fn gate() -> (impl FnOnce() + Send + 'static, Receiver<()>, Sender<()>) {
    let (begins, begun) = mpsc::channel();
    let (leave, left) = mpsc::channel();
    let job = move || {
        begins.send(()).unwrap();
        // An error is leave too.
        let _ = left.recv();
    };
    (job, begun, leave)
}

pub(crate) fn poll<T: 'static>(
    job: Pin<&mut InThread<T>>,
    flag: &Arc<Flag>,
) -> Poll<Result<T, JobError>> {
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
