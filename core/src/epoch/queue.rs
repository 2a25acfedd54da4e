//! The queue of a value: who may write it and who may read it, now and later, in the order in which they enrolled. Each step runs under the
//! lock of the value, and says what is to be done after it.
//!
//! | step            | does                                                                                          |
//! |-----------------|-----------------------------------------------------------------------------------------------|
//! | enrol a reader  | counts it in the last epoch                                                                   |
//! | enrol a writer  | gives it the last epoch if that is vacant, or else a new one                                  |
//! | a writer ends   | in front: Reading; else: Ended                                                                |
//! | a reader leaves | counts it out                                                                                 |
//! | advance         | while the one in front is over and is not the last, the next one is in front                  |
//!
//! [Q1] An epoch is a number. The one in front has `first`, those behind it the following ones; a number comes once.
//! [Q2] Who is enrolled keeps its epoch: a reader by being counted, a writer by Writing. So the epoch of who is enrolled is in the window.
//! [Q3] A writer has its turn while its epoch is in front and Writing. A reader may read while its epoch is in front and Reading. An epoch
//!      has one writer at most, and is Reading when that is gone; so a writer with its turn is alone, and readers find nobody who writes.
//! [Q4] Who finds Ended in front and takes over has the turn of the writer that left, and does what that said.
//! [Q5] Only an epoch that is alone may be Vacant; and the first, while the queue is built backwards.
//! [Q7] A queue that is built backwards has nobody in front until it is started: nobody's time comes, nothing is passed, and no epoch is
//!      Reading.
//! [Q6] When the lock is free, and nobody has the turn of [Q4] or is on the way for [`Next::More`], the epoch in front is not over, or is
//!      the last; and nobody in line is due, or somebody is on the way to wake who is.

use heapless::{deque::DequeView, vec::VecView};

#[cfg(feature = "alloc")]
use crate::dag::Seat;
use crate::{
    dag::{self, Site},
    epoch::{
        failures::Failures,
        phase::{End, Epoch, Key, Phase},
        step::{Next, Place},
        window::Window,
    },
    error::WindowFull,
    wait::Turn,
};

/// How many epochs are passed under one lock.
const STRIDE: usize = 64;

/// The queue of one value.
pub(super) struct Queue<E: 'static> {
    window: Window,
    failures: Failures<E>,
    first: u64,
    /// How many handles keep the value.
    holders: usize,
    /// How many of them may enrol writers.
    owners: u32,
    /// Whether the time of anybody may come.
    started: bool,
    /// By what the value is written down.
    node: dag::Value,
}

/// The queue and who waits for it.
pub(super) type Inside<'a, E> = Turn<'a, Queue<E>, Key>;

impl<E> Queue<E> {
    /// The queue of a value that is there (`Reading`) or not (`Vacant`), with one handle that may enrol writers.
    pub(super) const fn new(phase: Phase, node: dag::Value) -> Self {
        Self {
            window: Window::new(Epoch::new(phase)),
            failures: Failures::new(),
            first: 0,
            holders: 1,
            owners: 1,
            started: true,
            node,
        }
    }

    /// By what the value is written down.
    #[inline]
    pub(super) fn node(&mut self) -> &mut dag::Value {
        self.node.show(self.first);
        &mut self.node
    }

    /// Names the value.
    pub(super) fn label(&mut self, label: &'static str) {
        self.node.label(label);
        self.node.show(self.first);
    }

    #[cfg(feature = "alloc")]
    pub(super) fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    /// Has epochs and failures wait there.
    pub(super) fn lend(
        &mut self,
        window: &'static mut DequeView<Epoch>,
        failures: &'static mut VecView<(u64, E)>,
    ) {
        self.window.lend(window);
        self.failures.lend(failures);
    }

    /// Counts one more handle.
    ///
    /// # Panics
    /// If there are more than a word can count: most of them were forgotten.
    #[inline]
    pub(super) fn hold(&mut self) {
        self.holders = self.holders.checked_add(1).expect("a value has too many handles");
    }

    /// Counts one more handle, which may enrol writers.
    pub(super) fn own(&mut self) {
        self.hold();
        self.owners += 1;
    }

    /// Counts one handle less, and says whether that was the last.
    #[inline]
    pub(super) fn let_go(&mut self) -> bool {
        self.holders -= 1;
        self.holders == 0
    }

    /// Enrols a reader, with a handle.
    #[inline]
    pub(super) fn read(&mut self) -> Place {
        self.hold();
        let behind = self.window.behind() as u64;
        let number = self.first + behind;
        let seat = self.node().reader(number);
        if behind > 0 {
            self.window.back().add_reader();
            return Place { number, now: false, idle: false, seat };
        }
        let front = &mut self.window.front;
        front.add_reader();
        // [Q7] Nothing is Reading before it is started.
        let (now, idle) = (front.is(Phase::Reading), front.is(Phase::Vacant));
        Place { number, now, idle, seat }
    }

