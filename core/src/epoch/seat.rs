//! A seat is a place in the queue of a value: that of one who may enrol others, of a reader, or of a writer.
//!
//! | seat       | made by                   | dropped                                                          |
//! |------------|---------------------------|------------------------------------------------------------------|
//! | [`Owner`]  | the value, or a clone     | the last one cancels an epoch that nobody can write any more     |
//! | [`Reader`] | an owner, or a clone      | leaves its epoch                                                 |
//! | [`Writer`] | an owner                  | ends its epoch: what there is stays, or is gone                  |
//!
//! The invariants [S1] to [S5] are those of the [slot](super::slot) that they reach.

#![expect(unsafe_code, reason = "lends what is in a slot to whoever's turn it is")]

use core::mem::{self, ManuallyDrop};
#[cfg(feature = "alloc")]
use core::{pin::Pin, task::Waker};

use crate::{
    dag::{self, Seat, Site},
    epoch::{
        phase::{End, Key},
        queue::{disown, leave, pass},
        slot::{Cell, Content, Handle, Line},
        step::Place,
    },
    error::WindowFull,
    lock::RawLock,
};
#[cfg(feature = "alloc")]
use crate::{
    epoch::queue::{Queue, start},
    wait::Waiter,
};

/// Who may enrol readers and writers.
pub(super) struct Owner<T, E: 'static, L: RawLock>(Handle<T, E, L>);

impl<T, E, L: RawLock> Owner<T, E, L> {
    /// The first one of a boxed value.
    #[cfg(feature = "alloc")]
    #[cfg_attr(feature = "dag", track_caller)]
    pub(super) fn boxed(content: Content<T, E>) -> Self {
        Self(Handle::boxed(content, Site::here()))
    }

    /// The first one of a value in a static.
    ///
    /// # Safety
    /// Nobody has asked before.
    pub(super) unsafe fn placed(cell: &'static Cell<T, E, L>) -> Self {
        Self(Handle::placed(cell))
    }

    pub(super) fn line(&self) -> &Line<E, L> {
        &self.0.line
    }

    /// Names the value.
    #[inline]
    pub(super) fn label(&self, label: &'static str) {
        if dag::Value::SHOWN {
            self.0.line.with(|turn| turn.state.label(label));
        }
    }

    /// Enrols a reader.
    #[inline]
    pub(super) fn read(&self) -> Reader<T, E, L> {
        let place = self.0.line.with(|turn| turn.state.read());
        Reader { place, cell: self.0.counted() }
    }

    /// A reader that is enrolled later.
    ///
    /// # Safety
    /// [`Reader::enrol`] comes before all else that is done with it, its drop included.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) unsafe fn read_later(&self) -> Reader<T, E, L> {
        let place = Place { number: 0, now: false, idle: false, seat: Seat::NONE };
        Reader { place, cell: self.0.counted() }
    }

    /// Enrols a writer. One that is dropped leaves what there is where it `keeps`, or else nothing.
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub(super) fn write(&self, keeps: bool) -> Result<Writer<T, E, L>, WindowFull> {
        let site = Site::here();
        let place = self.0.line.with(|turn| turn.state.write(site))?;
        Ok(Writer::new(self.0.counted(), place, keeps))
    }
}

#[cfg(feature = "alloc")]
impl<T, E, L: RawLock> Owner<T, E, L> {
    /// Enrols a reader before all others, while it is built backwards.
    #[cfg_attr(feature = "dag", track_caller)]
    pub(super) fn read_before(&self) -> Reader<T, E, L> {
        let site = Site::here();
        let place = self.0.line.with(|turn| turn.state.read_before(site));
        Reader { place, cell: self.0.counted() }
    }

    /// Enrols a writer before all others, while it is built backwards.
    #[cfg_attr(feature = "dag", track_caller)]
    pub(super) fn write_before(&self, keeps: bool) -> Writer<T, E, L> {
        let site = Site::here();
        let place = self.0.line.with(|turn| turn.state.write_before(site));
        Writer::new(self.0.counted(), place, keeps)
    }

    /// Has a value that was built backwards begin.
    pub(super) fn start(&self) {
        let next = self.0.line.with(start);
        self.0.settle(next);
    }
}

