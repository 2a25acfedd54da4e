//! Kernels: tasks with inputs and outputs, whose failures and ends their outputs share.

use std::{io, pin::pin, ptr};

use tidemill_core::{
    epoch::{Async, ReadBuffer, WriteBuffer, all},
    error::{Fault, Missing, NoContext, Panic},
    kernel::{compute, kernel},
    task::{JoinHandle, spawn_send},
};
use tidemill_sched::debug::{DebugScheduler, Order};

use crate::{
    anywhere::{Place, anywhere},
    board::{Log, Says, yield_now},
    everywhere::in_order,
};

/// Why values of these tests are missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Why {
    Said(&'static str),
    Panicked(String),
    Nobody,
}

impl From<Panic> for Why {
    fn from(panic: Panic) -> Self {
        Self::Panicked(panic.to_string())
    }
}

impl From<NoContext> for Why {
    fn from(_: NoContext) -> Self {
        Self::Nobody
    }
}

pub(crate) type Value<T> = Async<T, Why>;
pub(crate) type Seen<T> = Result<T, Missing<Why>>;

pub(crate) const SAID: Missing<Why> = Missing::Failed(Why::Said("broken"));
pub(crate) const CANCELLED: Missing<Why> = Missing::Cancelled;

/// The value at the end, when nobody is left.
#[track_caller]
pub(crate) fn end<T: Clone>(place: &Place<'_>, x: &Value<T>) -> Seen<T> {
    place.run_all();
    assert_eq!(place.live(), 0, "somebody waits still");
    x.read().try_get().expect("nobody is before it").cloned()
}

/// Starts a kernel on the executor of `place`.
pub(crate) fn start<T>(started: Result<JoinHandle<T>, impl std::fmt::Debug>) -> JoinHandle<T> {
    started.expect("it is open")
}

#[test]
fn a_kernel_computes_its_outputs_from_its_inputs_in_the_order_of_enrolment() {
    anywhere(|place| {
        let (mut x, mut y) = (Value::ready_in(20), Value::ready_in(0));
        place.enter(|| {
            for more in [1, 2] {
                let sum = async move |x: ReadBuffer<i32, Why>, y: &mut WriteBuffer<i32, Why>| {
                    y.set(*x.get().await? + more).await;
                    Ok(())
                };
                // The second reads what was written after the first enrolled.
                start(spawn_send(compute(x.read(), y.write(), sum))).detach();
                x += 10;
            }
        });
        let (first, second) = (x.read(), y.read());
        place.run_all();
        assert_eq!((first.try_get(), second.try_get()), (Some(Ok(&40)), Some(Ok(&32))));
        assert_eq!(place.live(), 0);
    });
}

// epochs 14, 15, 17
#[test]
fn a_kernel_that_fails_fails_all_its_outputs_with_the_same_error() {
    anywhere(|place| {
        for (own, broken) in [(true, false), (false, true), (false, false)] {
            let (mut x, mut outputs) =
                (Value::ready_in(1), [Value::ready_in(5), Value::empty_in(), Value::ready_in(7)]);
            let source = x.write();
            let [a, b, c] = &mut outputs;
            let task = place.spawn(compute(
                x.read(),
                (a.write(), b.emplace(), [c.mutate()]),
                async move |x, (a, _, [c])| {
                    a.set(6).await;
                    *c.get().await? = 8;
                    if own {
                        return Err(SAID);
                    }
                    x.await?;
                    unreachable!("there is nothing to read");
                },
            ));
            match broken {
                true => source.fail(Why::Said("broken")),
                false => drop(source),
            }
            let found = if own || broken { SAID } else { CANCELLED };
            assert_eq!(place.run(task).unwrap(), Err(found.clone()));
            outputs.iter().for_each(|output| assert_eq!(end(place, output), Err(found.clone())));
        }
    });
}

#[test]
fn one_error_is_fanned_out_to_all_consumers_without_a_copy() {
    anywhere(|place| {
        let (mut x, mut last) = (Async::ready(0), Async::ready(0));
        x.write().fail(Fault::new(io::Error::other("disk")));
        place.enter(|| {
            let middle = &x + 1;
            last += &middle;
            last *= 2;
        });
        place.run_all();
        let origin = |value: &Async<i32>| match value.read().try_get() {
            Some(Err(Missing::Failed(fault))) => {
                ptr::from_ref(fault.downcast_ref::<io::Error>().expect("it came from there"))
            }
            found => panic!("it has not failed: {found:?}"),
        };
        assert_eq!(origin(&x), origin(&last));
    });
}

