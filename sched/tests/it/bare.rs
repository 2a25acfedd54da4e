//! What a microcontroller has: a Home in a static, tasks in places, wakes from interrupts. Runs with and without `std` and `alloc`.

use std::{
    cell::Cell,
    pin::pin,
    sync::Mutex,
    task::{Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    error::NoContext,
    scope::after,
    task_place,
    wait::{Doorbell, Park, Wait},
};
use tidemill_sched::Home;

use crate::board::alone;

struct Chip {
    clock: ManualClock,
    rings: Mutex<usize>,
}

impl Clock for Chip {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Doorbell for Chip {
    fn ring(&self) {
        *self.rings.lock().unwrap() += 1;
    }
}

static HOME: Home<Chip> = Home::new(Chip { clock: ManualClock::new(), rings: Mutex::new(0) });
static PRESSED: Mutex<(bool, Option<Waker>)> = Mutex::new((false, None));

/// Waits for an interrupt.
async fn button() -> &'static str {
    std::future::poll_fn(|cx| {
        let mut pressed = PRESSED.lock().unwrap();
        pressed.1 = Some(cx.waker().clone());
        if pressed.0 { Poll::Ready("pressed") } else { Poll::Pending }
    })
    .await
}

async fn blink(times: u32) -> u32 {
    for _ in 0..times {
        after(Duration::from_millis(10)).await.unwrap();
    }
    times
}

/// Sleeps until the alarm; after the second one an interrupt comes.
struct Sleep<'a>(&'a Cell<u32>);

impl Park for Sleep<'_> {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => HOME.hooks().clock.advance_to(moment),
            Wait::Forever => {
                self.0.set(self.0.get() + 1);
                // An interrupt.
                let waker = {
                    let mut pressed = PRESSED.lock().unwrap();
                    pressed.0 = true;
                    pressed.1.take()
                };
                waker.expect("somebody waits for the button").wake();
            }
        }
    }
}

#[test]
fn a_static_home_runs_placed_tasks_timers_and_interrupts() {
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let interrupts = Cell::new(0);
    let pressed = local.spawn_place(task_place!(button), button()).unwrap();
    let blinked = local.spawn_place(task_place!(blink), blink(3)).unwrap();
    let out = local.run_with(
        pin!(async { (blinked.await.unwrap(), pressed.await.unwrap()) }),
        &mut Sleep(&interrupts),
    );
    assert_eq!(out, (3, "pressed"));
    assert_eq!(HOME.hooks().now(), Instant::ORIGIN + Duration::from_millis(30));
    assert_eq!(interrupts.get(), 1);
    // With `std` this thread is known to be at home; an interrupt is not.
    let rings = if cfg!(feature = "std") { 0 } else { 1 };
    assert_eq!(*HOME.hooks().rings.lock().unwrap(), rings);
    drop(local);
    let mut cx = std::task::Context::from_waker(Waker::noop());
    let late = pin!(after(Duration::ZERO));
    assert_eq!(Future::poll(late, &mut cx), Poll::Ready(Err(NoContext)));
}
