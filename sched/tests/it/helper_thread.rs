//! One thread, one job after the other.

use std::{
    cell::RefCell,
    sync::mpsc::{self, Sender},
    thread,
};

use tidemill_sched::{
    bridge::{HelperThread, JobError, wait},
    pool::Topology,
};

use crate::board::Log;

/// Tells when its thread ends.
struct Ends(Sender<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

thread_local!(static ENDS: RefCell<Option<Ends>> = const { RefCell::new(None) });

// async 154
#[test]
fn a_helper_runs_all_jobs_on_one_thread_in_the_order_of_the_calls() {
    let helper = HelperThread::builder().name("printer").waiting(200).start().unwrap();
    let log = Log::default();
    let jobs: Vec<_> = (0..100)
        .map(|n: u32| {
            let log = log.clone();
            helper.run(move || {
                log.say(n.to_string());
                (thread::current().id(), thread::current().name().map(String::from))
            })
        })
        .collect();
    let ids: Vec<_> = jobs.into_iter().map(|job| wait(job).unwrap().unwrap()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(ids[0].1.as_deref(), Some("printer"));
    assert_ne!(ids[0].0, thread::current().id());
    assert_eq!(log.take(), (0..100).map(|n: u32| n.to_string()).collect::<Vec<_>>());
}

// async 154
#[test]
fn a_helper_that_is_dropped_runs_what_waits_and_its_thread_ends() {
    let helper = HelperThread::new().unwrap();
    let ((ends, ended), (leave, left)) = (mpsc::channel(), mpsc::channel());
    let first = helper.run(move || {
        ENDS.set(Some(Ends(ends)));
        left.recv().unwrap();
    });
    let second = helper.run(|| "second");
    drop(helper);
    assert!(ended.try_recv().is_err());
    leave.send(()).unwrap();
    wait(first).unwrap().unwrap();
    assert_eq!(wait(second).unwrap().unwrap(), "second");
    ended.recv().unwrap();
}

#[test]
fn a_helper_that_is_discarded_drops_what_waits_and_its_thread_ends() {
    let helper = HelperThread::new().unwrap();
    let ((ends, ended), (leave, left)) = (mpsc::channel(), mpsc::channel());
    let (begins, begun) = mpsc::channel();
    let first = helper.run(move || {
        ENDS.set(Some(Ends(ends)));
        begins.send(()).unwrap();
        left.recv().unwrap();
        "first"
    });
    begun.recv().unwrap();
    let second = helper.run(|| "second");
    helper.discard();
    assert!(matches!(wait(second).unwrap(), Err(JobError::Closed)), "while the first one runs");
    leave.send(()).unwrap();
    assert_eq!(wait(first).unwrap().unwrap(), "first");
    ended.recv().unwrap();
}

#[test]
fn an_idle_helper_ends_when_it_is_dropped() {
    let helper = HelperThread::new().unwrap();
    let (ends, ended) = mpsc::channel();
    wait(helper.run(move || ENDS.set(Some(Ends(ends))))).unwrap().unwrap();
    while !format!("{helper:?}").contains("idle: 1") {
        thread::yield_now();
    }
    drop(helper);
    ended.recv().unwrap();
}

#[test]
fn a_helper_goes_on_after_a_panic() {
    let helper = HelperThread::new().unwrap();
    let id = || thread::current().id();
    let before = wait(helper.run(id)).unwrap().unwrap();
    let panicked = wait(helper.run_named("panics", || panic!("stuck"))).unwrap();
    assert!(matches!(panicked, Err::<(), _>(JobError::Panicked(_))));
    assert_eq!(wait(helper.run(id)).unwrap().unwrap(), before);
}

#[test]
fn a_helper_is_pinned_where_it_is_asked_to_be_or_not_started() {
    let topology = Topology::detect().unwrap();
    let place = topology.cpus().last().unwrap();
    let helper = HelperThread::builder().pin(&topology, place).start().unwrap();
    let allowed = wait(helper.run(|| std::fs::read_to_string("/proc/thread-self/status")));
    let status = allowed.unwrap().unwrap().unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    assert_eq!(list.trim(), place.cpu.to_string());
    let mut nowhere = place;
    nowhere.cpu = 1_000_000;
    assert!(HelperThread::builder().pin(&topology, nowhere).start().is_err());
}
