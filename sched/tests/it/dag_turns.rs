//! The turns of tasks in statics are written down as those of others. Without `std`, where one test at a time writes.

use std::{
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Waker},
    time::Duration,
};

use tidemill_core::{
    dag,
    scope::after,
    task::yield_now,
    task_place,
    wait::{Park, Wait},
};
use tidemill_sched::{Home, debug::Virtual};

use crate::board::alone;

/// Has a turn, and another that is its last.
async fn steps() -> u8 {
    yield_now().await;
    7
}

/// As `steps`, with an output that is dropped.
async fn makes() -> Box<u8> {
    yield_now().await;
    Box::new(7)
}

/// Has a turn, and is cancelled.
async fn stays() {
    pending().await
}

#[test]
fn the_turns_of_a_task_in_a_place_are_written_down_as_those_of_others() {
    let _alone = alone();
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let local = HOME.claim().expect("nobody else claims it");
    let settle = || while local.tick() == Wait::Poll {};
    let from = dag::trace(0).last().map_or(0, |event| event.number + 1);
    let mut seen = from;
    let mut words = || {
        let events = dag::trace(seen).map(|event| (event.number + 1, event.what));
        let (numbers, what): (Vec<_>, Vec<_>) = events.unzip();
        seen = numbers.last().copied().unwrap_or(seen);
        what.iter().map(|what| format!("{what:?}")).collect::<Vec<_>>().join(" ")
    };
    // With an allocator what is made is queued by another way than a wake, and what is cancelled has no turn for that.
    let all = cfg!(feature = "alloc");
    let made = if all { "Made" } else { "Made Woken" };
    let (turn, last) = ("Running Suspended", "Running Suspended Over");
    local.spawn_place(task_place!(steps), steps()).unwrap().detach();
    settle();
    assert_eq!(words(), format!("{made} Running Woken Suspended {last}"));
    drop(local.spawn_place(task_place!(makes), makes()).unwrap());
    settle();
    assert_eq!(words(), format!("{made} Running Woken Suspended {last}"));
    let handle = local.spawn_place(task_place!(stays), stays()).unwrap();
    settle();
    assert_eq!(words(), format!("{made} {turn}"));
    handle.cancel();
    settle();
    assert_eq!(words(), if all { "Woken Over" } else { "Woken Running Suspended Over" });
    drop(handle);
    let mut handle = local.spawn_place(task_place!(makes), makes()).unwrap();
    settle();
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(words(), format!("{made} Running Woken Suspended {last}"));
    // What is started is queued before it is written down, and nobody takes it for who stood there before.
    let place = task_place!(steps);
    for _ in 0..2 {
        local.start(place, steps).unwrap();
        settle();
        assert_eq!(words(), format!("Made Running Woken Suspended {last}"));
    }
}

/// Has a turn, and another when its moment has come.
async fn sleeps() {
    after(Duration::from_millis(1)).await.unwrap();
}

/// Has each moment come at once, and ends all when there is none.
struct Leaps;

impl Park for Leaps {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => ASLEEP.hooks().clock().advance_to(moment),
            Wait::Forever => resume_unwind(Box::new("done")),
        }
    }
}

static ASLEEP: Home<Virtual> = Home::new(Virtual::new());

#[test]
fn a_turn_that_a_moment_gives_is_written_down_as_a_wake_and_a_turn() {
    let _alone = alone();
    let local = ASLEEP.claim().expect("nobody else claims it");
    let from = dag::trace(0).last().map_or(0, |event| event.number + 1);
    local.start(task_place!(sleeps), sleeps).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| local.run_forever(&mut Leaps))).is_err());
    let what: Vec<_> = dag::trace(from).map(|event| format!("{:?}", event.what)).collect();
    assert_eq!(what.join(" "), "Made Running Suspended Woken Running Suspended Over");
}
