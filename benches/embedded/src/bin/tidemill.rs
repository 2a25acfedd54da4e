//! The four tasks on tidemill.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "takes an interrupt")]

use core::{
    future::pending,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use cortex_m::asm;
use cortex_m_rt::{entry, exception};
use tidemill_core::{
    clock::{Clock, Instant},
    scope::after,
    share::{Channel, Signal},
    task::{TaskPlace, task_align, task_size},
    task_place,
    wait::Doorbell,
};
use tidemill_embedded_bench::{ROUNDS, SLEEP_MS, exit, finish, mark, quiet, start_tick, stir};
use tidemill_sched::Home;

struct Board {
    millis: AtomicU32,
}

impl Clock for Board {
    fn now(&self) -> Instant {
        Instant::from_nanos(u64::from(self.millis.load(Relaxed)) * 1_000_000)
    }
}

impl Doorbell for Board {
    fn ring(&self) {
        // Nobody is to be rung awake: an interrupt ends the sleep.
    }
}

static HOME: Home<Board> = Home::new(Board { millis: AtomicU32::new(0) });
static PING: Signal = Signal::new();
static PONG: Signal = Signal::new();
static PRESSED: Signal = Signal::new();
static SLEEP: Signal = Signal::new();
static TO: Channel<u32, 1> = Channel::new();
static FRO: Channel<u32, 1> = Channel::new();

const PER_TASK: usize =
    size_of::<TaskPlace<{ task_size(&pending::<()>) }, { task_align(&pending::<()>) }>>();

/// As large as the RAM of a task whose future has no size: for the report, which takes it off the text.
#[used]
#[unsafe(no_mangle)]
static BYTES_PER_TASK: [u8; PER_TASK] = [0; PER_TASK];

async fn ping() {
    for round in 0..ROUNDS + 2 {
        PING.send(());
        PONG.wait().await;
        if round == 1 {
            mark();
        }
    }
    mark();
    for round in 0..ROUNDS + 2 {
        TO.send(round).await;
        FRO.receive().await;
        if round == 1 {
            mark();
        }
    }
    mark();
    stir();
}

async fn pong() {
    for _ in 0..ROUNDS + 2 {
        PING.wait().await;
        PONG.send(());
    }
    loop {
        let ball = TO.receive().await;
        FRO.send(ball).await;
    }
}

async fn button() {
    PRESSED.wait().await;
    mark();
    SLEEP.send(());
}

async fn sleeper() {
    SLEEP.wait().await;
    mark();
    let _ = after(Duration::from_millis(SLEEP_MS as u64)).await;
    mark();
    finish();
}

#[entry]
fn main() -> ! {
    start_tick();
    let Some(local) = HOME.claim() else { exit() };
    let _ = local.start(task_place!(ping), ping);
    let _ = local.start(task_place!(pong), pong);
    let _ = local.start(task_place!(button), button);
    let _ = local.start(task_place!(sleeper), sleeper);
    local.run_sleeping(|_| asm::wfi())
}

#[exception]
fn SysTick() {
    HOME.hooks().millis.store(HOME.hooks().millis.load(Relaxed) + 1, Relaxed);
}

#[exception]
unsafe fn DefaultHandler(_: i16) {
    mark();
    quiet();
    PRESSED.send(());
}
