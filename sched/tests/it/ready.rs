//! The ready queue of a Local: long, short and growing again, while tasks come and go.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_sched::Local;

use crate::board::Board;

/// A task as the test sees it.
struct Known {
    number: u32,
    waker: Waker,
    ends: Rc<Cell<bool>>,
}

/// What the tasks tell the test.
#[derive(Default)]
struct Told {
    turns: VecDeque<u32>,
    begun: Vec<Known>,
}

struct Crowd {
    local: Local<Board>,
    told: Rc<RefCell<Told>>,
    /// Who has a turn to come, in order.
    expected: VecDeque<u32>,
    waiting: Vec<Known>,
    seed: u64,
    born: u32,
}

impl Crowd {
    fn dice(&mut self, sides: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.seed >> 33) as usize % sides
    }

    fn spawn(&mut self) {
        let (number, told, ends) = (self.born, self.told.clone(), Rc::new(Cell::new(false)));
        self.born += 1;
        self.expected.push_back(number);
        drop(self.local.spawn(poll_fn(move |cx| {
            let mut told = told.borrow_mut();
            told.turns.push_back(number);
            if ends.get() {
                return Poll::Ready(());
            }
            told.begun.push(Known { number, waker: cx.waker().clone(), ends: ends.clone() });
            Poll::Pending
        })));
    }

    /// Wakes one of those that wait, and says whether it is to end.
    fn wake(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let place = self.dice(self.waiting.len());
        let known = self.waiting.swap_remove(place);
        known.ends.set(self.dice(4) == 0);
        self.expected.push_back(known.number);
        self.local.enter(|| known.waker.wake());
    }

    /// A cycle, after which those have had their turn that stood first.
    fn cycle(&mut self) {
        let turns = 1 + self.dice(60);
        self.local.set_budget(turns);
        self.local.tick();
        let mut told = self.told.borrow_mut();
        let expected: Vec<_> = self.expected.drain(..turns.min(self.expected.len())).collect();
        assert_eq!(told.turns.drain(..).collect::<Vec<_>>(), expected);
        self.waiting.append(&mut told.begun);
    }
}

#[test]
fn turns_come_in_the_order_of_wakes_however_long_the_queue_is() {
    for seed in 0..64 {
        let mut crowd = Crowd {
            local: Local::new(Board::default()),
            told: Rc::default(),
            expected: VecDeque::new(),
            waiting: Vec::new(),
            seed,
            born: 0,
        };
        for _ in 0..200 {
            for _ in 0..crowd.dice(30) {
                crowd.spawn();
            }
            for _ in 0..crowd.dice(40) {
                crowd.wake();
            }
            crowd.cycle();
        }
        assert!(crowd.born > 1000);
    }
}
