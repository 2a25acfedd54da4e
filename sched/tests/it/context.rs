//! Contexts: what travels with tasks, handlers and polls. Runs with and without `std`.

use std::{pin::pin, sync::Arc, time::Duration};

use tidemill_core::{
    clock::Clock,
    context::{Context, Key, Monitor, Priority, send_error},
    error::Fault,
    ivar::Ivar,
    scope::{after, handle_upon, upon},
    task::JoinHandle,
};
use tidemill_sched::{Local, spawn};

use crate::{
    board::{Board, Log, alone, yield_now},
    everywhere::{everywhere, in_order},
};

static NAME: Key<&'static str> = Key::new();
static OTHER: Key<&'static str> = Key::new();

type Shared = Arc<Ivar<u32>>;

/// Waits for the value.
fn value(ivar: &Shared) -> impl Future<Output = u32> + Send + 'static {
    let ivar = ivar.clone();
    async move { *ivar.read().await.unwrap() }
}

fn name() -> &'static str {
    Context::current().local(&NAME).map_or("nobody", |name| *name)
}

#[test]
fn a_task_inherits_the_context_in_which_it_was_spawned_and_has_it_in_every_turn() {
    everywhere(|place| {
        let context = Context::root().with_local(&NAME, "ann").with_priority(Priority::Low);
        let said = place.run(context.within(async {
            let log = Log::default();
            let heard = log.clone();
            let child = spawn(async move {
                heard.say(name());
                yield_now().await;
                heard.say(name());
                let grandchild = spawn(async { (name(), Context::current().priority()) });
                assert_eq!(grandchild.unwrap().await.unwrap(), ("ann", Priority::Low));
            });
            // A task without one runs beside it.
            let heard = log.clone();
            let other = Context::root().run(|| spawn(async move { heard.say(name()) }));
            child.unwrap().await.unwrap();
            other.unwrap().await.unwrap();
            log.take()
        }));
        assert_eq!(name(), "nobody");
        let mut said = said;
        said.sort();
        assert_eq!(said, ["ann", "ann", "nobody"]);
    });
}

#[test]
fn locals_are_replaced_inside_and_restored_outside() {
    let _alone = alone();
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
    everywhere(|place| {
        let (a, b, ivar) = (Monitor::top(), Monitor::top(), Shared::default());
        let (mut to_a, mut to_b) = (a.errors(), b.errors());
        place.run(async {
            let handler = Context::root()
                .with_monitor(a.clone())
                .run(|| upon(value(&ivar), |value| send_error(Fault::Code(value as i32))).unwrap());
            handler.detach();
            yield_now().await;
            Context::root().with_monitor(b.clone()).run(|| ivar.fill(7)).unwrap();
            assert_eq!(to_a.next().await.unwrap().to_string(), "code 7");
        });
        assert!(to_b.try_next().is_none());
    });
}

#[cfg(feature = "std")]
#[test]
fn the_monitor_of_its_registration_is_told_that_a_handler_panics() {
    // async 7
    everywhere(|place| {
        let (a, b, ivar) = (Monitor::top(), Monitor::top(), Shared::default());
        let mut to_a = a.errors();
        place.run(async {
            let handler = Context::root()
                .with_monitor(a.clone())
                .run(|| upon(value(&ivar), |value| panic!("handler of {value}")).unwrap());
            handler.detach();
            Context::root().with_monitor(b.clone()).run(|| ivar.fill(7)).unwrap();
            assert_eq!(to_a.next().await.unwrap().to_string(), "handler of 7");
        });
        assert_eq!((a.seen(), b.seen()), (1, 0));
    });
}

#[test]
fn a_handler_sees_the_locals_and_has_the_priority_of_its_registration() {
    // async 8
    everywhere(|place| {
        let ivar = Shared::default();
        let seen = place.run(async {
            let registered = Context::root().with_local(&NAME, "registered");
            let handler = registered
                .with_priority(Priority::Low)
                .run(|| upon(value(&ivar), |_| (name(), Context::current().priority())).unwrap());
            assert_eq!(handler.info().priority, Priority::Low);
            Context::root().with_local(&NAME, "filler").run(|| ivar.fill(7)).unwrap();
            handler.await.unwrap()
        });
        assert_eq!(seen, ("registered", Priority::Low));
        // Also one that was made there, and spawned elsewhere.
        let made = Context::root()
            .with_local(&NAME, "made")
            .run(|| handle_upon(value(&ivar), |value| (name(), value)));
        let task = Context::root().with_local(&NAME, "spawned").run(|| place.spawn(made));
        assert_eq!(place.run(task).unwrap(), ("made", 7));
    });
}

