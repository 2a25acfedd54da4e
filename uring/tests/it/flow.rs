//! Copies: dropped, forgotten and resumed at any moment, with either end failing.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
};

use tidemill_uring::{
    error::End,
    io::Flow,
    runtime::{Builder, Runtime},
};

use crate::stage::{
    Random, assert_same, bytes, converse, forget, forgetful, give_up, kernel_has, pair, peer,
    reset, run, run_on,
};

#[test]
fn a_copy_dropped_and_begun_again_loses_and_doubles_nothing() {
    run(async {
        const TOTAL: usize = 8 << 20;
        let (mut ours, theirs) = pair().await;
        let talking = converse(theirs, 5, TOTAL);
        let mut random = Random::new(5);
        let (reader, writer) = ours.both();
        loop {
            if let Some(copied) = give_up(random.below(5), Flow::copy(reader, writer)).await {
                copied.expect("the peer behaves");
                break;
            }
            match random.below(4) {
                // In between, some bytes go by hand: lent, or gathered first.
                0 => {
                    let mut piece = [0; 100];
                    if let Some(count) = give_up(1, reader.read(&mut piece)).await {
                        writer.write(&piece[..count.expect("alive")]).await.expect("alive");
                    }
                }
                1 => {
                    let mut piece = vec![0; 100_000];
                    if let Some(Ok(())) = give_up(2, reader.read_exact(&mut piece)).await {
                        writer.write(&piece).await.expect("alive");
                    }
                }
                _ => {}
            }
        }
        writer.flushed().await.expect("alive");
        drop(ours);
        talking.await;
    });
}

#[test]
fn a_forgotten_copy_loses_and_doubles_nothing() {
    forgetful("flow::a_forgotten_copy_loses_and_doubles_nothing", || {
        run(async {
            const TOTAL: usize = 4 << 20;
            let (mut ours, theirs) = pair().await;
            let talking = converse(theirs, 5, TOTAL);
            let mut random = Random::new(6);
            let (reader, writer) = ours.both();
            for _ in 0..100 {
                drop(forget(random.below(5), Flow::copy(reader, writer)).await);
            }
            Flow::copy(reader, writer).await.expect("the peer behaves");
            drop(ours);
            talking.await;
        });
    });
}

#[test]
fn a_copy_between_two_connections_counts_its_bytes_and_ends_with_its_source() {
    run(async {
        let (from, mut source) = pair().await;
        let (to, mut sink) = pair().await;
        let all = bytes(50, 3 << 20);
        let expected = all.clone();
        let sending = peer(move || source.write_all(&all).expect("written"));
        let receiving = peer(move || {
            let mut got = Vec::new();
            sink.read_to_end(&mut got).expect("read");
            got
        });
        let (mut reader, _) = from.split();
        let (_, mut writer) = to.split();
        let copied = Flow::copy(&mut reader, &mut writer).await.expect("both behave");
        assert_eq!(copied, 3 << 20);
        assert_eq!(writer.pending(), 0, "all was taken by the kernel");
        sending.await;
        drop(writer);
        // The other direction of `to` went with its split; only now the sink sees the end.
        assert_same(&receiving.await, &expected);
    });
}

#[test]
fn a_copy_tells_which_end_failed() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, sink) = pair().await;
        source.write_all(b"some").expect("written");
        let copy = Flow::copy(from.both().0, to.both().1);
        reset(sink);
        let sending = peer(move || {
            // Until the copy is over.
            while source.write_all(&[1; 10_000]).is_ok() {}
        });
        let told = copy.await.expect_err("the sink was reset");
        assert_eq!(told.end, End::Sink, "{told}");
        drop(from);
        sending.await;

        let (mut from, source) = pair().await;
        let (mut to, mut sink) = pair().await;
        let copy = Flow::copy(from.both().0, to.both().1);
        reset(source);
        let told = copy.await.expect_err("the source was reset");
        assert_eq!(told.end, End::Source, "{told}");
        assert_eq!(told.source.kind(), ErrorKind::ConnectionReset);
        drop(to);
        assert_eq!(sink.read(&mut [0]).expect("an end"), 0);
    });
}

#[test]
fn a_copy_into_a_dead_sink_ends_although_its_source_is_silent() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, sink) = pair().await;
        source.write_all(&bytes(1, 100_000)).expect("written");
        let waiting = Flow::copy(from.both().0, to.both().1);
        let resetting = peer(move || reset(sink));
        // The first send fails or the socket breaks: either way a byte more shows it.
        resetting.await;
        let poking = peer(move || {
            while source.write_all(b"x").is_ok() {
                std::thread::yield_now();
            }
        });
        let told = waiting.await.expect_err("the sink was reset");
        assert_eq!(told.end, End::Sink, "{told}");
        drop(from);
        poking.await;
    });
}

#[test]
fn a_copy_onto_a_sink_that_stalls_holds_a_bounded_queue_and_goes_on() {
    // 16 MiB of buffers, of which a stream has its share soon again; of older kernels one enter may bring all at once.
    let share = if kernel_has("RECVSEND_BUNDLE") { 2 << 20 } else { 16 << 20 };
    stalls(Runtime::builder(), share);
    stalls(Runtime::builder().buffers(64), 2 << 20);
}

/// The copy's reader holds at most so many bytes.
fn stalls(builder: Builder, bound: usize) {
    run_on(builder, async {
        let (mut ours, theirs) = pair().await;
        let mut sending = theirs.try_clone().expect("a descriptor");
        let (release, released) = std::sync::mpsc::channel::<()>();
        let all = bytes(33, 16 << 20);
        let expected = all.clone();
        let sender = peer(move || {
            sending.write_all(&all).expect("written");
            sending.shutdown(Shutdown::Write).expect("shut");
        });
        let mut theirs = theirs;
        let receiver = peer(move || {
            released.recv().expect("released");
            let mut got = Vec::new();
            theirs.read_to_end(&mut got).expect("read");
            got
        });
        let (reader, writer) = ours.both();
        assert!(give_up(2000, Flow::copy(reader, writer)).await.is_none(), "the peer stalls");
        assert!(writer.pending() <= 2 << 20, "{} bytes are queued", writer.pending());
        assert!(reader.buffered() <= bound, "{} bytes wait", reader.buffered());
        release.send(()).expect("the peer waits");
        Flow::copy(reader, writer).await.expect("the peer reads again");
        drop(ours);
        sender.await;
        assert_same(&receiver.await, &expected);
    });
}
