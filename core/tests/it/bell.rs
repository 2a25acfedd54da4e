//! Wakers for tests: one that writes a word into a log, and one that calls back at clone, wake and drop.

#![expect(unsafe_code, reason = "a waker made by hand sees its clones and drops")]

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker},
};

/// A trace of words.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, word: impl Into<String>) {
        self.0.lock().unwrap().push(word.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// A waker that writes `word`.
    pub(crate) fn bell(&self, word: impl Into<String>) -> Waker {
        Waker::from(Arc::new(Bell { log: self.clone(), word: word.into() }))
    }
}

struct Bell {
    log: Log,
    word: String,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.log.add(self.word.clone());
    }
}

/// What happens to a waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Clone,
    Wake,
    Drop,
}

/// A waker that calls `hook`. It allocates nothing.
pub(crate) fn hooked(hook: fn(Event)) -> Waker {
    // SAFETY: the functions of `HOOKED` keep the contract of a waker: their data is a function, which lives for ever.
    unsafe { Waker::from_raw(RawWaker::new(hook as *const (), &HOOKED)) }
}

static HOOKED: RawWakerVTable = RawWakerVTable::new(
    |data| {
        call(data, Event::Clone);
        RawWaker::new(data, &HOOKED)
    },
    |data| {
        call(data, Event::Wake);
        call(data, Event::Drop);
    },
    |data| call(data, Event::Wake),
    |data| call(data, Event::Drop),
);

fn call(data: *const (), event: Event) {
    // SAFETY: `hooked` put a `fn(Event)` there.
    let hook = unsafe { std::mem::transmute::<*const (), fn(Event)>(data) };
    hook(event);
}

/// Polls once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}
