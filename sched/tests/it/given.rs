//! Scopes and their like on an executor that is given, and tasks that stay on its thread. Runs with and without `std`.

use std::{
    cell::{Cell, RefCell},
    future::pending,
    pin::pin,
    rc::Rc,
    time::Duration,
};

use tidemill_core::{
    clock::Instant,
    context::{Context, Here, Monitor, send_error},
    error::{Fault, PlaceError, Refused, ScopeError, TimeoutError, Unwound},
    ivar::Ivar,
    scope::{
        CancelToken, Rest, after_on, at_on, handle_errors_on, hook_on, protect_on, scope_on,
        shield_on, try_with, upon_on, with_timeout_on,
    },
    task::{Attributes, Priority},
    task_place,
};
use tidemill_sched::Local;

use crate::{
    board::{Board, Log, alone, yield_now},
    everywhere::everywhere,
};

const BAD: Fault = Fault::Text("bad");

const MS: Duration = Duration::from_millis(1);

/// What only one thread can have.
type Notes = Rc<RefCell<Vec<&'static str>>>;

async fn worker(here: Here, notes: Notes, ms: u32, word: &'static str) -> Result<(), Fault> {
    after_on(&here, ms * MS).await.unwrap();
    notes.borrow_mut().push(word);
    Ok(())
}