impl<T, E, L: RawLock> Clone for Owner<T, E, L> {
    fn clone(&self) -> Self {
        self.0.line.with(|turn| turn.state.own());
        Self(self.0.counted())
    }
}

impl<T, E, L: RawLock> Drop for Owner<T, E, L> {
    fn drop(&mut self) {
        // SAFETY: [S1] it goes here.
        unsafe { self.0.step(disown) };
    }
}

/// Where somebody is enrolled: what it takes to wait there.
pub struct Spot<'a, E: 'static, L: RawLock> {
    pub(super) line: &'a Line<E, L>,
    pub(super) key: Key,
    /// Whether its time was found come.
    pub(super) now: bool,
    /// Whether nobody was there, when it was enrolled, who could bring its time.
    pub(super) idle: bool,
    /// By what it is written down.
    pub(crate) seat: Seat,
}

/// Who reads an epoch, or will.
pub(super) struct Reader<T, E: 'static, L: RawLock> {
    cell: Handle<T, E, L>,
    place: Place,
}

impl<T, E, L: RawLock> Reader<T, E, L> {
    fn key(&self) -> Key {
        Key::reader(self.place.number)
    }

    /// Where it is waited for.
    #[inline]
    pub(super) fn spot(&self) -> Spot<'_, E, L> {
        let Place { now, idle, seat, .. } = self.place;
        Spot { line: &self.cell.line, key: self.key(), now, idle, seat }
    }

    /// Enrols it, and has it wait in line with `waker` where it `lies` down at its place, whose time is not now; or else hands that back.
    ///
    /// # Safety
    /// It was made by [`Owner::read_later`], and is not enrolled. The waiter is one of its line, and in none.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) unsafe fn enrol(
        &mut self,
        waiter: Pin<&mut Waiter<'_, L, Queue<E>, Key>>,
        waker: Waker,
        lies: impl FnOnce(&Place) -> bool,
    ) -> Option<Waker> {
        let (place, waker) = waiter.join_last(waker, |turn| {
            let place = turn.state.read();
            // Its epoch is the last there is, so nobody waits for a later one.
            (place, lies(&place).then(|| Key::reader(place.number)))
        });
        self.place = place;
        waker
    }

    /// Finds out whether its time has come.
    #[inline]
    pub(super) fn look(&self) -> bool {
        self.place.now || self.cell.line.with(|turn| turn.state.is_due(self.key()))
    }

    /// Remembers that its time has come.
    ///
    /// # Safety
    /// It was found come [S3].
    #[inline]
    pub(super) unsafe fn come(&mut self) {
        self.place.now = true;
    }

    /// What there is to read.
    ///
    /// # Safety
    /// Its time was found come.
    #[inline]
    pub(super) unsafe fn content_now(&self) -> &Content<T, E> {
        // SAFETY: [S2] by the contract above, nobody writes until this reader, which the result borrows, is dropped.
        self.cell.content.with(|content| unsafe { &*content })
    }

    /// What there is to read, if its time has come.
    #[inline]
    pub(super) fn content(&self) -> Option<&Content<T, E>> {
        if !self.look() {
            return None;
        }
        // SAFETY: it was found come just now, or before.
        Some(unsafe { self.content_now() })
    }
}

impl<T, E, L: RawLock> Clone for Reader<T, E, L> {
    fn clone(&self) -> Self {
        let place = self.cell.line.with(|turn| turn.state.read_too(self.place));
        Self { cell: self.cell.counted(), place }
    }
}

impl<T, E, L: RawLock> Reader<T, E, L> {
    /// Leaves its epoch.
    ///
    /// # Safety
    /// It is not used any more, and not dropped [S1].
    #[inline(always)]
    pub(super) unsafe fn leave(&mut self) {
        let number = self.place.number;
        self.place.seat.leaves();
        // SAFETY: [S1] by the contract above.
        unsafe { self.cell.step(|turn| leave(turn, number)) };
    }
}

impl<T, E, L: RawLock> Drop for Reader<T, E, L> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: [S1] it goes here.
        unsafe { self.leave() };
    }
}

