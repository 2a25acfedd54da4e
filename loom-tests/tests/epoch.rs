//! Models of epochs: who is enrolled against who leaves, waits and claims.
#![cfg(loom)]

use std::{future::IntoFuture, pin::pin};

use loom::{sync::Arc, thread};
use tidemill_core::{
    epoch::{Async, AsyncCell, WriteBuffer, all},
    error::Missing,
};
use tidemill_loom_tests::{Bell, poll};

type Value = Async<u32, &'static str>;

/// **When the last reader goes while the next writer begins to wait, the writer has its turn, or is woken for it.**
///
/// Seen to break it: joining the line without another look under its lock; a step that wakes nobody.
#[test]
fn a_reader_is_released_while_the_next_writer_begins_to_wait() {
    loom::model(|| {
        let mut value = Value::ready_in(1);
        let (reader, mut writer) = (value.read(), value.mutate());
        let releases = thread::spawn(move || drop(reader));
        let (bell, waker) = Bell::new();
        let ready = poll(pin!(writer.get()), &waker).is_ready();
        if !ready {
            // It left the line again: so it asks once more, and is told by who comes later.
            let mut wait = pin!(writer.get());
            let ready = poll(wait.as_mut(), &waker).is_ready();
            releases.join().unwrap();
            assert!(ready || bell.rung() >= 1);
            assert!(ready || poll(wait, &waker).is_ready());
        } else {
            releases.join().unwrap();
        }
    });
}

/// **When a writer goes while its reader begins to wait, the reader is told how it went.**
///
/// Seen to break it: joining the line without another look under its lock; a step that wakes nobody.
#[test]
fn a_writer_is_dropped_while_a_reader_begins_to_wait() {
    loom::model(|| {
        let mut value = Value::ready_in(1);
        let (writer, reader) = (value.write(), value.read());
        let drops = thread::spawn(move || drop(writer));
        let (bell, waker) = Bell::new();
        let mut wait = pin!(reader.get());
        let first = poll(wait.as_mut(), &waker);
        drops.join().unwrap();
        if first.is_pending() {
            assert_eq!(bell.rung(), 1);
            assert!(poll(wait, &waker).resolves_to(Err(Missing::Cancelled)));
        }
        assert_eq!(reader.try_get(), Some(Err(Missing::Cancelled)));
    });
}

/// **Who leaves the line while several are taken out of it costs none of the others the wake.**
///
/// Seen to break it: a walk that leaves whom it has taken out last at the end of the line.
#[test]
fn a_reader_leaves_the_line_while_several_are_taken_out() {
    loom::model(|| {
        let mut value = Value::ready_in(1);
        let writer = value.write();
        let readers = [value.read(), value.read(), value.read()];
        let bells = [Bell::new(), Bell::new(), Bell::new()];
        let mut waits = readers.each_ref().map(|reader| Box::pin(reader.get()));
        for (wait, (_, waker)) in waits.iter_mut().zip(&bells) {
            assert!(poll(wait.as_mut(), waker).is_pending());
        }
        let drops = thread::spawn(move || drop(writer));
        let [mut first, leaves, mut last] = waits;
        drop(leaves);
        drops.join().unwrap();
        assert_eq!((bells[0].0.rung(), bells[2].0.rung()), (1, 1));
        assert!(poll(first.as_mut(), &bells[0].1).resolves_to(Err(Missing::Cancelled)));
        assert!(poll(last.as_mut(), &bells[2].1).resolves_to(Err(Missing::Cancelled)));
        drop((first, last));
        drop(readers);
        // The line is as it was in the beginning.
        let (writer, reader, (bell, waker)) = (value.write(), value.read(), Bell::new());
        let mut wait = pin!(reader.get());
        assert!(poll(wait.as_mut(), &waker).is_pending());
        drop(writer);
        assert_eq!(bell.rung(), 1);
    });
}

/// **When the last handle goes while a reader begins to wait, the reader is cancelled; and the value is freed once.**
///
/// Seen to break it: a last owner that cancels and does not advance; an epoch that may be read before what its writer said is done.
#[test]
fn the_last_handle_is_dropped_while_a_reader_begins_to_wait() {
    loom::model(|| {
        let value = Value::empty_in();
        let reader = value.read();
        let drops = thread::spawn(move || drop(value));
        let (bell, waker) = Bell::new();
        let mut wait = Box::pin(reader.into_future());
        let ready = poll(wait.as_mut(), &waker).is_ready();
        drops.join().unwrap();
        assert!(ready || bell.rung() == 1);
        assert!(ready || poll(wait.as_mut(), &waker).is_ready());
    });
}

/// **When the last handle goes while an epoch is ended on behalf of a writer that left, the value is freed afterwards, and once.**
///
/// Seen to break it: a handle that is let go before what its last step left to do is done.
#[test]
fn the_last_handle_is_dropped_while_an_epoch_is_ended() {
    loom::model(|| {
        let content = Arc::new(());
        let mut value: Async<_, &'static str> = Async::ready_in(content.clone());
        let reader = value.read();
        drop(value.write());
        let leaves = thread::spawn(move || drop(reader));
        drop(value);
        leaves.join().unwrap();
        assert_eq!(Arc::strong_count(&content), 1);
    });
}

