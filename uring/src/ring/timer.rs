//! The one timeout of a worker: asked of the kernel through the submission queue, and changed only when the next deadline becomes earlier.
//!
//! | armed for | next deadline | asked of the ring                                       |
//! |-----------|---------------|---------------------------------------------------------|
//! | nothing   | any           | a timeout                                               |
//! | `t`       | before `t`    | an update, without an answer                            |
//! | `t`       | not before    | nothing: `t` ends one wait for nothing                  |

use tidemill_core::clock::Instant;

use super::table::{Tag, Token};
use crate::engine::Op;

/// What the kernel's timeout is set to.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    armed: Option<Instant>,
}

impl Timer {
    /// What to ask of the ring so that a wait ends at `deadline`.
    pub(crate) fn aim(&mut self, deadline: Instant) -> Option<(Op, Token)> {
        let (op, tag) = match self.armed {
            None => (Op::timeout(deadline), Tag::Timer),
            Some(armed) if deadline < armed => {
                (Op::timeout_update(Tag::Timer.token(), deadline), Tag::TimerUpdate)
            }
            Some(_) => return None,
        };
        self.armed = Some(deadline);
        Some((op, tag.token()))
    }

    /// The timeout fired, or an update found that it had.
    pub(crate) fn fired(&mut self) {
        self.armed = None;
    }

    /// Whether the kernel holds a timeout.
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Timer};

    #[test]
    fn asks_the_ring_only_for_earlier_deadlines() {
        let at = Instant::from_nanos;
        let mut timer = Timer::default();
        assert!(timer.aim(at(100)).is_some(), "the first");
        assert!(timer.aim(at(200)).is_none(), "a later one: the armed one ends a wait for nothing");
        assert!(timer.aim(at(100)).is_none(), "the same");
        assert!(timer.aim(at(50)).is_some(), "an earlier one");
        timer.fired();
        assert!(!timer.is_armed());
        assert!(timer.aim(at(200)).is_some(), "after it fired");
    }
}