// epochs 18
#[test]
fn a_kernel_that_panics_fails_its_outputs_and_cancels_what_it_wrote_elsewhere() {
    anywhere(|place| {
        let (mut x, mut target) = (Value::ready_in(1), Value::ready_in(5));
        let mut elsewhere = Value::ready_in(3);
        let (input, local) = (x.read(), elsewhere.write());
        let task = place.spawn(compute(input, target.mutate(), async move |x, y| {
            let _local = local;
            *y.get().await? += *x.get().await?;
            panic!("boom");
        }));
        let found = Missing::Failed(Why::Panicked("boom".into()));
        assert_eq!(place.run(task).unwrap(), Err(found.clone()));
        assert_eq!(end(place, &target), Err(found));
        assert_eq!(end(place, &elsewhere), Err(CANCELLED));
        place.enter(|| x.change_send(|_| panic!("bang")));
        assert_eq!(end(place, &x), Err(Missing::Failed(Why::Panicked("bang".into()))));
    });
}

// epochs 81, 148
#[test]
fn a_kernel_that_is_cancelled_cancels_its_outputs_even_if_they_had_a_value() {
    anywhere(|place| {
        for turns in 0..3 {
            let (blocked, mut x, mut y) =
                (Value::<i32>::empty_in(), Value::ready_in(1), Value::ready_in(2));
            let log = Log::default();
            let (says, input) = (Says(log.clone(), "dropped"), blocked.read());
            let task =
                place.spawn(compute(input, (x.mutate(), y.write()), async move |input, (x, y)| {
                    let _says = says;
                    *x.get().await? = 10;
                    y.set(20).await;
                    yield_now().await;
                    input.get().await?;
                    unreachable!("it was cancelled");
                }));
            (0..turns).for_each(|_| place.one_turn());
            task.cancel();
            assert_eq!((end(place, &x), end(place, &y)), (Err(CANCELLED), Err(CANCELLED)));
            assert_eq!(log.take(), ["dropped"]);
        }
        let mut x = Value::ready_in(1);
        drop(compute((), x.mutate(), async |(), _| Ok(())));
        assert_eq!(end(place, &x), Err(CANCELLED));
    });
}

#[test]
fn what_a_kernel_has_released_is_not_taken_back() {
    anywhere(|place| {
        let (mut early, mut late) = (Value::empty_in(), Value::ready_in(0));
        let outputs = (Some(early.write()), late.mutate());
        place
            .spawn(compute((), outputs, async |(), (early, _)| {
                let write = early.take().expect("nobody took it");
                write.put(1).await;
                Err(SAID)
            }))
            .detach();
        assert_eq!((end(place, &early), end(place, &late)), (Ok(1), Err(SAID)));
    });
}

// epochs 34, 60, 61, 147
#[test]
fn who_cannot_go_on_leaves_the_kernel_there_and_its_outputs_find_why() {
    anywhere(|place| {
        for (waits, fails, owned) in
            [(true, true, false), (true, false, true), (false, true, true), (false, false, false)]
        {
            let (mut x, mut y) = (Value::<u32>::empty_in(), Value::ready_in(5));
            let log = Log::default();
            let (write, said) = (x.write(), log.clone());
            let task = place.spawn(compute(x.read(), y.mutate(), async move |x, y| {
                let _local = Says(said.clone(), "dropped");
                *y.get().await? = 6;
                let seen = match owned {
                    true => x.into_or_cancel().await.map(|seen| *seen),
                    false => x.or_cancel().await.copied(),
                };
                said.say(format!("went on with {seen:?}"));
                Ok(())
            }));
            if waits {
                place.run_all();
            }
            match fails {
                true => write.fail(Why::Said("broken")),
                false => drop(write),
            }
            let found = if fails { SAID } else { CANCELLED };
            assert!(
                place.is_pool() || log.take().is_empty(),
                "nothing happens where the writer leaves"
            );
            assert_eq!(place.run(task).unwrap(), Err(found.clone()));
            assert_eq!((end(place, &y), log.take()), (Err(found), vec!["dropped".into()]));
        }
    });
}

