//! How a ring is set up: what it has, what it refuses, and other ways to use it.

use std::{
    io::{Read, Write},
    time::Duration,
};

use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    runtime::{Builder, Runtime, spawn},
};

use crate::stage::{
    Play, Random, alone, assert_same, bytes, converse, descriptors, pair, peer, run_on, stats,
};

/// An echo, a long transfer and a timer, on a runtime that `builder` makes.
fn serves(builder: Builder) {
    run_on(builder, async {
        let (mut stream, mut theirs) = pair().await;
        let echo = spawn(async move {
            let (reader, writer) = stream.both();
            Flow::copy(reader, writer).await.expect("the peer behaves")
        })
        .expect("inside a runtime");
        let mut random = Random::new(3);
        let theirs = peer(move || {
            for round in 0..200 {
                let message = bytes(round, 1 + random.below(4000));
                theirs.write_all(&message).expect("written");
                let mut back = vec![0; message.len()];
                theirs.read_exact(&mut back).expect("echoed");
                assert_same(&back, &message);
            }
            theirs
        })
        .await;
        after(Duration::from_millis(2)).await.expect("inside a runtime");
        converse(theirs, 4, 1 << 20).await;
        assert!(echo.await.expect("not cancelled") > 1 << 20);
    });
}

#[test]
fn a_ring_tells_in_a_line_what_it_has() {
    let runtime = Runtime::new().expect("a runtime");
    let setup = runtime.setup();
    let line = setup.to_string();
    for flag in ["SINGLE_ISSUER", "DEFER_TASKRUN", "TASKRUN_FLAG", "SUBMIT_ALL", "R_DISABLED"] {
        assert!(setup.flags().any(|name| name == flag), "{flag} in {line}");
        assert!(line.contains(flag), "{line}");
    }
    assert!(setup.features().any(|name| name == "CQE_SKIP"), "{line}");
    assert!((setup.submissions(), setup.completions()) == (256, 4096), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn rings_made_one_after_the_other_are_registered_and_leave_nothing() {
    alone("setup::rings_made_one_after_the_other_are_registered_and_leave_nothing", || {
        let registered =
            |runtime: &Runtime| runtime.setup().features().any(|name| name == "registered ring");
        let before = descriptors();
        // A thread may have 16 registered at a time.
        for _ in 0..20 {
            let runtime = Runtime::new().expect("a runtime");
            assert!(registered(&runtime), "Linux 5.18 has it");
        }
        assert_eq!(descriptors(), before);
        // Those beyond do without.
        let many: Vec<_> = (0..17).map(|_| Runtime::new().expect("a runtime")).collect();
        assert_eq!(many.iter().filter(|runtime| registered(runtime)).count(), 16);
        let last = many.last().expect("seventeen");
        last.play(async { after(Duration::from_millis(1)).await.expect("it runs") });
    });
}

#[test]
fn a_restricted_ring_serves_all_the_same() {
    serves(Runtime::builder().restrict(true));
}

#[test]
fn a_restricted_ring_serves_direct_descriptors() {
    serves(Runtime::builder().restrict(true).direct_descriptors(8));
}

#[test]
fn sends_that_answer_serve_all_the_same() {
    serves(Runtime::builder().quiet_sends(false));
}

#[test]
fn expected_answers_of_sends_save_an_enter_each() {
    serves(Runtime::builder().quiet_sends(false).expect_sends(true));
}

#[test]
fn a_deadline_that_goes_with_the_enter_ends_the_wait() {
    serves(Runtime::builder().enter_deadline(true));
    let runtime = Runtime::builder().enter_deadline(true).build().expect("a runtime");
    runtime.play(async {
        let before = stats().completions;
        for _ in 0..10 {
            after(Duration::from_micros(300)).await.expect("inside a runtime");
        }
        // Neither the timeouts nor their updates were operations.
        let newer = runtime.setup().features().any(|name| name == "MIN_TIMEOUT");
        assert_eq!(stats().completions - before, if newer { 0 } else { 10 });
    });
}

#[test]
fn all_ways_of_waiting_go_together() {
    let builder = Runtime::builder().restrict(true).enter_deadline(true);
    serves(builder.quiet_sends(false).expect_sends(true));
}
