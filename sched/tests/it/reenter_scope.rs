//! Children, releases, wakers, handlers and ends of scopes whose code calls the very scope, value or monitor that it came from.

use std::{
    cell::{Cell, RefCell},
    future::pending,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::{
    context::{Context, Monitor, send_error},
    error::Fault,
    ivar::Ivar,
    scope::{Scope, handler, protect, scope, shield, shield_with, upon},
    task::JoinHandle,
};
use tidemill_sched::spawn;

use crate::{
    bell::{Event, hooked, poll},
    board::{Log, yield_now},
    everywhere::everywhere,
    nested::{assert_all_ran, nested},
    scope::sleep,
};

const BAD: Fault = Fault::Text("bad");

/// How often a scope is entered from inside itself.
const MOST: usize = 30;

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
    static ENTERED: Cell<usize> = const { Cell::new(0) };
    static RAN: Cell<usize> = const { Cell::new(0) };
}

/// Calls `0` when it is dropped.
struct Meddles(fn(Event));

impl Drop for Meddles {
    fn drop(&mut self) {
        (self.0)(Event::Drop);
    }
}

/// Everything that can be done with the scope, by futures that do it again when they are dropped.
fn meddle(event: Event) {
    nested(event, || {
        let Some(scope) = SCOPE.with_borrow(Clone::clone) else { return };
        // What is started here is dropped later, and comes here again: it has an end.
        if ENTERED.replace(ENTERED.get() + 1) > MOST {
            return;
        }
        let holds = |ends: bool| {
            let holds = Meddles(meddle);
            async move {
                let _holds = holds;
                if !ends {
                    pending::<()>().await;
                }
                Ok(())
            }
        };
        // Taken in, or handed back and dropped here.
        drop(scope.spawn(holds(true)));
        drop(scope.spawn_daemon(holds(false)));
        drop(scope.on_release(holds(true)));
        drop(shield(async move { drop(holds(true).await) }));
        let (token, waker) = (scope.token(), hooked(meddle));
        let mut waits = pin!(token.cancelled());
        let _ = poll(waits.as_mut(), &waker);
        let _ = poll(waits.as_mut(), Waker::noop());
        let _ = poll(waits, &waker);
        assert!(format!("{scope:?}").contains("Scope"));
    });
}

#[test]
fn a_scope_is_entered_from_the_drops_of_all_that_is_in_it_and_ends() {
    everywhere(|place| {
        for way in ["cancelled", "failed", "ended"] {
            ENTERED.set(0);
            let ended = place.run(scope(async |scope: Scope| {
                SCOPE.set(Some(scope.clone()));
                let _body = Meddles(meddle);
                for ends in [true, false] {
                    let holds = Meddles(meddle);
                    let child = async move {
                        let _holds = holds;
                        if !ends {
                            sleep(2).await;
                        }
                        Ok(())
                    };
                    scope.spawn(child).unwrap();
                }
                let holds = Meddles(meddle);
                let release = async move {
                    let _holds = holds;
                    yield_now().await;
                    Ok(())
                };
                scope.on_release(release).unwrap();
                let token = scope.token();
                let mut waits = pin!(token.cancelled());
                assert!(poll(waits.as_mut(), &hooked(meddle)).is_pending());
                sleep(1).await;
                assert!(ENTERED.replace(0) > 5);
                match way {
                    "cancelled" => scope.cancel(BAD),
                    "failed" => scope.spawn(async { Err(BAD) }).unwrap(),
                    _ => return Ok::<_, Fault>(()),
                }
                pending().await
            }));
            assert_eq!(ended.is_ok(), way == "ended");
            assert!(ENTERED.get() > 5, "{}", ENTERED.get());
            SCOPE.set(None);
            place.run_all();
            assert_eq!(place.live(), 0);
        }
    });
}

