//! The storm on a RISC-V.

#![no_std]
#![no_main]

use firmware::storm;
use risc_v_board::{Board, Sleep, exit};
use riscv_rt::{core_interrupt, entry};
use tidemill_sched::Home;

static HOME: Home<Board> = Home::new(Board::new());

#[entry]
fn main() -> ! {
    let board = HOME.hooks();
    board.start();
    let Some(local) = HOME.claim() else { exit(false) };
    storm::run(local, Sleep(board), board, exit, |local, mut park| local.run_forever(&mut park))
}

#[core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn timer() {
    HOME.hooks().serve(|| storm::on_interrupt(HOME.hooks()));
}
