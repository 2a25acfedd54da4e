//! A flow copies all that a source still has to a sink: received chunks are sent as they are and recycled when sent, no byte is copied.
//!
//! | source      | sink            | the copy                                                     |
//! |-------------|-----------------|--------------------------------------------------------------|
//! | has bytes   | has room        | hands the chunks over                                        |
//! | has bytes   | is full         | waits for the sink: the peer that sends feels it             |
//! | is empty    | any             | waits for the source; what was handed over goes out meanwhile|
//! | has ended   | any             | waits until all is sent, then resolves                       |

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{reader::Reader, writer::Writer};
use crate::error::{CopyError, End};

/// Bytes that a copy keeps queued at the sink, at most, before it waits.
const LEVEL: usize = 256 * 1024;

/// Copies between streams.
#[derive(Debug)]
pub struct Flow;

impl Flow {
    /// Copies from `source` to its end; resolves, with the number of bytes, when the kernel has taken them all. Closes neither.
    ///
    /// # Errors
    /// Which end failed, how many bytes had been handed over, and why; at once where the two belong to different runtimes.
    ///
    /// # Cancel safety
    /// What was taken from the source is queued at the sink and still goes out; nothing is lost or doubled.
    pub fn copy<'a>(source: &'a mut Reader, sink: &'a mut Writer) -> Copy<'a> {
        Copy { source, sink, copied: 0, ended: false }
    }
}

/// A copy on its way: see [`Flow::copy`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Copy<'a> {
    source: &'a mut Reader,
    sink: &'a mut Writer,
    copied: u64,
    ended: bool,
}

impl Copy<'_> {
    fn failed(&self, end: End, source: io::Error) -> Poll<Result<u64, CopyError>> {
        Poll::Ready(Err(CopyError { copied: self.copied, end, source }))
    }

    /// What a reader had gathered for an earlier call goes first.
    #[cold]
    fn forward_gathered(&mut self) -> io::Result<()> {
        let (gathered, _) = self.source.parts();
        self.sink.outbound().append(gathered)?;
        self.copied += gathered.len() as u64;
        gathered.clear();
        Ok(())
    }

    /// Moves chunks until the source is empty or the sink is full.
    fn poll_forward(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), (End, io::Error)>> {
        if !self.source.parts().1.is_beside(self.sink.outbound()) {
            let text = "source and sink belong to different runtimes: copy inside one";
            return Poll::Ready(Err((End::Sink, io::Error::new(io::ErrorKind::InvalidInput, text))));
        }
        if !self.source.parts().0.is_empty() {
            self.forward_gathered().map_err(|error| (End::Sink, error))?;
        }
        loop {
            let (_, inbound) = self.source.parts();
            let outbound = self.sink.outbound();
            match inbound.poll_fill(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err((End::Source, error))),
                Poll::Pending => {
                    return match outbound.poll_failure(cx) {
                        Poll::Ready(error) => Poll::Ready(Err((End::Sink, error))),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
            let moved = inbound.forward(outbound, LEVEL);
            self.copied += moved as u64;
            if moved == 0 {
                ready!(outbound.poll_below(cx, LEVEL)).map_err(|error| (End::Sink, error))?;
            }
        }
    }
}

impl Future for Copy<'_> {
    type Output = Result<u64, CopyError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if !this.ended {
            match ready!(this.poll_forward(cx)) {
                Ok(()) => this.ended = true,
                Err((end, error)) => return this.failed(end, error),
            }
        }
        match ready!(this.sink.outbound().poll_below(cx, 0)) {
            Ok(()) => Poll::Ready(Ok(this.copied)),
            Err(error) => this.failed(End::Sink, error),
        }
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        self.sink.outbound().stop_waiting();
    }
}
