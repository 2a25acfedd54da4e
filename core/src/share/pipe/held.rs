//! Values that were read from one pipe and are flushed only with what became of them: written to another pipe, or processed.
//!
//! | held values are | when                                                     |
//! |-----------------|----------------------------------------------------------|
//! | going           | they were read, and not written yet                      |
//! | kept            | nobody waits for the pipe they come from to be flushed   |
//! | a wave          | somebody does: they wait for the other pipe to be flushed |
//! | done            | the wave is through, or all of this is dropped           |

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    lock::RawLock,
    share::pipe::{buffer::Buffer, reader::Reader, state::Event, watch::Watch, writer::Writer},
};

pin_project! {
    /// What was read from `from` and written to `to`.
    pub(super) struct Held<'a, A: Buffer, K: RawLock, B: Buffer, L: RawLock> {
        from: Reader<'a, A, K>,
        to: Writer<'a, B, L>,
        going: u64,
        kept: u64,
        wave: u64,
        #[pin]
        wanted: Watch<'a, A, K>,
        #[pin]
        flushed: Option<Watch<'a, B, L>>,
    }

    impl<A: Buffer, K: RawLock, B: Buffer, L: RawLock> PinnedDrop for Held<'_, A, K, B, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            done(*this.from, *this.going + *this.kept + *this.wave);
        }
    }
}

/// `count` values of a pipe are done.
pub(super) fn done<B: Buffer, L: RawLock>(from: Reader<'_, B, L>, count: u64) {
    if count > 0 {
        from.pipe.step(|state, after| state.finish(count, after));
    }
}

impl<'a, A: Buffer, K: RawLock, B: Buffer, L: RawLock> Held<'a, A, K, B, L> {
    pub(super) fn new(from: Reader<'a, A, K>, to: Writer<'a, B, L>) -> Self {
        let wanted = Watch::new(from.pipe, Event::Wanted);
        Self { from, to, going: 0, kept: 0, wave: 0, wanted, flushed: None }
    }

    /// One value more was read.
    pub(super) fn take(self: Pin<&mut Self>) {
        *self.project().going += 1;
    }

    /// What was read is written.
    pub(super) fn sent(self: Pin<&mut Self>) {
        let this = self.project();
        *this.kept += core::mem::take(this.going);
    }

    /// Whether somebody waits for a wave.
    pub(super) fn is_waited_for(&self) -> bool {
        self.flushed.is_some()
    }

    /// Sees to those that somebody waits for.
    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        loop {
            let mut this = self.as_mut().project();
            if let Some(flushed) = this.flushed.as_mut().as_pin_mut() {
                // Whether all of it was read, or dropped with the pipe: it is done.
                let Poll::Ready(_) = flushed.poll(cx) else { return };
                this.flushed.set(None);
                let wave = core::mem::take(this.wave);
                done(*this.from, wave);
                continue;
            }
            if *this.kept == 0 || this.wanted.as_mut().poll(cx).is_pending() {
                return;
            }
            this.wanted.set(Watch::new(this.from.pipe, Event::Wanted));
            *this.wave = core::mem::take(this.kept);
            this.flushed.set(Some(Watch::flushed(this.to.pipe)));
        }
    }
}
