//! Small tasks of every size, so of those whose wakes touch a tag and of those that have none, woken, cancelled and let go from other threads.

use std::{
    future::{Future, poll_fn},
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    thread,
};

use tidemill_core::{error::JoinError, wait::Wait};
use tidemill_sched::Local;

use crate::board::Board;

type Slot = Arc<Mutex<Option<Waker>>>;

/// Leaves its waker, and ends when it has had its fourth turn.
fn four_turns<const ROOM: usize>(slot: Slot) -> impl Future<Output = usize> {
    let (room, mut turns) = ([1u8; ROOM], 0);
    poll_fn(move |cx| {
        turns += 1;
        *slot.lock().unwrap() = Some(cx.waker().clone());
        if turns == 4 {
            Poll::Ready(room.iter().map(|one| usize::from(*one)).sum())
        } else {
            Poll::Pending
        }
    })
}

fn elsewhere<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    thread::spawn(f).join().unwrap()
}

/// Gives cycles until there is nothing to do at once.
fn rest(local: &Local<Board>) {
    assert!((0..4).any(|_| local.tick() == Wait::Forever));
}

fn woken_elsewhere<const ROOM: usize>() {
    let (board, slot) = (Board::default(), Slot::default());
    let local = Local::new(board.clone());
    let handle = local.spawn(four_turns::<ROOM>(slot.clone()));
    rest(&local);
    for turns in 2..=4 {
        let (rings, before) = (board.rings(), local.stats().turns);
        let waker = slot.lock().unwrap().take().unwrap();
        elsewhere(move || {
            let another = waker.clone();
            waker.wake_by_ref();
            drop(waker);
            another.wake();
        });
        assert_eq!(
            (board.rings(), local.stats().turns),
            (rings + 1, before),
            "turn {turns} of {ROOM}"
        );
        rest(&local);
        assert_eq!(local.stats().turns, before + 1, "turn {turns} of {ROOM}");
    }
    assert_eq!((handle.is_finished(), local.live()), (true, 0));
    // Its waker is the last that knows of it.
    drop((handle, local));
    elsewhere(move || drop(slot.lock().unwrap().take()));
}

fn cancelled_elsewhere<const ROOM: usize>() {
    let (board, slot) = (Board::default(), Slot::default());
    let local = Local::new(board.clone());
    let handle = local.spawn(four_turns::<ROOM>(slot.clone()));
    let forsaken = local.spawn(four_turns::<ROOM>(Slot::default()));
    rest(&local);
    let rings = board.rings();
    let handle = elsewhere(move || {
        drop(forsaken);
        handle.cancel();
        handle
    });
    assert_eq!(board.rings(), rings + 1, "{ROOM}");
    rest(&local);
    assert_eq!((local.live(), handle.is_finished()), (1, true), "{ROOM}");
    let mut handle = handle;
    let mut cx = std::task::Context::from_waker(Waker::noop());
    let ended = std::pin::Pin::new(&mut handle).poll(&mut cx);
    assert!(matches!(ended, Poll::Ready(Err(JoinError::Cancelled))), "{ROOM}");
}

macro_rules! of_every_size {
    ($test:ident) => {
        of_every_size!($test: 0 8 16 24 32 40 48 56 64 72 80 88 96 104 112 120 128 136 144 152 160)
    };
    ($test:ident: $($room:literal)*) => { $($test::<$room>();)* };
}

#[test]
fn a_task_of_any_size_that_is_woken_from_elsewhere_has_one_turn_and_its_executor_is_rung_once() {
    of_every_size!(woken_elsewhere);
}

#[test]
fn a_task_of_any_size_is_cancelled_and_forsaken_from_elsewhere() {
    of_every_size!(cancelled_elsewhere);
}