    /// What who enrols to read waits for.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn last_read(&self) -> Key {
        Key::reader(self.first + self.window.behind() as u64)
    }

    /// Enrols one more reader beside one, with a handle.
    #[inline]
    pub(super) fn read_too(&mut self, beside: Place) -> Place {
        self.hold();
        self.at(beside.number).add_reader();
        Place { seat: self.node.reader(beside.number), ..beside }
    }

    /// Enrols a writer, with a handle.
    ///
    /// # Errors
    /// There is no room for its epoch.
    #[inline]
    pub(super) fn write(&mut self, site: Site) -> Result<Place, WindowFull> {
        if self.window.behind() > 0 {
            return self.write_behind(site);
        }
        if self.window.front.is_over() {
            let number = self.first + 1;
            self.node().open(number, site);
            self.node.front(number);
            self.first = number;
            self.window.front = Epoch::new(Phase::Writing);
        } else if self.window.front.is(Phase::Vacant) {
            let number = self.first;
            self.node().writing(number);
            self.window.front.set(Phase::Writing);
        } else {
            return self.write_behind(site);
        }
        self.hold();
        let seat = self.node.writer(self.first);
        Ok(Place { number: self.first, now: true, idle: false, seat })
    }

    /// As `write`, behind the epoch in front.
    fn write_behind(&mut self, site: Site) -> Result<Place, WindowFull> {
        if !self.window.has_room() {
            return Err(WindowFull);
        }
        self.hold();
        self.window.push(Epoch::new(Phase::Writing));
        let number = self.first + self.window.behind() as u64;
        self.node().open(number, site);
        Ok(Place { number, now: false, idle: false, seat: self.node.writer(number) })
    }

    /// Whether a writer can be enrolled, or else which number must be in front before it can.
    pub(super) fn room(&mut self) -> Result<(), Key> {
        let idle = self.window.behind() == 0 && self.window.front.is_over();
        if idle || self.window.has_room() || self.window.back().is(Phase::Vacant) {
            return Ok(());
        }
        Err(Key::writer(self.first + self.window.surplus() as u64))
    }

    /// If the one in front has ended, the caller has its turn, and does this [Q4].
    fn take_over(&mut self) -> Option<End<E>> {
        let end = match self.window.front.phase() {
            Phase::Cancelled => End::Cancel,
            Phase::Failed => self.failures.take(self.first).map_or(End::Cancel, End::Fail),
            Phase::Kept | Phase::Vacant | Phase::Writing | Phase::Reading => return None,
        };
        self.window.front.set(Phase::Writing);
        self.node.writing(self.first);
        Some(end)
    }

    /// A writer leaves as `how` says, unless it has its turn: then `false`, and it does that.
    pub(super) fn end_early(&mut self, number: u64, how: &mut Option<End<E>>) -> bool {
        let is_turn = number == self.first && self.started;
        if let Some(end) = how.take_if(|_| !is_turn) {
            self.ended(number, end);
        }
        !is_turn
    }

    /// A writer has left before its turn.
    fn ended(&mut self, number: u64, end: End<E>) {
        let phase = match end {
            End::Keep => Phase::Kept,
            End::Cancel => Phase::Cancelled,
            End::Fail(failure) => {
                self.failures.put(number, failure);
                Phase::Failed
            }
        };
        self.at(number).set(phase);
        self.node.ended(number);
    }

    /// Whether the one in front is over, and not the last.
    #[inline]
    fn is_over(&self) -> bool {
        self.window.behind() > 0 && self.window.front.is_over()
    }

    #[inline]
    fn at(&mut self, number: u64) -> &mut Epoch {
        self.window.nth((number - self.first) as usize)
    }

    /// Has those who enrol come before those who did, until it is started. Only for a new one.
    #[cfg(feature = "alloc")]
    pub(super) fn reverse(&mut self) {
        (self.first, self.started) = (1 << 62, false);
    }

    /// A place in the first epoch, if that has no writer yet, or else in a new one before it.
    #[cfg(feature = "alloc")]
    fn before(&mut self, phase: Phase, site: Site) -> Place {
        self.hold();
        self.node();
        if !self.window.front.is(Phase::Vacant) {
            self.window.push_front(Epoch::new(Phase::Vacant));
            self.first -= 1;
            self.node.prepend(self.first, site);
        }
        self.window.front.set(phase);
        Place { number: self.first, now: false, idle: true, seat: Seat::NONE }
    }

    /// Enrols a reader before all others, with a handle.
    #[cfg(feature = "alloc")]
    pub(super) fn read_before(&mut self, site: Site) -> Place {
        let place = self.before(Phase::Vacant, site);
        self.window.front.add_reader();
        Place { seat: self.node.reader(place.number), ..place }
    }

    /// Enrols a writer before all others, with a handle.
    #[cfg(feature = "alloc")]
    pub(super) fn write_before(&mut self, site: Site) -> Place {
        let place = self.before(Phase::Writing, site);
        self.node.writing(place.number);
        Place { seat: self.node.writer(place.number), ..place }
    }

    /// The last that has come of what may be waited for.
    #[inline]
    pub(super) fn come(&self) -> Option<Key> {
        if !self.started {
            return None;
        }
        let is_read = self.window.front.is(Phase::Reading);
        Some(if is_read { Key::reader(self.first) } else { Key::writer(self.first) })
    }

    /// Whether what somebody waits for has come.
    #[inline]
    pub(super) fn is_due(&self, key: Key) -> bool {
        self.come().is_some_and(|come| key <= come)
    }
}

