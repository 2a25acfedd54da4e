//! What scopes and their like allocate: nothing for each child, wake, handler and error, once warm; where something is made a known number, which goes with it.

use std::{
    future::{Future, pending},
    pin::pin,
    rc::Rc,
    task::Waker,
};

use tidemill_core::{
    context::send_error,
    error::Fault,
    ivar::Ivar,
    scope::{Rest, Scope, handler, protect, scope, shield, try_with, upon},
    task::yield_now,
};
use tidemill_sched::{Local, spawn};

use crate::{
    alloc::{allocated, allocations, live_bytes},
    bell::poll,
    board::Board,
};

const BAD: Fault = Fault::Text("bad");
const WARM: usize = 20;
const COUNTED: usize = 100;

/// Runs `main` in virtual time.
fn run<F: Future>(main: F) -> F::Output {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut park = board.virtual_time();
    park.waits.reserve(100_000);
    local.run_with(pin!(main), &mut park)
}

/// Runs `round` until it is warm, and then says how often each allocates, and by how many bytes memory has grown.
async fn rounds(mut round: impl AsyncFnMut()) -> (usize, isize) {
    for _ in 0..WARM {
        round().await;
    }
    let (before, bytes) = (allocated(), live_bytes());
    for _ in 0..COUNTED {
        round().await;
    }
    let count = allocated() - before;
    assert_eq!(count % COUNTED, 0, "each round is like the others");
    (count / COUNTED, live_bytes() - bytes)
}

#[test]
fn children_and_daemons_come_and_go_in_an_open_scope_without_allocating() {
    let counted = run(scope(async |scope: Scope| {
        let counted = rounds(async || {
            let inner = scope.clone();
            let child = async move {
                inner.spawn(async { Ok(()) }).unwrap();
                yield_now().await;
                Ok(())
            };
            scope.spawn(child).unwrap();
            scope.spawn_daemon(async { Ok(()) }).unwrap();
            yield_now().await;
            yield_now().await;
            yield_now().await;
        })
        .await;
        Ok::<_, Fault>(counted)
    }));
    assert_eq!(counted.unwrap(), (0, 0));
}

#[test]
fn a_scope_takes_its_memory_when_it_is_made_and_gives_it_back() {
    let plain = run(rounds(async || {
        scope(async |_: Scope| Ok::<_, Fault>(())).await.unwrap();
    }));
    let with_children = run(rounds(async || {
        let ended = scope(async |scope: Scope| {
            for _ in 0..10 {
                scope.spawn(async { Ok(()) }).unwrap();
            }
            scope.spawn_daemon(pending()).unwrap();
            Ok::<_, Fault>(())
        });
        ended.await.unwrap();
    }));
    assert_eq!(plain.1, 0);
    assert_eq!(with_children, plain, "its children cost no allocation, and nothing stays");
    let cancelled = run(rounds(async || {
        let never = spawn(async {
            let never = async |scope: Scope| {
                scope.spawn(pending()).unwrap();
                pending::<Result<(), Fault>>().await
            };
            drop(scope(never).await);
        });
        let never = never.unwrap();
        yield_now().await;
        never.cancel();
        drop(never.await);
        // What runs its end.
        for _ in 0..4 {
            yield_now().await;
        }
    }));
    assert_eq!(cancelled, plain, "nor does one that is cancelled");
}

#[test]
fn handlers_of_values_are_registered_run_and_removed_without_allocating() {
    let counted = run(rounds(async || {
        let value = Ivar::<u32>::new();
        let value = &value;
        let mut handled =
            pin!(tidemill_core::scope::handle_upon(value.read(), |value| value.is_ok()));
        assert!(poll(handled.as_mut(), Waker::noop()).is_pending());
        value.fill(1).unwrap();
        assert!(handled.await);
        static FULL: Ivar<u32> = Ivar::new();
        let _ = FULL.fill(1);
        let runs = upon(FULL.read(), |_| ()).unwrap_or_else(|_| panic!("an executor is current"));
        let goes = upon(pending::<()>(), |()| ()).unwrap_or_else(|_| panic!("likewise"));
        runs.await.unwrap();
        goes.cancel();
        drop(goes.await);
    }));
    assert_eq!(counted, (0, 0));
}

#[test]
fn errors_are_handled_without_allocating() {
    let counted = run(async {
        let count = Rc::new(std::cell::Cell::new(0));
        let counts = count.clone();
        let monitor = handler(move |_| counts.set(counts.get() + 1));
        let counted = rounds(async || {
            monitor.send_error(BAD);
            monitor.send_error(BAD);
            yield_now().await;
        })
        .await;
        yield_now().await;
        assert_eq!(count.get(), 2 * (WARM + COUNTED));
        counted
    });
    assert_eq!(counted, (0, 0));
}

#[test]
fn what_is_shielded_protected_or_attempted_allocates_what_it_says_and_gives_it_back() {
    let shielded = run(rounds(async || shield(yield_now()).await));
    assert_eq!(shielded, (1, 0), "a box");
    let left = run(rounds(async || {
        drop(shield(yield_now()));
        yield_now().await;
        yield_now().await;
    }));
    assert_eq!(left, (1, 0), "the same: its task is warm");
    let protected = run(rounds(async || {
        protect(async { Ok::<_, Fault>(()) }, async || Ok(())).await.unwrap();
    }));
    assert_eq!(protected, (1, 0), "the box of its end, which is shielded");
    let mut attempted = (0, 0);
    let inside = allocations(|| {
        attempted = run(rounds(async || {
            let failed = try_with(
                async {
                    send_error(BAD);
                    pending::<()>().await
                },
                Rest::Raise,
            );
            assert!(failed.await.is_err());
        }));
    });
    assert_eq!(attempted, (3, 0), "a monitor, its stream, a context; {inside} in all");
}
