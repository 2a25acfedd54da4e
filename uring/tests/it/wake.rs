//! Wakes from other threads reach a worker that sleeps in its ring, every time.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    io::Write,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
};

use tidemill_uring::{
    net::TcpStream,
    runtime::{Runtime, spawn},
};

use crate::stage::{listener, pair, peer, run, turn, until};

#[derive(Default)]
struct Bell {
    rung: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        // ordering: Release pairs with Acquire in `rung`; the lock below orders it for whoever registers late.
        self.rung.fetch_add(1, Ordering::Release);
        let waker = self.waker.lock().expect("nobody panics with it").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn rung(&self, times: usize) {
        poll_fn(|cx| {
            *self.waker.lock().expect("nobody panics with it") = Some(cx.waker().clone());
            // ordering: Acquire pairs with Release in `ring`.
            if self.rung.load(Ordering::Acquire) >= times { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

// io 38
#[test]
fn ten_thousand_wakes_from_another_thread_all_arrive() {
    run(async {
        const ROUNDS: usize = 10_000;
        let bell = Arc::new(Bell::default());
        let (ask, asked) = mpsc::channel::<()>();
        let ringing = bell.clone();
        let ringer = peer(move || {
            for round in 0..ROUNDS {
                asked.recv().expect("asked");
                // Now and then late enough for the worker to be asleep.
                if round % 100 == 0 {
                    std::thread::yield_now();
                }
                ringing.ring();
            }
        });
        for round in 1..=ROUNDS {
            ask.send(()).expect("the ringer lives");
            bell.rung(round).await;
        }
        ringer.await;
    });
}

#[test]
fn wakes_of_many_threads_at_once_all_arrive() {
    run(async {
        const ROUNDS: usize = 2000;
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let bell = Arc::new(Bell::default());
                let ringing = bell.clone();
                let ringer = peer(move || (0..ROUNDS).for_each(|_| ringing.ring()));
                spawn(async move {
                    bell.rung(ROUNDS).await;
                    ringer.await;
                })
                .expect("inside a runtime")
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
}

#[test]
fn wakers_outlive_their_runtime() {
    let bell = Arc::new(Bell::default());
    let kept = bell.clone();
    run(async move {
        drop(spawn(async move { kept.rung(1).await }));
        turn().await;
    });
    bell.ring();
}

/// Does things to the ring whenever it is woken or dropped.
struct Meddler;

thread_local! {
    static TOYS: RefCell<Vec<TcpStream>> = const { RefCell::new(Vec::new()) };
    static MEDDLED: Cell<usize> = const { Cell::new(0) };
}

impl Meddler {
    fn meddle() {
        MEDDLED.set(MEDDLED.get() + 1);
        drop(Runtime::current_stats());
        let toy = TOYS.with(|toys| toys.borrow_mut().pop());
        if let Some(mut toy) = toy {
            drop(toy.both().1.try_write(b"meddled"));
            drop(toy);
        }
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        Self::meddle();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Self::meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        Self::meddle();
    }
}

#[test]
fn wakers_may_reenter_the_ring_when_woken_and_when_dropped() {
    run(async {
        let mut peers = Vec::new();
        for round in 0..8 {
            for _ in 0..3 {
                let (toy, their) = pair().await;
                TOYS.with(|toys| toys.borrow_mut().push(toy));
                peers.push(their);
            }
            let (mut ours, mut theirs) = pair().await;
            let (mut listening, addr) = listener();
            let before = MEDDLED.get();
            {
                let waker = Waker::from(Arc::new(Meddler));
                let mut cx = Context::from_waker(&waker);
                let mut fill = pin!(ours.both().0.fill());
                assert!(fill.as_mut().poll(&mut cx).is_pending());
                assert!(pin!(listening.accept()).poll(&mut cx).is_pending());
                // Another takes the seat: the first is dropped.
                let other = Waker::from(Arc::new(Meddler));
                assert!(fill.as_mut().poll(&mut Context::from_waker(&other)).is_pending());
            }
            if round % 2 == 0 {
                theirs.write_all(b"x").expect("written");
                peers.push(std::net::TcpStream::connect(addr).expect("backlog"));
                until("it was woken", || MEDDLED.get() > before).await;
            }
            turn().await;
            drop((ours, listening));
            turn().await;
            assert!(MEDDLED.get() > before, "the wakers did something");
        }
        TOYS.with(|toys| toys.borrow_mut().clear());
    });
}
