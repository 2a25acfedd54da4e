//! Handles: join, cancel, detach, panics, and who drops what when.

use std::{
    cell::Cell,
    future::{pending, poll_fn, ready},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use tidemill_core::{
    error::JoinError,
    task::JoinHandle,
    wait::{Park, Wait},
};
use tidemill_sched::{Local, spawn};

use crate::board::{Board, Log, Says, yield_now};

fn local() -> (Board, Local<Board>) {
    let board = Board::default();
    (board.clone(), Local::new(board))
}

fn now<T>(handle: &mut JoinHandle<T>) -> Poll<Result<T, JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_cancelled_task_is_dropped_at_its_next_turn_and_its_body_never_entered_again() {
    let ((_board, local), log) = (local(), Log::default());
    let (says, body) = (Says(log.clone(), "dropped"), log.clone());
    let mut handle = local.spawn(async move {
        let _says = says;
        body.say("entered");
        yield_now().await;
        body.say("entered again");
    });
    local.set_budget(1);
    local.tick();
    handle.cancel();
    handle.cancel();
    assert_eq!(log.take(), ["entered"], "cancel drops nothing by itself");
    assert!(!handle.is_finished());
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(log.take(), ["dropped"]);
    assert!(matches!(now(&mut handle), Poll::Ready(Err(JoinError::Cancelled))));
    assert_eq!(local.live(), 0);
}

#[test]
fn a_task_cancelled_before_its_first_turn_is_never_entered() {
    let ((_board, local), log) = (local(), Log::default());
    let (says, body) = (Says(log.clone(), "dropped"), log.clone());
    let handle = local.spawn(async move {
        let _says = says;
        body.say("entered");
    });
    handle.cancel();
    local.tick();
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn a_success_that_races_with_a_cancel_is_delivered() {
    let (_board, local) = local();
    let slot = Rc::new(Cell::new(None::<JoinHandle<u32>>));
    let own = slot.clone();
    slot.set(Some(local.spawn(poll_fn(move |_| {
        let handle = own.take().unwrap();
        handle.cancel();
        own.set(Some(handle));
        Poll::Ready(5)
    }))));
    local.tick();
    let mut handle = slot.take().unwrap();
    assert!(matches!(now(&mut handle), Poll::Ready(Ok(5))));
    handle.cancel();
    local.tick();
}

#[test]
fn a_dropped_handle_detaches_and_cancel_on_drop_does_not() {
    let ((_board, local), log) = (local(), Log::default());
    for cancel in [false, true] {
        let (says, body) = (Says(log.clone(), "dropped"), log.clone());
        let handle = local.spawn(async move {
            let _says = says;
            yield_now().await;
            body.say("went on");
        });
        if cancel {
            drop(handle.cancel_on_drop())
        } else {
            drop(handle)
        }
        local.tick();
        let expected: &[&str] = if cancel { &["dropped"] } else { &["went on", "dropped"] };
        assert_eq!(log.take(), expected);
    }
    local.spawn(async move { log.say("detached") }).cancel_on_drop().detach();
    local.tick();
    assert_eq!(local.live(), 0);
}

#[test]
fn an_output_that_nobody_wants_is_dropped_before_the_task_ends() {
    let ((_board, local), log) = (local(), Log::default());
    let says = Says(log.clone(), "output");
    drop(local.spawn(ready(says)));
    local.tick();
    assert_eq!(log.take(), ["output"]);
    let says = Says(log.clone(), "output");
    let handle = local.spawn(ready(says));
    local.tick();
    assert_eq!(log.take(), [] as [&str; 0], "the handle may still ask for it");
    drop(handle);
    assert_eq!(log.take(), ["output"]);
}

#[test]
fn a_handle_dropped_while_its_task_ends_leaves_the_output_to_the_executor() {
    struct Takes(Rc<Cell<Option<JoinHandle<Says>>>>);
    impl Drop for Takes {
        fn drop(&mut self) {
            drop(self.0.take());
        }
    }
    let ((_board, local), log) = (local(), Log::default());
    let (slot, says) = (Rc::new(Cell::new(None)), Says(log.clone(), "output"));
    let takes = Takes(slot.clone());
    slot.set(Some(local.spawn(async move {
        let _takes = takes;
        says
    })));
    local.tick();
    assert_eq!(log.take(), ["output"]);
    assert_eq!(local.live(), 0);
}

#[test]
fn joins_wake_tasks_and_can_be_awaited_by_reference() {
    let (board, local) = local();
    let out = local.run_with(
        pin!(async {
            let mut slow = spawn(async {
                yield_now().await;
                yield_now().await;
                1
            })
            .unwrap();
            let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut slow).poll(cx).is_ready())).await;
            (first, slow.await.unwrap())
        }),
        &mut board.virtual_time(),
    );
    assert_eq!(out, (false, 1));
}

