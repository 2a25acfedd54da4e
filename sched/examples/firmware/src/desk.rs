//! A desk is what a program asks of its board besides the hooks of the runtime.

use core::time::Duration;

/// A board, as the programs see it.
pub trait Desk: Sync {
    /// Prints a line.
    fn print(&self, line: &str);

    /// Has the board's interrupt come once, so much later; it calls the program back. What was asked before is forgotten.
    fn stir(&self, after: Duration);

    /// How often the board has slept.
    fn sleeps(&self) -> usize;

    /// How many bytes of the stack have been used at most.
    fn stack(&self) -> usize;
}
