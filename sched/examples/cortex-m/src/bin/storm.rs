//! The storm on a Cortex-M.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "takes an interrupt")]

use cortex_m_board::{Board, Sleep, exit};
use cortex_m_rt::{entry, exception};
use firmware::storm;
use tidemill_sched::Home;

static HOME: Home<Board> = Home::new(Board::new());

#[entry]
fn main() -> ! {
    let board = HOME.hooks();
    board.start();
    let Some(local) = HOME.claim() else { exit(false) };
    storm::run(local, Sleep(board), board, exit, |local, _| {
        local.run_sleeping(|until| HOME.hooks().sleep(until))
    })
}

#[exception]
fn SysTick() {
    HOME.hooks().serve_alarm();
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    HOME.hooks().serve(interrupt, || storm::on_interrupt(HOME.hooks()));
}
