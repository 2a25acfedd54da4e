//! The runtime alone: two tasks and a pipe, a task that an interrupt wakes by a semaphore, a signal and a channel, one that sleeps, one that is cancelled; and not a word of text.
//!
//! No panic may be linked into this: the linker is asked.

use core::time::Duration;

use tidemill_core::{
    choose,
    ivar::Ivar,
    scope::after,
    share::{Channel, Semaphore, Signal, pipe::FixedPipe},
    task::Hooks,
    task_place,
};
use tidemill_sched::Local;

use crate::Desk;

static PINGS: FixedPipe<u32, 1> = FixedPipe::fixed();
static PONGS: FixedPipe<u32, 1> = FixedPipe::fixed();
static PRESSED: Semaphore = Semaphore::new(0);
static PRESSES: Channel<u32, 2> = Channel::new();
static LATEST: Signal = Signal::new();
static DONE: Ivar<u32> = Ivar::new();

/// What the board's interrupt does.
pub fn on_interrupt(_: &dyn Desk) {
    PRESSED.release(1);
    let _ = PRESSES.try_send(1);
    LATEST.send(());
}

/// Runs it, and says whether all of it was as it should be.
pub async fn run<H: Hooks>(local: &Local<H>, desk: &'static dyn Desk) -> bool {
    let tasks = (
        local.spawn_place(task_place!(ping), ping()),
        local.spawn_place(task_place!(pong), pong()),
        local.spawn_place(task_place!(button), button(desk)),
        local.spawn_place(task_place!(blink), blink()),
    );
    let (Ok(pings), Ok(pongs), Ok(button), Ok(blinks)) = tasks else { return false };
    let good =
        pings.await.is_ok_and(|sum| sum == 10) && pongs.await.is_ok() && button.await.is_ok();
    let done = choose! {
        done = &DONE => done.is_ok(),
        _ = after(Duration::from_secs(1)) => false,
    };
    blinks.cancel();
    good && done && blinks.await.is_err()
}

async fn ping() -> u32 {
    let mut sum = 0;
    for ball in 0..5 {
        if PINGS.writer().write(ball).await.is_ok() {
            sum += PONGS.reader().read().await.unwrap_or(0);
        }
    }
    PINGS.writer().close();
    sum
}

async fn pong() {
    while let Some(ball) = PINGS.reader().read().await {
        let _ = PONGS.writer().write(ball).await;
    }
    let _ = DONE.fill(1);
}

async fn button(desk: &'static dyn Desk) {
    for _ in 0..3 {
        desk.stir(Duration::from_micros(300));
        if let Ok(permit) = PRESSED.acquire(1).await {
            permit.forget();
        }
        LATEST.wait().await;
        PRESSES.send(PRESSES.receive().await).await;
        let _ = PRESSES.try_receive();
    }
}

async fn blink() {
    while after(Duration::from_micros(100)).await.is_ok() {}
}