#[test]
fn a_panic_ends_its_task_alone_and_reaches_the_handle() {
    let (_board, local) = local();
    let neighbour = local.spawn(yield_now());
    let mut loud = local.spawn(async { panic!("number {}", std::hint::black_box(5)) });
    local.tick();
    let Poll::Ready(Err(error)) = now::<()>(&mut loud) else { panic!("it has panicked") };
    assert_eq!(error.to_string(), "the task panicked: number 5");
    let JoinError::Panicked(panic) = error else { panic!("it has panicked") };
    assert_eq!(*panic.into_payload().downcast::<String>().unwrap(), "number 5");
    assert!(neighbour.is_finished());
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("{}", self.0);
        }
    }
}

#[test]
fn a_panic_in_the_drop_of_a_future_reaches_the_handle() {
    let (_board, local) = local();
    // Ended, then dropped: the value is lost to the panic.
    let mut handle = local.spawn(async move {
        let _bomb = Bomb("end");
        1
    });
    local.tick();
    assert!(
        matches!(now(&mut handle), Poll::Ready(Err(JoinError::Panicked(p))) if p.to_string() == "end")
    );
    let bomb = Bomb("cancel");
    let mut handle = local.spawn(poll_fn(move |_| {
        let _ = &bomb;
        Poll::<()>::Pending
    }));
    handle.cancel();
    local.tick();
    assert!(
        matches!(now(&mut handle), Poll::Ready(Err(JoinError::Panicked(p))) if p.to_string() == "cancel")
    );
    // What nobody wants panics too: nobody hears, nothing breaks.
    drop(local.spawn(ready(Bomb("output"))));
    drop(local.spawn(async { std::panic::panic_any(Bomb("payload")) }));
    local.tick();
    assert_eq!(local.live(), 0);
}

#[test]
fn a_task_that_awaits_itself_or_keeps_its_own_handle_does_not_keep_itself() {
    let ((_board, local), log) = (local(), Log::default());
    let slot = Rc::new(Cell::new(None::<JoinHandle<()>>));
    let (own, says) = (slot.clone(), Says(log.clone(), "dropped"));
    slot.set(Some(local.spawn(async move {
        let _says = says;
        let _ = own.take().unwrap().await;
    })));
    local.tick();
    drop(local);
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn a_handle_outlives_its_executor() {
    let (_board, local) = local();
    let (mut done, mut never) = (local.spawn(ready(Box::new(4))), local.spawn(pending::<()>()));
    local.tick();
    drop(local);
    assert!(never.is_finished());
    never.cancel();
    assert!(matches!(now(&mut never), Poll::Ready(Err(JoinError::Cancelled))));
    assert!(matches!(now(&mut done), Poll::Ready(Ok(value)) if *value == 4));
}

#[test]
fn a_forgotten_handle_and_a_forgotten_waker_cost_only_their_task() {
    let (_board, local) = local();
    std::mem::forget(local.spawn(ready(1)));
    drop(local.spawn(poll_fn(|cx| {
        std::mem::forget(cx.waker().clone());
        Poll::Ready(())
    })));
    local.tick();
    assert_eq!(local.live(), 0);
    let mut next = local.spawn(ready(2));
    local.tick();
    assert!(matches!(now(&mut next), Poll::Ready(Ok(2))));
}

#[test]
fn handles_have_ids_and_say_how_they_are() {
    let (_board, local) = local();
    let (a, b) = (local.spawn(ready(())), local.spawn(ready(())));
    assert_ne!(a.id(), b.id());
    assert!(format!("{a:?}").contains("finished: false"));
}

#[test]
fn a_handle_wakes_who_awaits_it_from_outside_any_executor() {
    struct Once(bool);
    impl Park for Once {
        fn park(&mut self, _: Wait) {
            self.0 = true;
        }
    }
    let (_board, local) = local();
    let flag = std::sync::Arc::new(crate::board::Flag::default());
    let mut handle = local.spawn(yield_now());
    let waker = Waker::from(flag.clone());
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
    let mut park = Once(false);
    local.cycle(&mut park);
    assert!(park.0 && flag.is_set());
    drop(waker);
    assert!(matches!(now(&mut handle), Poll::Ready(Ok(()))));
    drop(handle);
    assert_eq!(std::sync::Arc::strong_count(&flag), 1);
}
