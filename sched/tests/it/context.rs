//! Contexts: what travels with tasks, handlers and polls.

use std::{pin::pin, rc::Rc, sync::Arc, time::Duration};

use tidemill_core::{
    context::{Context, Key, Monitor, Priority},
    ivar::Ivar,
    scope::{after, handle_upon, upon},
    task::JoinHandle,
};
use tidemill_sched::{Local, spawn};

use crate::{
    board::{Board, Log, yield_now},
    orders::everywhere,
};

static NAME: Key<&'static str> = Key::new();
static OTHER: Key<&'static str> = Key::new();

fn upon_value<F: Future + 'static, T: 'static>(
    value: F,
    f: impl FnOnce(F::Output) -> T + 'static,
) -> JoinHandle<T> {
    upon(value, f).unwrap()
}

fn name() -> &'static str {
    Context::current().local(&NAME).map_or("nobody", |name| *name)
}

#[test]
fn a_task_inherits_the_context_in_which_it_was_spawned_and_has_it_in_every_turn() {
    everywhere(|play| {
        let log = play.log.clone();
        let context = Context::root().with_local(&NAME, "ann").with_priority(Priority::Low);
        play.run(context.within(async move {
            let heard = log.clone();
            let child = spawn(async move {
                heard.say(name());
                yield_now().await;
                heard.say(name());
                let grandchild = spawn(async move { (name(), Context::current().priority()) });
                assert_eq!(grandchild.unwrap().await.unwrap(), ("ann", Priority::Low));
            });
            // A task without one runs beside it.
            let other = Context::root().run(|| spawn(async move { log.say(name()) }));
            child.unwrap().await.unwrap();
            other.unwrap().await.unwrap();
        }));
        assert_eq!(name(), "nobody");
        let mut said = play.log.take();
        said.sort();
        assert_eq!(said, ["ann", "ann", "nobody"]);
    });
}

#[test]
fn locals_are_replaced_inside_and_restored_outside() {
    let context = Context::root().with_local(&NAME, "ann");
    let inner = context.with_local(&NAME, "bob").with_local(&OTHER, "x");
    context.run(|| {
        assert_eq!(inner.run(name), "bob");
        assert_eq!(name(), "ann");
        assert!(Context::current().local(&OTHER).is_none());
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            inner.run(|| panic!("inside"))
        }));
        assert!(caught.is_err());
        assert_eq!(name(), "ann", "restored on a panic too");
    });
    assert_eq!(name(), "nobody");
}

#[test]
fn a_handler_runs_in_the_context_of_its_registration() {
    // async 7
    everywhere(|play| {
        let (a, b) = (Monitor::top(), Monitor::top());
        let ivar = Rc::new(Ivar::<u32>::new());
        let (mut to_a, mut to_b) = (a.errors(), b.errors());
        let reads = ivar.clone();
        play.run(async {
            let handler = Context::root().with_monitor(a.clone()).run(|| {
                upon_value(async move { *reads.read().await.unwrap() }, |value| {
                    panic!("handler of {value}")
                })
            });
            handler.detach();
            yield_now().await;
            Context::root().with_monitor(b.clone()).run(|| ivar.fill(7)).unwrap();
            let report = to_a.next().await.unwrap();
            assert_eq!(report.to_string(), "handler of 7");
        });
        assert!(to_b.try_next().is_none());
    });
}

#[test]
fn a_handler_sees_the_locals_of_its_registration() {
    // async 8
    everywhere(|play| {
        let ivar = Rc::new(Ivar::<u32>::new());
        let reads = ivar.clone();
        let seen = play.run(async {
            let handler = Context::root()
                .with_local(&NAME, "registered")
                .run(|| upon_value(async move { *reads.read().await.unwrap() }, |_| name()));
            Context::root().with_local(&NAME, "filler").run(|| ivar.fill(7)).unwrap();
            handler.await.unwrap()
        });
        assert_eq!(seen, "registered");
    });
}

#[test]
fn a_handler_of_a_full_ivar_does_not_run_inside_the_call() {
    // async 4
    everywhere(|play| {
        let log = play.log.clone();
        play.run(async {
            let ivar = Rc::new(Ivar::<u32>::new());
            ivar.fill(7).unwrap();
            let said = log.clone();
            let handler =
                upon(async move { *ivar.read().await.unwrap() }, move |_| said.say("ran"));
            log.say("registered");
            handler.unwrap().await.unwrap();
        });
        assert_eq!(play.log.take(), ["registered", "ran"]);
    });
}

#[test]
fn a_handler_that_was_removed_after_its_wake_does_not_run() {
    everywhere(|play| {
        let ivar = Rc::new(Ivar::<u32>::new());
        let (reads, log) = (ivar.clone(), play.log.clone());
        let handler =
            play.local.spawn(handle_upon(async move { *reads.read().await.unwrap() }, move |_| {
                log.say("ran")
            }));
        play.settle();
        ivar.fill(7).unwrap();
        handler.cancel();
        play.settle();
        assert!(handler.is_finished());
        assert_eq!(play.log.take(), [] as [&str; 0]);
    });
}

#[test]
fn the_context_is_as_before_after_another_executor_ran_inside() {
    // async 51
    everywhere(|play| {
        play.run(Context::root().with_local(&NAME, "outer").within(async {
            let board = Board::default();
            let inner = Local::new(board.clone());
            let mut time = board.virtual_time();
            let seen = inner.run_with(
                pin!(async {
                    let before = name();
                    after(Duration::from_secs(1)).await.unwrap();
                    before
                }),
                &mut time,
            );
            assert_eq!(seen, "nobody", "an executor does not inherit from who runs it");
            assert_eq!(name(), "outer");
        }));
    });
}

#[test]
fn a_task_is_dropped_in_its_context_and_lets_go_of_it_at_its_end() {
    everywhere(|play| {
        struct Tells(crate::board::Log);
        impl Drop for Tells {
            fn drop(&mut self) {
                self.0.say(name());
            }
        }
        let value = Arc::new(());
        static HELD: Key<Arc<()>> = Key::new();
        let context = Context::root().with_local(&NAME, "ann").with_local(&HELD, value.clone());
        let tells = Tells(play.log.clone());
        let cancelled = context.run(|| {
            play.local.spawn(async move {
                let _tells = tells;
                std::future::pending::<()>().await
            })
        });
        let ended = context.run(|| play.local.spawn(async {}));
        drop(context);
        play.settle();
        cancelled.cancel();
        play.settle();
        assert_eq!(play.log.take(), ["ann"]);
        assert!(cancelled.is_finished() && ended.is_finished());
        assert_eq!(Arc::strong_count(&value), 1, "handles keep no context");
    });
}

// async 56
#[test]
fn a_task_takes_its_turns_by_the_priority_of_the_context_that_spawned_it() {
    let (local, log) = (Local::new(Board::default()), Log::default());
    let say = |word: &'static str| {
        let log = log.clone();
        async move { log.say(word) }
    };
    let low = Context::root().with_priority(Priority::Low);
    let first = low.run(|| local.spawn(say("low")));
    let second = local.spawn(say("normal"));
    assert_eq!((first.info().priority, second.info().priority), (Priority::Low, Priority::Normal));
    local.tick();
    assert_eq!(log.take(), ["normal", "low"]);
}