#[test]
fn elsewhere_than_in_a_kernel_or_cancel_is_a_plain_read() {
    anywhere(|place| {
        let mut x = Value::ready_in(1);
        let (good, bad) = (x.read(), x.write());
        bad.fail(Why::Said("broken"));
        let late = x.read();
        let task = place.spawn(async move {
            let seen = good.or_cancel().await.copied();
            drop(good);
            (seen, late.or_cancel().await.copied(), late.into_or_cancel().await.map(|_| ()))
        });
        assert_eq!(place.run(task).unwrap(), (Ok(1), Err(SAID), Err(SAID)));
        // In a kernel whose outputs fail with another type, too.
        let (bad, mut y) = (x.read(), Async::<u32>::ready(1));
        let task = place.spawn(compute(bad, y.write(), async |bad, y| {
            assert_eq!(bad.or_cancel().await, Err(SAID));
            y.set(2).await;
            Ok(())
        }));
        assert!(place.run(task).unwrap().is_ok());
        assert_eq!(y.read().try_get().unwrap().unwrap(), &2);
    });
}

#[test]
fn failures_and_cancellation_travel_through_kernels_from_value_to_value() {
    anywhere(|place| {
        for found in [SAID, CANCELLED] {
            let mut values: Vec<Value<u32>> = (0..50).map(Value::ready_in).collect();
            let first = values[0].write();
            for at in 1..values.len() {
                let (source, target) = (values[at - 1].read(), values[at].write());
                place
                    .spawn(compute(source, target, async |source, target| {
                        target.set(*source.or_cancel().await?).await;
                        Ok(())
                    }))
                    .detach();
            }
            match found.clone() {
                Missing::Failed(why) => first.fail(why),
                Missing::Cancelled => drop(first),
            }
            place.run_all();
            assert_eq!(place.live(), 0);
            let seen = |value: &Value<u32>| value.read().try_get().map(|seen| seen.copied());
            assert!(values.iter().all(|value| seen(value) == Some(Err(found.clone()))));
        }
    });
}

#[test]
fn where_no_executor_is_current_outputs_fail_and_kernels_are_handed_back() {
    let (mut x, y) = (Value::ready_in(1), Value::ready_in(2));
    let nobody = |value: &Value<i32>| {
        value.read().try_get().map(|seen| seen.copied()) == Some(Err(Missing::Failed(Why::Nobody)))
    };
    assert!(nobody(&(&x + &y)) && nobody(&-&x));
    let refused = kernel(y.read(), x.mutate(), async |y, x| {
        *x.get().await? += *y.get().await?;
        Ok(())
    });
    let task = refused.expect_err("nobody is here").0;
    in_order(|place| {
        let mut z = Value::ready_in(1);
        z += 1;
        assert!(nobody(&z));
        let mut z = Value::ready_in(1);
        z.change_on(&place.here(), |z| *z += 1);
        assert_eq!(end(&Place::One(place), &z), Ok(2));
    });
    let scheduler = DebugScheduler::new(Order::Fifo);
    assert_eq!(scheduler.run_with(pin!(task)).unwrap(), Ok(()));
    assert_eq!(x.read().try_get(), Some(Ok(&3)));
    let here = scheduler.here();
    drop(scheduler);
    x.change_on(&here, |x| *x += 1);
    assert!(nobody(&x) && nobody(&y.map_on(&here, |y| y + 1)));
}

#[test]
fn a_kernel_waits_for_several_inputs_with_one_wake() {
    anywhere(|place| {
        let (mut x, mut y, mut w) = (Value::empty_in(), Value::empty_in(), Value::empty_in());
        let writes = (x.write(), y.write(), w.write());
        let mut z = Value::empty_in();
        let inputs = (x.read(), y.read(), w.read());
        place
            .spawn(compute(inputs, z.write(), async |(x, y, w), z| {
                let (x, y, w) = all((x, y, w)).await;
                z.set(*x? * *y? + *w?).await;
                Ok(())
            }))
            .detach();
        place.run_all();
        drop(place.spawn(writes.1.put(3)));
        drop(place.spawn(writes.2.put(4)));
        place.run_all();
        assert_eq!(place.live(), 1);
        drop(place.spawn(writes.0.put(2)));
        assert_eq!(end(place, &z), Ok(10));
    });
}
