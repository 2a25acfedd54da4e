//! Shutdowns: handlers, statuses, and what is forced.

use std::{
    future::{Future, pending, ready},
    pin::pin,
    sync::mpsc,
    thread,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    context::{Context, Monitor},
    error::Fault,
    scope::after,
};
use tidemill_sched::{
    Local,
    bridge::OnExecutor,
    debug::{DebugScheduler, Order},
    pool::Pool,
    shutdown::{AtShutdownError, Ended, Shutdown, StatusError},
};

use crate::board::{Board, Log, Says, yield_now};

/// What comes of `body`, in virtual time, and when.
fn run<T>(body: impl Future<Output = T>) -> (T, Duration) {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let ended = scheduler.run_with(pin!(body)).expect("it is not stuck");
    (ended, scheduler.hooks().now() - Instant::ORIGIN)
}

/// How a shutdown ends of which so many are asked, in a row, and what each is told.
fn asked(statuses: &[i32]) -> (Vec<Result<(), StatusError>>, i32) {
    let shutdown = Shutdown::new();
    let told = statuses.iter().map(|&status| shutdown.shutdown(status)).collect();
    let (ended, _) = run(shutdown.finished());
    (told, ended.unwrap().status)
}

// async 156
#[test]
fn a_good_end_is_replaced_by_another_and_that_one_stays() {
    let refused = |stays, refused| Err(StatusError { stays, refused });
    assert_eq!(asked(&[0]), (vec![Ok(())], 0));
    assert_eq!(asked(&[0, 0]), (vec![Ok(()); 2], 0));
    assert_eq!(asked(&[0, 1]), (vec![Ok(()); 2], 1));
    assert_eq!(asked(&[1, 2]), (vec![Ok(()), refused(1, 2)], 1));
    assert_eq!(asked(&[0, 3, 3, 0]), (vec![Ok(()); 4], 3));
    assert_eq!(asked(&[0, 3, 2, 3]), (vec![Ok(()), Ok(()), refused(3, 2), Ok(())], 3));
}

// async 156
#[test]
fn handlers_begin_with_the_shutdown_and_run_beside_each_other() {
    let log = Log::default();
    let shutdown = Shutdown::new();
    let (ended, took) = run(async {
        for (word, seconds) in [("slow", 5), ("quick", 2)] {
            let log = log.clone();
            let handler = async move {
                log.say(format!("{word} begins"));
                after(Duration::from_secs(seconds)).await.unwrap();
                log.say(format!("{word} ends"));
            };
            shutdown.at_shutdown(handler).unwrap();
        }
        after(Duration::from_secs(60)).await.unwrap();
        assert_eq!((log.take(), shutdown.status()), (vec![], None));
        shutdown.shutdown(0).unwrap();
        assert_eq!(log.take(), [] as [&str; 0], "never inside the call");
        shutdown.finished().await.unwrap()
    });
    assert_eq!(log.take(), ["slow begins", "quick begins", "quick ends", "slow ends"]);
    assert_eq!((ended.status, ended.forced, ended.failures.len()), (0, false, 0));
    assert_eq!(took, Duration::from_secs(65), "beside each other, and not one after the other");
}

// async 156
#[test]
fn a_handler_that_fails_or_panics_makes_a_good_end_a_bad_one_and_no_bad_one_another() {
    for (asked, status) in [(0, 1), (7, 7)] {
        let shutdown = Shutdown::new();
        let (log, root) = (Log::default(), Monitor::top());
        let says = log.clone();
        let (ended, _) = root.as_root(0, || {
            run(async {
                let registered = [
                    shutdown.at_shutdown(ready(Err(Fault::Text("the log is full")))).is_ok(),
                    shutdown.at_shutdown(async move { assert!(asked > 7, "no more") }).is_ok(),
                    shutdown.at_shutdown(async move { says.say("well") }).is_ok(),
                ];
                assert_eq!(registered, [true; 3]);
                shutdown.shutdown(asked).unwrap();
                shutdown.finished().await.unwrap()
            })
        });
        assert_eq!((ended.status, ended.forced), (status, false));
        let texts: Vec<_> = ended.failures.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["the log is full", "the task panicked: no more"]);
        assert_eq!(log.take(), ["well"], "the others run all the same");
        assert!(!root.has_failed(), "it is told once");
    }
}

