//! Wakes from other threads reach a worker that sleeps in its ring, every time.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Poll, Waker},
};

use tidemill_uring::runtime::spawn;

use crate::stage::{peer, run};

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
        crate::stage::turn().await;
    });
    bell.ring();
}