/// **When two writers leave before their turns while the reader before them goes, each epoch is ended once, as its writer said, and in their order.**
///
/// Who ends an epoch on behalf of its writer has the lock twice, and others may come between. Seen to break it: a failure that is taken whatever its number.
#[test]
fn writers_leave_before_their_turns_while_those_are_ended() {
    loom::model(|| {
        let mut value = Value::ready_in(1);
        let reader = value.read();
        let (first, middle) = (value.write(), value.read());
        let (second, last) = (value.write(), value.read());
        let leaves = thread::spawn(move || drop(reader));
        let fails = thread::spawn(move || first.fail("first"));
        second.fail("second");
        leaves.join().unwrap();
        fails.join().unwrap();
        assert_eq!(middle.try_get(), Some(Err(Missing::Failed("first"))));
        assert_eq!(last.try_get(), None);
        drop(middle);
        assert_eq!(last.try_get(), Some(Err(Missing::Failed("second"))));
    });
}

/// **When two readers go at once, the next epoch begins once, and what was failed before its turn is failed.**
///
/// Seen to break it: who leaves last, found out under an earlier lock than that under which it leaves.
#[test]
fn two_readers_are_released_at_once() {
    loom::model(|| {
        let mut value = Value::ready_in(1);
        let (first, second) = (value.read(), value.read());
        value.write().fail("early");
        let last = value.read();
        let releases = thread::spawn(move || drop(first));
        drop(second);
        releases.join().unwrap();
        assert_eq!(last.try_get(), Some(Err(Missing::Failed("early"))));
    });
}

/// **Who enrols while the queue advances gets a number of its own, behind all before it.**
///
/// Seen to break it: a number that is reckoned from what was seen under an earlier lock.
#[test]
fn writers_enrol_while_the_queue_advances() {
    loom::model(|| {
        let mut value = Value::ready_in(1);
        let reader = value.read();
        let mut change = value.mutate();
        let leaves = thread::spawn(move || drop(reader));
        let (mut next, last) = (value.mutate(), value.read());
        assert!(next.try_get().is_none() && last.try_get().is_none());
        leaves.join().unwrap();
        *change.try_get().expect("its turn").unwrap() += 1;
        drop(change);
        *next.try_get().expect("its turn").unwrap() *= 5;
        drop(next);
        assert_eq!(last.try_get(), Some(Ok(&10)));
    });
}

/// **Who waits for several is ready, or woken once, when the last of them has come from whatever thread.**
///
/// Seen to break it: a step that wakes nobody.
#[test]
fn several_come_while_they_are_awaited() {
    loom::model(|| {
        let (mut a, mut b) = (Value::ready_in(1), Value::ready_in(2));
        let (x, y) = (a.write(), b.write());
        let (first, second) = (a.read(), b.read());
        let comes = thread::spawn(move || x.keep());
        let (bell, waker) = Bell::new();
        let mut wait = pin!(all((&first, &second)));
        let before = poll(wait.as_mut(), &waker);
        y.keep();
        comes.join().unwrap();
        assert!(before.is_pending());
        assert_eq!(bell.rung(), 1);
        assert!(poll(wait, &waker).resolves_to((Ok(&1), Ok(&2))));
    });
}

/// **Of two who claim a value in a static at once one has it, and finds a window that is its own.**
///
/// Seen to break it: a claim that is loaded, then stored.
#[test]
fn two_claim_a_value_in_a_static() {
    loom::model(|| {
        let cell: &'static AsyncCell<u32, 1, &'static str> =
            Box::leak(Box::new(AsyncCell::ready_in(1)));
        let claim = || {
            let mut value = cell.claim()?;
            let reader = value.read();
            let write = value.try_write().expect("there is room for one");
            assert!(value.try_write().is_err(), "there is none for another");
            drop((reader, write));
            Some(())
        };
        let other = thread::spawn(claim);
        let here = claim();
        let there = other.join().unwrap();
        assert!(here.is_some() != there.is_some());
    });
}

/// **Who begins to wait for several while they come is ready, or woken.**
///
/// Seen to break it: a latch that is looked at before its waker is registered.
#[test]
fn several_come_while_they_begin_to_be_awaited() {
    loom::model(|| {
        let (mut a, mut b) = (Value::ready_in(1), Value::ready_in(2));
        let (x, y) = (a.write(), b.write());
        let (first, second) = (a.read(), b.read());
        let come = thread::spawn(move || [x, y].into_iter().for_each(WriteBuffer::keep));
        let (bell, waker) = Bell::new();
        let mut wait = pin!(all((&first, &second)));
        let before = poll(wait.as_mut(), &waker);
        come.join().unwrap();
        assert!(before.is_ready() || bell.rung() >= 1);
        assert!(before.is_ready() || poll(wait, &waker).resolves_to((Ok(&1), Ok(&2))));
    });
}

/// **Who waits for several sees what all of those wrote that it waited for, and not only who came last.**
///
/// Seen to break it: `Relaxed` where a latch is counted down.
#[test]
fn what_several_have_written_is_seen_by_who_awaited_them() {
    loom::model(|| {
        let (mut a, mut b) = (Value::ready_in(1), Value::ready_in(2));
        let writers = [a.write(), b.write()];
        let (first, second) = (a.read(), b.read());
        let (bell, waker) = Bell::new();
        let mut wait = pin!(all((&first, &second)));
        assert!(poll(wait.as_mut(), &waker).is_pending());
        let threads = writers.map(|mut write| {
            thread::spawn(move || {
                write.try_slot().expect("nobody is before it").set(7);
            })
        });
        while bell.rung() == 0 {
            thread::yield_now();
        }
        assert!(poll(wait, &waker).resolves_to((Ok(&7), Ok(&7))));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Whether a poll was ready with this.
trait ReadyWith<T> {
    fn resolves_to(self, output: T) -> bool;
}

impl<T: PartialEq> ReadyWith<T> for core::task::Poll<T> {
    fn resolves_to(self, output: T) -> bool {
        self == core::task::Poll::Ready(output)
    }
}
