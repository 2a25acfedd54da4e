//! The four tasks on embassy-executor, with its integrated timers, on the same tick.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "takes an interrupt, and runs a raw executor")]

use core::{
    cell::RefCell,
    future::Pending,
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    task::Waker,
};

use cortex_m::{asm, interrupt};
use cortex_m_rt::{entry, exception};
use critical_section::Mutex;
use embassy_executor::raw::{Executor, TaskStorage};
use embassy_sync::{
    blocking_mutex::raw::CriticalSectionRawMutex, channel::Channel, signal::Signal,
};
use embassy_time::Timer;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;
use tidemill_embedded_bench::{ROUNDS, SLEEP_MS, finish, mark, quiet, start_tick, stir};

struct Tick {
    millis: AtomicU32,
    queue: Mutex<RefCell<(Queue, u64)>>,
}

impl Driver for Tick {
    fn now(&self) -> u64 {
        u64::from(self.millis.load(Relaxed))
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let (queue, next) = &mut *self.queue.borrow_ref_mut(cs);
            if queue.schedule_wake(at, waker) {
                *next = queue.next_expiration(self.now());
            }
        });
    }
}

embassy_time_driver::time_driver_impl!(static TICK: Tick = Tick {
    millis: AtomicU32::new(0),
    queue: Mutex::new(RefCell::new((Queue::new(), u64::MAX))),
});

type Flag = Signal<CriticalSectionRawMutex, ()>;

static PENDED: AtomicBool = AtomicBool::new(false);
static PING: Flag = Signal::new();
static PONG: Flag = Signal::new();
static PRESSED: Flag = Signal::new();
static SLEEP: Flag = Signal::new();
static TO: Channel<CriticalSectionRawMutex, u32, 1> = Channel::new();
static FRO: Channel<CriticalSectionRawMutex, u32, 1> = Channel::new();
static mut EXECUTOR: MaybeUninit<Executor> = MaybeUninit::uninit();

const PER_TASK: usize = size_of::<TaskStorage<Pending<()>>>();

/// As large as the RAM of a task whose future has no size: for the report, which takes it off the text.
#[used]
#[unsafe(no_mangle)]
static BYTES_PER_TASK: [u8; PER_TASK] = [0; PER_TASK];

#[embassy_executor::task]
async fn ping() {
    for round in 0..ROUNDS + 2 {
        PING.signal(());
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

#[embassy_executor::task]
async fn pong() {
    for _ in 0..ROUNDS + 2 {
        PING.wait().await;
        PONG.signal(());
    }
    loop {
        let ball = TO.receive().await;
        FRO.send(ball).await;
    }
}

#[embassy_executor::task]
async fn button() {
    PRESSED.wait().await;
    mark();
    SLEEP.signal(());
}

#[embassy_executor::task]
async fn sleeper() {
    SLEEP.wait().await;
    mark();
    Timer::after_millis(u64::from(SLEEP_MS)).await;
    mark();
    finish();
}

#[unsafe(export_name = "__pender")]
fn pender(_: *mut ()) {
    PENDED.store(true, Relaxed);
}

#[entry]
fn main() -> ! {
    start_tick();
    let place = &raw mut EXECUTOR;
    // SAFETY: this is the one place that names it, and is passed once.
    let place = unsafe { &mut *place };
    let executor: &'static Executor = place.write(Executor::new(core::ptr::null_mut()));
    let spawner = executor.spawner();
    if let (Ok(a), Ok(b), Ok(c), Ok(d)) = (ping(), pong(), button(), sleeper()) {
        spawner.spawn(a);
        spawner.spawn(b);
        spawner.spawn(c);
        spawner.spawn(d);
    }
    loop {
        // SAFETY: never from inside itself.
        unsafe { executor.poll() };
        interrupt::disable();
        if !PENDED.load(Relaxed) {
            asm::wfi();
        }
        PENDED.store(false, Relaxed);
        // SAFETY: they were on.
        unsafe { interrupt::enable() };
    }
}

#[exception]
fn SysTick() {
    let now = TICK.millis.load(Relaxed) + 1;
    TICK.millis.store(now, Relaxed);
    critical_section::with(|cs| {
        let (queue, next) = &mut *TICK.queue.borrow_ref_mut(cs);
        if u64::from(now) >= *next {
            *next = queue.next_expiration(u64::from(now));
        }
    });
}

#[exception]
unsafe fn DefaultHandler(_: i16) {
    mark();
    quiet();
    PRESSED.signal(());
}