#[test]
fn a_handler_of_a_full_ivar_does_not_run_inside_the_call() {
    // async 4
    everywhere(|place| {
        let log = Log::default();
        place.run(async {
            let ivar = Shared::default();
            ivar.fill(7).unwrap();
            let said = log.clone();
            let handler = upon(value(&ivar), move |_| said.say("ran"));
            log.say("registered");
            handler.unwrap().await.unwrap();
        });
        assert_eq!(log.take(), ["registered", "ran"]);
    });
}

#[test]
fn handlers_of_one_value_run_in_the_order_of_registration() {
    // Turns are first in first out on these alone; under other orders each runs once, as the next test says.
    in_order(|place| {
        let (ivar, log) = (Shared::default(), Log::default());
        let handlers = [1, 2, 3, 4].map(|number| {
            let said = log.clone();
            let said = move |value| said.say(format!("{number} of {value}"));
            place.spawn(handle_upon(value(&ivar), said))
        });
        place.settle();
        ivar.fill(7).unwrap();
        place.settle();
        assert!(handlers.iter().all(JoinHandle::is_finished));
        assert_eq!(log.take(), ["1 of 7", "2 of 7", "3 of 7", "4 of 7"]);
    });
}

#[test]
fn each_handler_runs_once_and_one_that_was_removed_after_its_wake_does_not_run() {
    everywhere(|place| {
        let (ivar, log) = (Shared::default(), Log::default());
        let [first, removed, last] = ["first", "removed", "last"].map(|word| {
            let said = log.clone();
            place.spawn(handle_upon(value(&ivar), move |_| said.say(word)))
        });
        place.settle();
        ivar.fill(7).unwrap();
        removed.cancel();
        place.settle();
        assert!(first.is_finished() && removed.is_finished() && last.is_finished());
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["first", "last"]);
    });
}

#[test]
fn the_context_is_as_before_after_another_executor_ran_inside() {
    // async 51
    everywhere(|place| {
        place.run(Context::root().with_local(&NAME, "outer").within(async {
            let board = Board::default();
            let inner = Local::new(board.clone());
            let mut time = board.virtual_time();
            let outer = place.hooks().clock().now();
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
            after(Duration::from_millis(1)).await.unwrap();
            let passed = place.hooks().clock().now() - outer;
            assert_eq!(passed, Duration::from_millis(1), "it is the outer clock again");
        }));
    });
}

#[test]
fn a_task_is_dropped_in_its_context_and_lets_go_of_it_at_its_end() {
    everywhere(|place| {
        struct Tells(Log);
        impl Drop for Tells {
            fn drop(&mut self) {
                self.0.say(name());
            }
        }
        let (log, value) = (Log::default(), Arc::new(()));
        static HELD: Key<Arc<()>> = Key::new();
        let context = Context::root().with_local(&NAME, "ann").with_local(&HELD, value.clone());
        let tells = Tells(log.clone());
        let cancelled = context.run(|| {
            place.spawn(async move {
                let _tells = tells;
                std::future::pending::<()>().await
            })
        });
        let ended = context.run(|| place.spawn(async {}));
        drop(context);
        place.settle();
        cancelled.cancel();
        place.settle();
        assert_eq!(log.take(), ["ann"]);
        assert!(cancelled.is_finished() && ended.is_finished());
        assert_eq!(Arc::strong_count(&value), 1, "handles keep no context");
    });
}

// async 56
#[test]
fn a_task_takes_its_turns_by_the_priority_of_the_context_that_spawned_it() {
    // Low never overtakes Normal, whatever the order.
    everywhere(|place| {
        let log = Log::default();
        let say = |word: &'static str| {
            let log = log.clone();
            async move { log.say(word) }
        };
        let low = Context::root().with_priority(Priority::Low);
        let first = low.run(|| place.spawn(say("low")));
        let second = place.spawn(say("normal"));
        let priorities = (first.info().priority, second.info().priority);
        assert_eq!(priorities, (Priority::Low, Priority::Normal));
        place.settle();
        assert_eq!(log.take(), ["normal", "low"]);
    });
}