// async 156
#[test]
fn a_handler_that_takes_too_long_has_the_end_forced() {
    for asked in [0, 5] {
        let (shutdown, log) = (Shutdown::new(), Log::default());
        let says = Says(log.clone(), "dropped");
        let (ended, took) = run(async {
            let stuck = async move {
                let _says = says;
                pending::<()>().await;
            };
            shutdown.at_shutdown(stuck).unwrap();
            shutdown.shutdown(asked).unwrap();
            shutdown.finished().await.unwrap()
        });
        assert_eq!((ended.status, ended.forced), (1, true));
        assert_eq!(took, Duration::from_secs(10));
        assert_eq!(log.take(), ["dropped"], "with its executor");
    }
    let shutdown = Shutdown::forced_after(Duration::from_secs(1));
    let (ended, took) = run(async {
        shutdown.at_shutdown(after(Duration::from_millis(999))).unwrap();
        shutdown.shutdown(0).unwrap();
        shutdown.finished().await.unwrap()
    });
    assert_eq!((ended.status, ended.forced, took), (0, false, Duration::from_millis(999)));
}

#[test]
fn a_handler_runs_in_the_root_context_whoever_registers_it() {
    let (shutdown, log) = (Shutdown::new(), Log::default());
    let says = log.clone();
    let body = async {
        let handler = async move { says.say(Context::current().is_root().to_string()) };
        shutdown.at_shutdown(handler).unwrap();
        assert!(!Context::current().is_root());
        shutdown.shutdown(0).unwrap();
        shutdown.finished().await.unwrap()
    };
    let context = Context::root().with_monitor(Monitor::top());
    let (ended, _) = run(context.within(body));
    assert_eq!((ended.status, log.take()), (0, vec![String::from("true")]));
}

#[test]
fn what_was_given_out_stays() {
    let shutdown = Shutdown::new();
    let ((first, again), _) = run(async {
        shutdown.shutdown(0).unwrap();
        let first = shutdown.finished().await.unwrap();
        assert_eq!(shutdown.shutdown(0), Ok(()));
        assert_eq!(shutdown.shutdown(4), Err(StatusError { stays: 0, refused: 4 }));
        (first, shutdown.finished().await.unwrap())
    });
    assert_eq!((first.status, again.status), (0, 0));
    let forced = Shutdown::forced_after(Duration::from_secs(1));
    run(async {
        forced.at_shutdown(after(Duration::from_secs(2))).unwrap();
        forced.shutdown(0).unwrap();
        assert!(forced.finished().await.unwrap().forced);
        after(Duration::from_secs(2)).await.unwrap();
        let again = forced.finished().await.unwrap();
        assert!(again.forced, "though its handler has ended since");
        assert_eq!(forced.shutdown(1), Ok(()), "that is what it ended with");
        assert_eq!(forced.shutdown(2), Err(StatusError { stays: 1, refused: 2 }));
    });
}

#[test]
fn a_handler_that_comes_too_late_or_nowhere_is_handed_back() {
    let shutdown = Shutdown::new();
    let Err(AtShutdownError::NoContext(handler)) = shutdown.at_shutdown(ready(())) else {
        panic!("nobody could run it")
    };
    assert!(matches!(shutdown.defer_until(handler), Err(AtShutdownError::NoContext(_))));
    let local = Local::new(Board::default());
    let here = local.here();
    drop(local);
    let gone = shutdown.at_shutdown_on(&here, ready(()));
    assert!(matches!(gone, Err(AtShutdownError::NoContext(_))));
    shutdown.shutdown(0).unwrap();
    run(async {
        let (log, late) = (Log::default(), Says(Log::default(), "late"));
        let Err(AtShutdownError::Begun(handler)) = shutdown.at_shutdown(async move {
            drop(late);
        }) else {
            panic!("it has begun")
        };
        handler.await;
        log.take();
        assert!(matches!(shutdown.defer_until(ready(())), Err(AtShutdownError::Begun(_))));
        let ended = shutdown.finished().await.unwrap();
        assert_eq!((ended.status, ended.forced), (0, false), "none of them counts");
    });
}