/// Who writes an epoch, or will.
pub(super) struct Writer<T, E: 'static, L: RawLock> {
    cell: Handle<T, E, L>,
    // What a [`Place`] has, flat: so it takes three words.
    number: u64,
    now: bool,
    idle: bool,
    seat: Seat,
    /// How it leaves when it is dropped: what there is stays, or else is gone.
    pub(super) keeps: bool,
}

impl<T, E, L: RawLock> Writer<T, E, L> {
    #[inline]
    fn new(cell: Handle<T, E, L>, place: Place, keeps: bool) -> Self {
        let Place { number, now, idle, seat } = place;
        Self { cell, number, now, idle, seat, keeps }
    }

    fn key(&self) -> Key {
        Key::writer(self.number)
    }

    /// Where it is waited for.
    #[inline]
    pub(super) fn spot(&self) -> Spot<'_, E, L> {
        let &Self { now, idle, seat, .. } = self;
        Spot { line: &self.cell.line, key: self.key(), now, idle, seat }
    }

    /// Finds out whether its turn has come, and remembers it.
    #[inline]
    pub(super) fn arrive(&mut self) -> bool {
        let key = self.key();
        self.now = self.now || self.cell.line.with(|turn| turn.state.is_due(key));
        self.now
    }

    /// Remembers that its turn has come.
    ///
    /// # Safety
    /// It was found come [S3].
    #[inline]
    pub(super) unsafe fn come(&mut self) {
        self.now = true;
    }

    /// What there is, if its turn was found come.
    #[inline]
    pub(super) fn content(&mut self) -> Option<&mut Content<T, E>> {
        if !self.now {
            return None;
        }
        // SAFETY: [S2] it has its turn, and the result borrows it.
        Some(self.cell.content.with_mut(|content| unsafe { &mut *content }))
    }

    /// As [`content`](Self::content), with how it leaves when it is dropped.
    pub(super) fn content_and_keeps(&mut self) -> Option<(&mut Content<T, E>, &mut bool)> {
        if !self.now {
            return None;
        }
        // SAFETY: [S2] it has its turn, and the result borrows it.
        let content = self.cell.content.with_mut(|content| unsafe { &mut *content });
        Some((content, &mut self.keeps))
    }

    /// As [`content`](Self::content), to look at.
    #[inline]
    pub(super) fn shared(&self) -> Option<&Content<T, E>> {
        if !self.now {
            return None;
        }
        // SAFETY: [S2] it has its turn, and the result borrows it.
        Some(self.cell.content.with(|content| unsafe { &*content }))
    }

    /// Leaves like this.
    #[inline]
    pub(super) fn end(self, end: End<E>) {
        let mut ended = ManuallyDrop::new(self);
        // SAFETY: it is not dropped.
        unsafe { ended.leave(end) };
    }

    /// Leaves like this.
    ///
    /// # Safety
    /// It is not used any more [S1].
    unsafe fn leave(&mut self, how: End<E>) {
        let number = self.number;
        self.seat.leaves();
        let mut how = Some(how);
        if !self.now {
            // SAFETY: [S1] by the contract above.
            if unsafe { self.cell.part_if(|queue| queue.end_early(number, &mut how)) } {
                return;
            }
            // Its turn was found come there [S3].
            self.now = true;
        }
        let content = self.content().expect("it has its turn");
        let _before = match how {
            None | Some(End::Keep) => None,
            Some(End::Cancel) => Some(mem::replace(content, Content::Nothing)),
            Some(End::Fail(error)) => Some(mem::replace(content, Content::Failed(error))),
        };
        let now = content.is();
        // SAFETY: [S1] by the contract above.
        unsafe {
            self.cell.step(|turn| {
                turn.state.node().hold(now);
                pass(turn)
            });
        }
        // [S5] The lock is free where `_before` is dropped.
    }
}

impl<T, E, L: RawLock> Drop for Writer<T, E, L> {
    #[inline]
    fn drop(&mut self) {
        if self.keeps && self.now && !dag::Value::SHOWN {
            // SAFETY: [S1] the handle goes here.
            return unsafe { self.cell.step(pass) };
        }
        let end = if self.keeps { End::Keep } else { End::Cancel };
        // SAFETY: [S1] the handle goes here.
        unsafe { self.leave(end) };
    }
}
