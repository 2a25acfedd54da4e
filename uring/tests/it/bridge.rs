//! Threads beside the ring, and the end in order.

use std::{io::Write as _, sync::mpsc, thread};

use tidemill_sched::{
    bridge::{Handle, HandleError, OnExecutor, in_thread, wait},
    shutdown::Shutdown,
};
use tidemill_uring::runtime::current_worker;

use crate::{
    stage::{assert_same, pair, peer, run},
    write::{drain, narrow, stuff},
};

#[test]
fn what_was_written_is_flushed_before_the_end() {
    run(async {
        let shutdown = Shutdown::new();
        let (mut ours, theirs) = narrow().await;
        ours.both().1.set_limits(50_000, 100_000);
        let (says, said) = mpsc::channel();
        let (leave, left) = mpsc::channel();
        let reading = peer(move || {
            left.recv().expect("the shutdown has begun");
            drain(theirs)
        });
        let written = stuff(ours.both().1).await;
        let handler = async move {
            let (_, writer) = ours.both();
            says.send(writer.pending()).expect("somebody listens");
            leave.send(()).expect("the peer listens");
            writer.flushed().await?;
            says.send(writer.pending()).expect("somebody listens");
            Ok::<(), std::io::Error>(())
        };
        assert!(shutdown.at_shutdown(handler).is_ok());
        assert!(shutdown.shutdown(0).is_ok());
        let ended = shutdown.finished().await.expect("a clock");
        assert_eq!((ended.status, ended.forced), (0, false), "{:?}", ended.failures);
        let pending: Vec<_> = said.iter().collect();
        assert!(pending[0] > 0 && pending[1] == 0, "{pending:?}");
        assert_same(&reading.await, &written);
    });
}

#[test]
fn a_ring_worker_awaits_a_thread_and_a_thread_asks_a_ring_worker() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let there = in_thread(move || {
            theirs.write_all(b"from a thread").expect("written");
            thread::current().id()
        });
        let mut got = [0; 13];
        ours.both().0.read_exact(&mut got).await.expect("read");
        assert_eq!(&got, b"from a thread");
        assert_ne!(there.await.expect("no panic"), thread::current().id());
        assert_eq!(wait(async {}), Err(OnExecutor));
        let handle = Handle::current().expect("a ring worker has a Home");
        assert!(matches!(handle.run(|| ()), Err(HandleError::OnExecutor)));
        let asked = in_thread(move || {
            let worker = handle.run(current_worker)?.expect("it runs on a worker");
            handle.block_on(move || async move { (worker, current_worker().ok()) })
        });
        assert_eq!(asked.await.expect("no panic").expect("it is there"), (0, Some(0)));
    });
}
