//! The four tasks on lilos. Its SysTick is its own.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "takes an interrupt")]

use core::{
    convert::Infallible,
    future::pending,
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use cortex_m::Peripherals;
use cortex_m_rt::{entry, exception};
use lilos::{
    exec::{ALL_TASKS, Notify, run_tasks},
    spsc,
    time::{Millis, initialize_sys_tick, sleep_for},
};
use tidemill_embedded_bench::{ROUNDS, SLEEP_MS, TICK, exit, finish, mark, quiet, stir};

struct Signal(AtomicBool, Notify);

impl Signal {
    const fn new() -> Self {
        Self(AtomicBool::new(false), Notify::new())
    }

    fn send(&self) {
        self.0.store(true, Relaxed);
        self.1.notify();
    }

    async fn wait(&self) {
        self.1.until(|| self.0.swap(false, Relaxed)).await;
    }
}

static PING: Signal = Signal::new();
static PONG: Signal = Signal::new();
static PRESSED: Signal = Signal::new();
static SLEEP: Signal = Signal::new();

/// The pointer to its future, in the array of all.
const PER_TASK: usize = size_of::<Pin<&mut dyn Future<Output = Infallible>>>();

/// As large as the RAM of a task whose future has no size: for the report, which takes it off the text.
#[used]
#[unsafe(no_mangle)]
static BYTES_PER_TASK: [u8; PER_TASK] = [0; PER_TASK];

async fn ping(mut to: spsc::Pusher<'_, u32>, mut fro: spsc::Popper<'_, u32>) -> Infallible {
    for round in 0..ROUNDS + 2 {
        PING.send();
        PONG.wait().await;
        if round == 1 {
            mark();
        }
    }
    mark();
    for round in 0..ROUNDS + 2 {
        to.reserve().await.push(round);
        fro.pop().await;
        if round == 1 {
            mark();
        }
    }
    mark();
    stir();
    pending().await
}

async fn pong(mut to: spsc::Popper<'_, u32>, mut fro: spsc::Pusher<'_, u32>) -> Infallible {
    for _ in 0..ROUNDS + 2 {
        PING.wait().await;
        PONG.send();
    }
    loop {
        let ball = to.pop().await;
        fro.reserve().await.push(ball);
    }
}

async fn button() -> Infallible {
    PRESSED.wait().await;
    mark();
    SLEEP.send();
    pending().await
}

async fn sleeper() -> Infallible {
    SLEEP.wait().await;
    mark();
    sleep_for(Millis(u64::from(SLEEP_MS))).await;
    mark();
    finish();
    pending().await
}

#[entry]
fn main() -> ! {
    let Some(mut core) = Peripherals::take() else { exit() };
    initialize_sys_tick(&mut core.SYST, TICK * 1_000);
    // One more than fits: that is how its ring tells full from empty.
    let mut place_to = [const { core::mem::MaybeUninit::uninit() }; 2];
    let mut place_fro = [const { core::mem::MaybeUninit::uninit() }; 2];
    let (mut to, mut fro) = (spsc::Queue::new(&mut place_to), spsc::Queue::new(&mut place_fro));
    let ((push_to, pop_to), (push_fro, pop_fro)) = (to.split(), fro.split());
    let (ping, pong) = (pin!(ping(push_to, pop_fro)), pin!(pong(pop_to, push_fro)));
    run_tasks(&mut [ping, pong, pin!(button()), pin!(sleeper())], ALL_TASKS)
}

#[exception]
unsafe fn DefaultHandler(_: i16) {
    mark();
    quiet();
    PRESSED.send();
}