#[test]
fn a_scope_is_entered_from_the_wakers_of_who_awaits_it_and_its_last_handle_goes_there() {
    everywhere(|place| {
        ENTERED.set(0);
        let mut awaits = Box::pin(scope(async |scope: Scope| {
            SCOPE.set(Some(scope.clone()));
            scope.spawn_daemon(pending()).unwrap();
            sleep(1).await;
            Ok::<_, Fault>(7)
        }));
        let waker = hooked(|event| {
            meddle(event);
            if event == Event::Wake
                && let Some(scope) = SCOPE.take()
            {
                scope.cancel(BAD);
            }
        });
        let mut polled = Poll::Pending;
        for _ in 0..100 {
            for waker in [&waker, Waker::noop(), &waker] {
                if polled.is_pending() {
                    polled = place.enter(|| poll(awaits.as_mut(), waker));
                }
            }
            place.run_all();
        }
        assert!(matches!(polled, Poll::Ready(Ok(7) | Err(_))), "it ended");
        SCOPE.set(None);
        assert_all_ran();
        drop(awaits);
        place.run_all();
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_shield_that_is_dropped_is_entered_from_what_it_hands_over() {
    everywhere(|place| {
        /// Goes on to its end, and counts that.
        async fn ends(holds: Meddles) {
            yield_now().await;
            RAN.set(RAN.get() + 1);
            drop(holds);
        }
        fn again(_: Event) {
            ENTERED.set(ENTERED.get() + 1);
            if ENTERED.get() < 5 {
                drop(shield(ends(Meddles(again))));
                let holds = Meddles(again);
                // Whoever is to spawn it lets it go.
                drop(shield_with(async move { drop(holds) }, drop));
            }
        }
        ENTERED.set(0);
        RAN.set(0);
        place.run(async {
            drop(shield(ends(Meddles(again))));
            // One that is dropped while it is polled: its task cancels itself.
            let handle: &'static Cell<Option<JoinHandle<()>>> = Box::leak(Box::default());
            let task = spawn(async move {
                let holds = Meddles(again);
                let shielded = shield(async move {
                    handle.take().expect("it is there").cancel();
                    yield_now().await;
                    ends(holds).await;
                });
                shielded.await;
            });
            handle.set(Some(task.unwrap()));
        });
        place.run_all();
        assert!(ENTERED.get() >= 5);
        assert_eq!(RAN.get(), 2 + 4, "all that was shielded has come to its end");
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn an_end_that_protects_fails_and_cancels_its_own_task_runs_once() {
    everywhere(|place| {
        let (top, log) = (Monitor::top(), Log::default());
        let mut errors = top.errors();
        let said = log.clone();
        let handle: &'static Cell<Option<JoinHandle<()>>> = Box::leak(Box::default());
        let inner = move |word: &'static str| {
            let said = said.clone();
            let holds = Meddles(|_| drop(shield(async { send_error(Fault::Text("dropped")) })));
            protect(
                async move {
                    let _holds = holds;
                    yield_now().await;
                    Ok::<(), Fault>(())
                },
                async move || {
                    said.say(word);
                    Err(BAD)
                },
            )
        };
        let task = async move {
            let outer = inner.clone();
            let body = async move {
                if let Some(handle) = handle.take() {
                    handle.cancel();
                }
                drop(inner("inner of body").await);
                pending::<Result<(), Fault>>().await
            };
            let finally = async move || {
                drop(outer("inner of end").await);
                Err(BAD)
            };
            drop(protect(body, finally).await);
        };
        let context = Context::root().with_monitor(top.clone());
        handle.set(Some(context.run(|| place.spawn(task))));
        place.run_all();
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["inner of body", "inner of end"]);
        let told: Vec<_> =
            std::iter::from_fn(|| errors.try_next()).map(|it| it.to_string()).collect();
        assert_eq!(told.iter().filter(|told| *told == "dropped").count(), 2, "{told:?}");
        assert_eq!(told.iter().filter(|told| *told == "bad").count(), 2, "{told:?}");
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_handler_of_a_value_may_fill_it_register_at_it_and_remove_itself() {
    type Handle = JoinHandle<()>;
    fn register(value: &'static Ivar<u32>, f: impl FnOnce() + 'static) -> Handle {
        upon(value.read(), |_| f()).unwrap_or_else(|_| panic!("an executor is current"))
    }
    everywhere(|place| {
        let log = Log::default();
        let value: &'static Ivar<u32> = Box::leak(Box::new(Ivar::new()));
        let own: &'static Cell<Option<Handle>> = Box::leak(Box::default());
        let (said, dropped) = (log.clone(), log.clone());
        place.run(async move {
            let first = register(value, move || {
                assert!(value.fill(2).is_err());
                let (inner, last) = (said.clone(), said.clone());
                drop(register(value, move || inner.say("registered inside")));
                // Removed before it has run, from inside another.
                let removed = register(value, || unreachable!("it was removed"));
                removed.cancel();
                drop(removed);
                own.take().expect("it is there").cancel();
                last.say("first");
            });
            own.set(Some(first));
            // One that is removed while it waits registers when it is dropped.
            struct Registers(&'static Ivar<u32>, Log);
            impl Drop for Registers {
                fn drop(&mut self) {
                    let said = self.1.clone();
                    drop(register(self.0, move || said.say("registered by a drop")));
                }
            }
            let registers = Registers(value, dropped);
            let waits = register(value, move || {
                let _registers = &registers;
                unreachable!("it was removed");
            });
            yield_now().await;
            waits.cancel();
            sleep(1).await;
            value.fill(1).unwrap();
            sleep(1).await;
        });
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["first", "registered by a drop", "registered inside"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_handler_of_errors_may_send_to_its_own_monitor_replace_itself_and_let_go_of_it() {
    thread_local!(static HANDLED: RefCell<Option<Monitor>> = const { RefCell::new(None) });
    everywhere(|place| {
        let log = Log::default();
        let said = log.clone();
        place.run(async move {
            let mut left = 3;
            let handled = handler(move |report| {
                said.say(report.to_string());
                left -= 1;
                let Some(monitor) = HANDLED.with_borrow(Clone::clone) else { return };
                monitor.send_error(Fault::Code(left));
                if left == 1 {
                    // Another one beside it, of its own monitor; and the last handle goes.
                    let said = said.clone();
                    let context = Context::current().with_monitor(monitor);
                    let inner =
                        context.run(|| handler(move |report| said.say(format!("inner: {report}"))));
                    inner.send_error(BAD);
                    HANDLED.set(None);
                }
            });
            HANDLED.set(Some(handled.clone()));
            handled.send_error(BAD);
            drop(handled);
            sleep(1).await;
        });
        place.run_all();
        assert!(HANDLED.take().is_none());
        assert_eq!(log.take(), ["bad", "code 2", "code 1", "inner: bad"]);
        assert_eq!(place.live(), 0, "no handler is left");
    });
}