#[test]
fn it_waits_for_what_it_is_deferred_until_also_while_it_is_under_way() {
    let (shutdown, log) = (Shutdown::new(), Log::default());
    let (ended, took) = run(async {
        let (later, says) = (shutdown.clone(), log.clone());
        let first = async move {
            says.say("first");
            let says = says.clone();
            let second = async move {
                after(Duration::from_secs(3)).await.unwrap();
                says.say("second");
                Err(Fault::Text("half of it"))
            };
            later.defer_until(second).unwrap();
        };
        let says = log.clone();
        shutdown.defer_until(async move { says.say("at once") }).unwrap();
        yield_now().await;
        yield_now().await;
        yield_now().await;
        assert_eq!(log.take(), ["at once"]);
        shutdown.at_shutdown(first).unwrap();
        shutdown.shutdown(0).unwrap();
        shutdown.finished().await.unwrap()
    });
    assert_eq!(log.take(), ["first", "second"]);
    assert_eq!((ended.status, ended.forced), (1, false));
    assert_eq!(took, Duration::from_secs(3));
}

#[test]
fn handlers_whose_executor_goes_first_do_not_count_before_the_beginning_and_fail_after_it() {
    for begun in [false, true] {
        let shutdown = Shutdown::new();
        let other = Local::new(Board::default());
        shutdown.at_shutdown_on(&other.here(), pending::<()>()).unwrap();
        other.tick();
        if begun {
            shutdown.shutdown(0).unwrap();
            other.tick();
            other.tick();
        }
        drop(other);
        shutdown.shutdown(0).unwrap();
        let (ended, took): (Ended, _) = run(async { shutdown.finished().await.unwrap() });
        assert_eq!((ended.status, ended.forced), (i32::from(begun), false));
        assert_eq!(took, Duration::ZERO);
        assert_eq!(ended.failures.len(), usize::from(begun));
    }
}

#[test]
fn a_system_thread_waits_for_the_end_of_what_a_pool_does() {
    let pool = Pool::new(2).unwrap();
    for stuck in [false, true] {
        let shutdown = Shutdown::forced_after(Duration::from_secs(if stuck { 0 } else { 1000 }));
        let registers = shutdown.clone();
        let registered = pool.spawn(async move {
            let handler = async move {
                match stuck {
                    true => pending().await,
                    false => yield_now().await,
                }
            };
            registers.at_shutdown(handler).is_ok()
        });
        assert!(pool.block_on(registered.unwrap()).unwrap().unwrap());
        let begins = shutdown.clone();
        let asked = thread::spawn(move || begins.shutdown(3));
        let ended = shutdown.wait_finished().unwrap();
        assert_eq!((ended.status, ended.forced), (if stuck { 1 } else { 3 }, stuck));
        assert_eq!(asked.join().unwrap(), Ok(()));
        let on_worker = pool.spawn(async move { shutdown.wait_finished().err() });
        assert_eq!(pool.block_on(on_worker.unwrap()).unwrap().unwrap(), Some(OnExecutor));
    }
}

#[test]
fn any_thread_begins_it_and_handlers_run_on_their_own_executors() {
    let shutdown = Shutdown::new();
    let (says, said) = mpsc::channel();
    let executors: Vec<_> = (0..2)
        .map(|_| {
            let (shutdown, says) = (shutdown.clone(), says.clone());
            thread::spawn(move || {
                let board = Board::default();
                let local = Local::new(board.clone());
                local.run_with(
                    pin!(async {
                        let handler = async move {
                            says.send(thread::current().id()).unwrap();
                        };
                        shutdown.at_shutdown(handler).unwrap();
                        shutdown.begun().await;
                        shutdown.finished().await.unwrap().status
                    }),
                    &mut board.bell(),
                )
            })
        })
        .collect();
    drop(says);
    while !format!("{shutdown:?}").contains("handlers: 2") {
        thread::yield_now();
    }
    shutdown.shutdown(6).unwrap();
    let mut there: Vec<_> = said.iter().collect();
    for executor in executors {
        there.retain(|id| *id != executor.thread().id());
        assert_eq!(executor.join().unwrap(), 6);
    }
    assert!(there.is_empty());
}
