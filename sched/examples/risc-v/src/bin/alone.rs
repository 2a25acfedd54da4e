//! The runtime alone on a RISC-V.

#![no_std]
#![no_main]

use core::pin::pin;

use firmware::alone;
use risc_v_board::{Board, Sleep, exit};
use riscv_rt::{core_interrupt, entry};
use tidemill_sched::Home;

static HOME: Home<Board> = Home::new(Board::new());

#[entry]
fn main() -> ! {
    let board = HOME.hooks();
    board.start();
    let Some(local) = HOME.claim() else { exit(false) };
    let main = pin!(alone::run(&local, board));
    exit(local.run_with(main, &mut Sleep(board)))
}

#[core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn timer() {
    HOME.hooks().serve(|| alone::on_interrupt(HOME.hooks()));
}
