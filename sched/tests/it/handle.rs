//! Handles: system threads have things done on an executor.

use std::{
    cell::RefCell,
    future::pending,
    pin::pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    thread,
};

use tidemill_core::{
    context::{Context, Monitor, current},
    error::NoContext,
    ivar,
    scope::{Scope, scope},
    wait::Wait,
};
use tidemill_sched::{
    Local,
    bridge::{Handle, HandleError, PostError},
    spawn,
};

use crate::board::{Board, Log, Says, yield_now};

fn is_shared<T: Send + Sync + Clone>() {}

/// An executor on a thread of its own, and a handle on it. It ends when what is sent comes.
fn executor() -> (Handle, impl FnOnce(), thread::JoinHandle<()>) {
    let (says, said) = mpsc::channel();
    let thread = thread::spawn(move || {
        let board = Board::default();
        let local = Local::new(board.clone());
        let (filler, end) = ivar::once::<()>();
        says.send((local.handle(), filler)).unwrap();
        let _ = local.run_with(pin!(end), &mut board.bell());
    });
    let (handle, filler) = said.recv().unwrap();
    (handle, move || drop(filler), thread)
}

// async 65
#[test]
fn ten_thousand_posts_of_each_of_four_threads_run_once_and_in_their_order() {
    const POSTS: usize = 10_000;
    is_shared::<Handle>();
    let (handle, end, executor) = executor();
    let seen = Arc::new(Mutex::new([const { Vec::new() }; 4]));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (handle, seen) = (handle.clone(), seen.clone());
            thread::spawn(move || {
                for n in 0..POSTS {
                    let seen = seen.clone();
                    let mut post = move || seen.lock().unwrap()[thread].push(n);
                    while let Err(refused) = handle.post(post) {
                        let PostError::Full(again) = refused else { panic!("{refused}") };
                        post = again;
                        thread::yield_now();
                    }
                }
                // Behind all posts of this thread.
                let count = handle.run(move || seen.lock().unwrap()[thread].len());
                assert_eq!(count.unwrap(), POSTS);
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.iter().all(|seen| seen.iter().copied().eq(0..POSTS)));
    end();
    executor.join().unwrap();
}

// async 153
#[test]
fn a_thread_gets_what_its_closure_returns_or_its_panic() {
    let (handle, end, executor) = executor();
    let id = handle.run(|| thread::current().id()).unwrap();
    assert_eq!(id, executor.thread().id());
    let Err(HandleError::Panicked(panic)) = handle.run(|| -> u32 { panic!("no such table") })
    else {
        panic!("it must have panicked")
    };
    assert_eq!(panic.to_string(), "no such table");
    assert_eq!(handle.run(|| 2).unwrap(), 2, "the executor goes on");
    end();
    executor.join().unwrap();
}

// async 153
#[test]
fn a_thread_waits_for_a_future_that_stays_with_the_executor() {
    let (handle, end, executor) = executor();
    let made = handle.block_on(|| async {
        // It is not `Send`, and is held over an await.
        let shared = Rc::new(RefCell::new(Vec::new()));
        let other = shared.clone();
        spawn(async move { other.borrow_mut().push("other") }).unwrap().await.unwrap();
        yield_now().await;
        shared.borrow_mut().push("own");
        shared.take()
    });
    assert_eq!(made.unwrap(), ["other", "own"]);
    let in_future = handle.block_on(|| async { panic!("late") });
    assert!(
        matches!(in_future, Err::<(), _>(HandleError::Panicked(panic)) if panic.to_string() == "late")
    );
    fn fails() -> std::future::Ready<()> {
        panic!("early")
    }
    let in_make = handle.block_on(fails);
    assert!(matches!(in_make, Err(HandleError::Panicked(panic)) if panic.to_string() == "early"));
    end();
    executor.join().unwrap();
}

// async 153
#[test]
fn to_block_on_the_thread_of_an_executor_is_an_error_and_never_a_deadlock() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let handle = local.handle();
    let (other, end, executor) = executor();
    let (log, own) = (Log::default(), handle.clone());
    let says = log.clone();
    local.run_with(
        pin!(async move {
            for handle in [&own, &other] {
                assert!(matches!(handle.run(|| 1), Err(HandleError::OnExecutor)));
                let blocked = handle.block_on(|| async { 1 });
                assert!(matches!(blocked, Err(HandleError::OnExecutor)));
            }
            assert!(own.post(move || says.say("posted")).is_ok());
            yield_now().await;
            yield_now().await;
        }),
        &mut board.bell(),
    );
    assert_eq!(log.take(), ["posted"]);
    // Not in a turn, but nobody else would give it one.
    assert!(matches!(handle.run(|| 1), Err(HandleError::OnExecutor)));
    assert!(matches!(handle.block_on(|| async { 1 }), Err(HandleError::OnExecutor)));
    end();
    executor.join().unwrap();
}

#[test]
fn a_task_that_blocks_as_it_is_dropped_with_its_executor_is_told() {
    struct Asks(Handle, Log);
    impl Drop for Asks {
        fn drop(&mut self) {
            let text = match self.0.run(|| ()) {
                Err(HandleError::OnExecutor) => "on executor",
                _ => "something else",
            };
            self.1.say(text);
        }
    }
    let local = Local::new(Board::default());
    let (log, handle) = (Log::default(), local.handle());
    let asks = Asks(handle, log.clone());
    drop(local.spawn(async move {
        let _asks = asks;
        pending::<()>().await;
    }));
    local.tick();
    drop(local);
    assert_eq!(log.take(), ["on executor"]);
}