#[test]
fn a_scope_on_a_given_executor_waits_for_children_that_stay_on_its_thread() {
    everywhere(|place| {
        let (here, notes) = (place.here(), Notes::default());
        let value = place.run_with(pin!(scope_on(&here, async |scope| {
            let inner = scope.clone();
            let (there, seen) = (here.clone(), notes.clone());
            scope
                .spawn(async move {
                    inner.spawn(worker(there.clone(), seen.clone(), 3, "grandchild")).unwrap();
                    worker(there, seen, 1, "child").await
                })
                .unwrap();
            scope.spawn_daemon(worker(here.clone(), notes.clone(), 9, "never")).unwrap();
            for word in ["released last", "released first"] {
                let notes = notes.clone();
                scope
                    .on_release(async move {
                        notes.borrow_mut().push(word);
                        Ok(())
                    })
                    .unwrap();
            }
            Ok::<_, Fault>(7)
        })));
        assert_eq!(value.unwrap(), 7);
        assert_eq!(*notes.borrow(), ["child", "grandchild", "released first", "released last"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn the_first_failure_in_a_given_executor_cancels_the_others() {
    everywhere(|place| {
        let (here, notes) = (place.here(), Notes::default());
        let failed = place.run_with(pin!(scope_on(&here, async |scope| {
            scope.spawn(worker(here.clone(), notes.clone(), 100, "never")).unwrap();
            scope.spawn(async { Err(BAD) }).unwrap();
            pending::<Result<(), Fault>>().await
        })));
        assert_eq!(failed.unwrap_err().to_string(), "a child of the scope failed: bad");
        assert!(notes.borrow().is_empty());
    });
}

#[test]
fn a_scope_that_was_dropped_runs_its_releases_on_the_executor_that_it_was_given() {
    everywhere(|place| {
        let (here, notes) = (place.here(), Notes::default());
        let (there, seen) = (here.clone(), notes.clone());
        let task = place.spawn(async move {
            scope_on(&there, async |scope| {
                scope
                    .on_release(async move {
                        yield_now().await;
                        seen.borrow_mut().push("released");
                        Ok(())
                    })
                    .unwrap();
                pending::<Result<(), Fault>>().await
            })
            .await
        });
        place.run_all();
        task.cancel();
        place.run_all();
        assert_eq!(*notes.borrow(), ["released"]);
    });
}

#[test]
fn what_is_protected_or_shielded_ends_on_the_executor_that_it_was_given() {
    everywhere(|place| {
        let (here, notes) = (place.here(), Notes::default());
        let body = async { Err::<(), _>(BAD) };
        let ended = place.run_with(pin!(protect_on(&here, body, || async { Err(Fault::Code(2)) })));
        assert!(matches!(ended, Err(Unwound::Both { body: Fault::Text("bad"), .. })));

        let (there, seen) = (here.clone(), notes.clone());
        let protected = place.spawn(async move {
            let end = async move || {
                yield_now().await;
                seen.borrow_mut().push("finally");
                Ok(())
            };
            protect_on(&there, pending::<Result<(), Fault>>(), end).await
        });
        let (token, (there, seen)) = (CancelToken::new(), (here.clone(), notes.clone()));
        let cancelled = token.clone();
        let shielded = place.spawn(async move {
            let rest = shield_on(&there, worker(there.clone(), seen, 2, "shielded"));
            cancelled.run(rest).await.is_err()
        });
        place.run_until(Instant::ORIGIN);
        protected.cancel();
        token.cancel(BAD);
        assert!(place.run_with(pin!(shielded)).unwrap());
        place.run_all();
        notes.borrow_mut().sort();
        assert_eq!(*notes.borrow(), ["finally", "shielded"]);
    });
}

#[test]
fn a_handler_of_a_value_runs_on_the_executor_that_it_was_given_and_never_inside_the_call() {
    everywhere(|place| {
        let (here, ivar, notes) = (place.here(), Rc::new(Ivar::new()), Notes::default());
        for word in ["first", "second"] {
            let (reads, seen) = (ivar.clone(), notes.clone());
            let value = async move { *reads.read().await.unwrap() };
            let handler = upon_on(&here, value, move |value: u32| {
                seen.borrow_mut().push(word);
                value
            });
            drop(handler.unwrap());
        }
        place.run_all();
        ivar.fill(7).unwrap();
        assert!(notes.borrow().is_empty());
        place.run_all();
        notes.borrow_mut().sort();
        assert_eq!(*notes.borrow(), ["first", "second"]);
    });
}

#[test]
fn errors_are_handled_on_the_executor_that_was_given() {
    everywhere(|place| {
        let (here, top, log) = (place.here(), Monitor::top(), Log::default());
        let said = Rc::new(log.clone());
        Context::root().with_monitor(top.clone()).run(|| {
            let hooked = said.clone();
            hook_on(&here, &top, move |report| hooked.say(format!("hook {report}")));
            let handled = said.clone();
            let work = handle_errors_on(
                &here,
                async {
                    send_error(Fault::Text("one"));
                    5
                },
                move |report| {
                    handled.say(format!("handled {report}"));
                    send_error(Fault::Text("two"));
                },
            );
            assert_eq!(place.run_with(pin!(work)), Some(5));
            let rest = said.clone();
            let late = try_with(
                async {
                    send_error(Fault::Text("three"));
                    send_error(Fault::Text("four"));
                    pending::<()>().await
                },
                Rest::call_on(&here, move |report| rest.say(format!("rest {report}"))),
            );
            assert_eq!(place.run_with(pin!(late)).unwrap_err().to_string(), "three");
        });
        place.run_all();
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["handled one", "hook two", "rest four"]);
        assert_eq!(top.failed().unwrap().to_string(), "two");
    });
}

#[test]
fn moments_are_waited_for_by_the_clock_of_the_home_that_was_given() {
    everywhere(|place| {
        let here = place.here();
        // Outside of any turn.
        let (mut after, mut at) =
            (pin!(after_on(&here, MS)), pin!(at_on(&here, Instant::ORIGIN + MS)));
        assert_eq!(after.deadline(), at.deadline());
        place.run_with(after.as_mut()).unwrap();
        place.run_with(at.as_mut()).unwrap();
        let timed = place.run_with(pin!(with_timeout_on(&here, MS, pending::<()>())));
        assert_eq!(timed, Err(TimeoutError::Elapsed));
        assert_eq!(place.hooks().clock().advance(Duration::ZERO), Instant::ORIGIN + 2 * MS);
    });
}

#[test]
fn whoever_has_a_handle_on_the_home_spawns_from_inside_and_outside_of_turns() {
    everywhere(|place| {
        let (here, count) = (place.here(), Rc::new(Cell::new(0)));
        let (there, counts) = (here.clone(), count.clone());
        let attributes = Attributes::new().priority(Priority::Low).name("outer");
        let outer = here
            .spawn_with(attributes, async move {
                let inner = counts.clone();
                let handle = there.spawn(async move { inner.set(inner.get() + 1) }).unwrap();
                counts.set(counts.get() + 1);
                handle.await.unwrap();
                counts.get()
            })
            .unwrap();
        assert_eq!((outer.info().name, outer.info().priority), (Some("outer"), Priority::Low));
        assert_eq!(count.get(), 0, "never inside the call");
        assert_eq!(place.run_with(pin!(outer)).unwrap(), 2);
    });
}

async fn idle() {}

#[test]
fn a_home_that_was_left_takes_no_tasks_and_hands_all_back() {
    let _alone = alone();
    let (local, place, kept) = (Local::new(Board::default()), task_place!(idle), Rc::new(()));
    let here = local.here();
    // Also while it is being left, when a task that is dropped tries.
    struct Tries(Here);
    impl Drop for Tries {
        fn drop(&mut self) {
            assert!(matches!(self.0.spawn(async {}), Err(Refused(_))));
            TRIED.set(true);
        }
    }
    thread_local!(static TRIED: Cell<bool> = const { Cell::new(false) });
    let (tries, given, scope) = (Tries(here.clone()), here.clone(), Rc::new(Cell::new(None)));
    let out = scope.clone();
    let waits = local.spawn(async move {
        let _tries = tries;
        let waits = async |inside| {
            out.set(Some(inside));
            pending::<Result<(), Fault>>().await
        };
        scope_on(&given, waits).await
    });
    local.tick();
    let taken = here.spawn_place(place, idle()).unwrap();
    assert!(matches!(here.spawn_place(place, idle()), Err(PlaceError::Occupied(_))));
    drop(local);
    assert!(waits.is_finished() && taken.is_finished() && TRIED.get());
    drop(taken);
    let held = kept.clone();
    let Err(Refused(back)) = here.spawn(async move { drop(held) }) else { panic!("it is gone") };
    assert_eq!(Rc::strong_count(&kept), 2);
    drop(back);
    assert!(matches!(here.spawn_place(place, idle()), Err(PlaceError::NoContext(_))));
    let refused = scope.take().unwrap().spawn(async { Ok(()) });
    assert!(matches!(refused, Err(ScopeError::NoContext(_))));
}