/// A reader leaves.
#[inline(always)]
pub(super) fn leave<E>(turn: &mut Inside<'_, E>, number: u64) -> Next {
    let queue = &mut *turn.state;
    if number != queue.first {
        queue.at(number).remove_reader();
        return Next::Nothing;
    }
    queue.window.front.remove_reader();
    // [Q6] Where it is not passed nobody becomes due.
    if queue.is_over() { advance(turn) } else { Next::Nothing }
}

/// The turn in front is over: what was written may be read.
#[inline]
pub(super) fn pass<E>(turn: &mut Inside<'_, E>) -> Next {
    let queue = &mut *turn.state;
    queue.window.front.set(Phase::Reading);
    queue.node.reading(queue.first);
    // Nobody waits for it, and nobody comes after it.
    if queue.window.behind() == 0 && queue.window.front.is_over() {
        return Next::Nothing;
    }
    advance(turn)
}

/// Somebody who could enrol writers goes. When nobody can any more, nobody writes a vacant epoch.
pub(super) fn disown<E>(turn: &mut Inside<'_, E>) -> Next {
    let queue = &mut *turn.state;
    queue.owners -= 1;
    if queue.owners > 0 || !queue.window.back().is(Phase::Vacant) {
        return Next::Nothing;
    }
    queue.ended(queue.first + queue.window.behind() as u64, End::Cancel);
    advance(turn)
}

/// Has a queue that was built backwards begin. A first epoch that nobody writes is cancelled.
#[cfg(feature = "alloc")]
pub(super) fn start<E>(turn: &mut Inside<'_, E>) -> Next {
    turn.state.started = true;
    if turn.state.window.front.is(Phase::Vacant) {
        turn.state.ended(turn.state.first, End::Cancel);
    }
    advance(turn)
}

/// Passes what is over, and says who is next.
#[inline]
pub(super) fn advance<E>(turn: &mut Inside<'_, E>) -> Next {
    let queue = &mut *turn.state;
    if !queue.started {
        return Next::Nothing;
    }
    for _ in 0..STRIDE {
        if queue.window.front.is_over() && queue.window.pop() {
            queue.first += 1;
            queue.node.front(queue.first);
        }
        match queue.window.front.phase() {
            Phase::Kept => {
                queue.window.front.set(Phase::Reading);
                queue.node.reading(queue.first);
            }
            Phase::Cancelled | Phase::Failed => return Next::More,
            Phase::Vacant | Phase::Writing | Phase::Reading => {
                if !queue.is_over() {
                    return due(turn);
                }
            }
        }
    }
    Next::More
}

/// Goes on after [`Next::More`]; or else the caller has the turn in front, and does this [Q4].
pub(super) fn resume<E>(turn: &mut Inside<'_, E>) -> Result<Next, End<E>> {
    if let Some(end) = turn.state.take_over() {
        return Err(end);
    }
    let next = advance(turn);
    let end = if next == Next::More { turn.state.take_over() } else { None };
    end.map_or(Ok(next), Err)
}

/// Whether somebody is to be woken.
#[inline]
fn due<E>(turn: &mut Inside<'_, E>) -> Next {
    if is_first_due(turn) { Next::Wake } else { Next::Nothing }
}

/// Whether what the first in line waits for has come.
#[inline]
pub(super) fn is_first_due<E>(turn: &mut Inside<'_, E>) -> bool {
    turn.first().copied().is_some_and(|key| turn.state.is_due(key))
}