#[test]
fn an_executor_that_has_no_room_hands_a_post_back_and_lets_a_run_wait() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let handle = Handle::on(&local.here(), 2).unwrap();
    let log = Log::default();
    let says = |word: &'static str| {
        let log = log.clone();
        move || log.say(word)
    };
    assert!(handle.post(says("a")).is_ok() && handle.post(says("b")).is_ok());
    let Err(PostError::Full(again)) = handle.post(says("c")) else { panic!("it is full") };
    let (runs, in_run) = (handle.clone(), says("run"));
    let waits = thread::spawn(move || runs.run(in_run));
    assert_eq!(log.take(), [] as [&str; 0]);
    while !waits.is_finished() {
        local.tick();
        thread::yield_now();
    }
    assert!(waits.join().unwrap().is_ok());
    again();
    assert_eq!(log.take(), ["a", "b", "run", "c"]);
}

#[test]
fn an_executor_that_goes_closes_its_handles_and_drops_what_they_sent() {
    let local = Local::new(Board::default());
    let (handle, log) = (local.handle(), Log::default());
    let says = Says(log.clone(), "dropped");
    assert!(handle.post(move || says.0.say("ran")).is_ok());
    let waits = |handle: &Handle, says: Option<Says>| {
        let handle = handle.clone();
        thread::spawn(move || {
            let _ = handle.post(move || drop(says));
            handle.run(|| ())
        })
    };
    let ran = waits(&handle, None);
    drop(local);
    assert!(matches!(ran.join().unwrap(), Err(HandleError::Closed)));
    assert_eq!(log.take(), ["dropped"]);
    let Err(PostError::Closed(again)) = handle.post(|| ()) else { panic!("nobody is there") };
    again();
    let late = thread::spawn(move || {
        let blocked = handle.block_on(|| async { 1 });
        (handle.run(|| 1).is_err(), matches!(blocked, Err(HandleError::Closed)))
    });
    assert_eq!(late.join().unwrap(), (true, true));
}

#[test]
fn a_future_that_is_waited_for_ends_with_its_executor() {
    let (handle, end, executor) = executor();
    let (begins, begun) = mpsc::channel();
    let waits = thread::spawn(move || {
        handle.block_on(move || async move {
            begins.send(()).unwrap();
            pending::<()>().await;
        })
    });
    begun.recv().unwrap();
    end();
    executor.join().unwrap();
    assert!(matches!(waits.join().unwrap(), Err(HandleError::Closed)));
}

#[test]
fn the_task_of_a_handle_ends_with_its_last_clone_after_what_was_posted() {
    let local = Local::new(Board::default());
    let (log, handle) = (Log::default(), local.handle());
    assert_eq!(local.live(), 1);
    assert_eq!(local.tasks().next().unwrap().name, Some("handle"));
    while local.tick() == Wait::Poll {}
    let says = log.clone();
    assert!(handle.clone().post(move || says.say("posted")).is_ok());
    drop(handle);
    while local.tick() == Wait::Poll {}
    assert_eq!((local.live(), log.take()), (0, vec![String::from("posted")]));
}

#[test]
fn a_sleeping_executor_is_rung_once_and_others_have_their_turn_between_many_posts() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (handle, log) = (local.handle(), Log::default());
    assert_eq!(local.tick(), Wait::Forever);
    let says = log.clone();
    thread::spawn(move || {
        for n in 0..200 {
            let says = says.clone();
            assert!(handle.post(move || says.say(n.to_string())).is_ok());
        }
    })
    .join()
    .unwrap();
    assert_eq!(board.rings(), 1);
    // It takes in who was woken, and then this.
    assert_eq!(local.tick(), Wait::Poll);
    let says = log.clone();
    drop(local.spawn(async move { says.say("other") }));
    while local.tick() == Wait::Poll {}
    let words = log.take();
    let at = words.iter().position(|word| word == "other").unwrap();
    assert!((1..=64).contains(&at), "{at}");
    assert_eq!(words.len(), 201);
}

#[test]
fn the_panic_of_a_post_goes_to_the_root_monitor_and_the_next_is_run() {
    let local = Local::new(Board::default());
    let (root, handle, log) = (Monitor::top(), local.handle(), Log::default());
    let says = log.clone();
    assert!(handle.post(|| panic!("posted in vain")).is_ok());
    assert!(handle.post(move || says.say("next")).is_ok());
    root.as_root(0, || while local.tick() == Wait::Poll {});
    assert_eq!(log.take(), ["next"]);
    let told = root.failures().unwrap().first().fault.to_string();
    assert_eq!(told, "what was asked of the executor panicked: posted in vain");
}

#[test]
fn a_handle_belongs_to_no_scope_and_to_no_monitor_but_the_root() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (root, inner) = (Monitor::top(), Monitor::top());
    let context = Context::root().with_monitor(inner.clone());
    let handle = root.as_root(0, || {
        let body =
            context.within(async { scope(async |_: Scope<_>| Handle::current()).await.unwrap() });
        let handle = local.run_with(pin!(body), &mut board.virtual_time());
        assert!(handle.post(|| panic!("posted")).is_ok());
        while local.tick() == Wait::Poll {}
        handle
    });
    assert_eq!((root.seen(), inner.seen()), (1, 0));
    drop(handle);
}

#[test]
fn a_task_finds_the_handle_of_its_own_executor() {
    assert!(matches!(Handle::current(), Err(NoContext)));
    let board = Board::default();
    let local = Local::new(board.clone());
    let (sends, sent): (_, Receiver<Handle>) = mpsc::channel();
    let asks = thread::spawn(move || sent.recv().unwrap().run(|| current().is_some()));
    local.run_with(
        pin!(async {
            sends.send(Handle::current().unwrap()).unwrap();
            while !asks.is_finished() {
                yield_now().await;
            }
        }),
        &mut board.bell(),
    );
    assert!(asks.join().unwrap().unwrap(), "it ran in a turn");
}
