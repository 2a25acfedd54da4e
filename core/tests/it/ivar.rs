//! `Ivar`: filled once, read by many.

use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    sync::{Arc, Barrier},
    task::{Poll, Wake, Waker},
    thread,
};

use tidemill_core::{
    error::{Abandoned, Filled},
    ivar::{Ivar, Read},
    local,
    lock::{Lock, RawLock},
};

use crate::{
    alloc::allocations,
    bell::{Event, Log, hooked, poll},
};

// async 1, 2
#[test]
fn a_second_value_is_handed_back_and_the_first_stays() {
    let ivar = Ivar::new();
    assert!(!ivar.is_full());
    assert_eq!(ivar.fill(1), Ok(()));
    assert_eq!(ivar.fill(2), Err(Filled(2)));
    assert_eq!((ivar.peek(), ivar.is_full()), (Some(&1), true));
}

// async 3
#[test]
fn filling_sets_the_value_at_once_and_only_wakes() {
    static IVAR: Ivar<u32> = Ivar::new();
    thread_local!(static SEEN: Cell<Option<&'static u32>> = const { Cell::new(None) });
    let ran = Cell::new(false);
    let mut handler = pin!(async {
        assert_eq!(IVAR.read().await, Ok(&7));
        ran.set(true);
    });
    let waker = hooked(|event| {
        if event == Event::Wake {
            SEEN.set(IVAR.peek());
        }
    });
    assert!(poll(handler.as_mut(), &waker).is_pending());
    IVAR.fill(7).unwrap();
    assert_eq!((SEEN.get(), IVAR.peek(), ran.get()), (Some(&7), Some(&7), false));
    assert!(poll(handler, &waker).is_ready());
    assert!(ran.get());
}

// async 5, 6
#[test]
fn readers_are_woken_once_each_in_the_order_in_which_they_began_to_wait() {
    for n in [0, 1, 2, 3, 4, 5, 15, 16, 17, 40] {
        let (ivar, log) = (Ivar::new(), Log::default());
        let mut readers: Vec<_> = (0..n).map(|_| Box::pin(ivar.read())).collect();
        for round in ["first", "second"] {
            // Polling again with another waker replaces the waker and keeps the place, whatever the order.
            let order: Vec<usize> =
                if round == "first" { (0..n).collect() } else { (0..n).rev().collect() };
            for at in order {
                assert!(
                    poll(readers[at].as_mut(), &log.bell(format!("{round} {at}"))).is_pending()
                );
            }
        }
        ivar.fill("value").unwrap();
        assert_eq!(log.take(), (0..n).map(|at| format!("second {at}")).collect::<Vec<_>>());
        for mut reader in readers {
            assert_eq!(poll(reader.as_mut(), Waker::noop()), Poll::Ready(Ok(&"value")));
        }
        assert!(log.take().is_empty());
    }
}

#[test]
fn closing_abandons_the_readers_and_hands_later_values_back() {
    let (ivar, log) = (Ivar::new(), Log::default());
    let mut early = pin!(ivar.read());
    assert!(poll(early.as_mut(), &log.bell("early")).is_pending());
    ivar.close();
    assert_eq!(log.take(), ["early"]);
    assert_eq!(poll(early, Waker::noop()), Poll::Ready(Err(Abandoned)));
    assert_eq!(poll(pin!(ivar.read()), Waker::noop()), Poll::Ready(Err(Abandoned)));
    assert_eq!(ivar.fill(1), Err(Filled(1)));
    ivar.close();
    assert_eq!((ivar.peek(), ivar.is_full()), (None, false));
}

#[test]
fn closing_a_full_ivar_changes_nothing() {
    let ivar = Ivar::new();
    ivar.fill(1).unwrap();
    ivar.close();
    assert_eq!(poll(pin!(ivar.read()), Waker::noop()), Poll::Ready(Ok(&1)));
}

#[test]
fn a_dropped_reader_is_not_woken_and_its_neighbours_are() {
    for leaves in 0..3 {
        let (ivar, log) = (local::Ivar::new_in(), Log::default());
        let mut readers: Vec<_> = (0..3).map(|_| Box::pin(ivar.read())).collect();
        for (n, reader) in readers.iter_mut().enumerate() {
            assert!(poll(reader.as_mut(), &log.bell(n.to_string())).is_pending());
        }
        drop(readers.remove(leaves));
        ivar.fill(()).unwrap();
        assert_eq!(
            log.take(),
            (0..3).filter(|&n| n != leaves).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_reader_dropped_between_two_batches_of_wakes_is_not_woken() {
    static IVAR: Ivar<u32> = Ivar::new();
    thread_local!(static LATER: RefCell<Vec<Pin<Box<Read<'static, u32>>>>> = const { RefCell::new(Vec::new()) });
    let log = Log::default();
    // The fourth of the first batch drops the readers 20 to 29.
    let axe = hooked(|event| {
        if event == Event::Wake {
            LATER.take().clear();
        }
    });
    let mut readers: Vec<_> = (0..40).map(|_| Box::pin(IVAR.read())).collect();
    for (n, reader) in readers.iter_mut().enumerate() {
        let waker = if n == 3 { axe.clone() } else { log.bell(n.to_string()) };
        assert!(poll(reader.as_mut(), &waker).is_pending());
    }
    LATER.set(readers.drain(20..30).collect());
    IVAR.fill(1).unwrap();
    let woken = (0..40).filter(|n| *n != 3 && !(20..30).contains(n));
    assert_eq!(log.take(), woken.map(|n| n.to_string()).collect::<Vec<_>>());
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_does_not_cost_the_others_their_wake() {
    let (ivar, log) = (Ivar::new(), Log::default());
    let mut readers: Vec<_> = (0..40).map(|_| Box::pin(ivar.read())).collect();
    for (n, reader) in readers.iter_mut().enumerate() {
        let waker = if n == 5 { Waker::from(Arc::new(Panics)) } else { log.bell(n.to_string()) };
        assert!(poll(reader.as_mut(), &waker).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| ivar.fill(1))).is_err());
    assert_eq!(log.take().len(), 39);
    assert_eq!(ivar.peek(), Some(&1));
}

#[test]
fn the_value_is_dropped_once_or_handed_out() {
    let value = Rc::new(());
    let count = || Rc::strong_count(&value);

    let ivar = local::Ivar::new_in();
    ivar.fill(value.clone()).unwrap();
    drop(ivar.fill(value.clone()));
    assert_eq!(count(), 2);
    drop(ivar);
    assert_eq!(count(), 1);

    let mut ivar = local::Ivar::new_in();
    assert_eq!(ivar.take(), None);
    ivar.fill(value.clone()).unwrap();
    assert_eq!(ivar.take().map(|taken| Rc::strong_count(&taken)), Some(2));
    // It is as new, and can be filled and waited for again.
    let log = Log::default();
    let mut read = Box::pin(ivar.read());
    assert!(poll(read.as_mut(), &log.bell("again")).is_pending());
    ivar.fill(value.clone()).unwrap();
    assert_eq!(log.take(), ["again"]);
    drop(read);
    assert_eq!(ivar.into_inner().map(|taken| Rc::strong_count(&taken)), Some(2));
    assert_eq!(count(), 1);
}

#[test]
fn a_reader_outlives_nothing_but_is_what_its_ivar_is() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    // `Send` where the value is, `Sync` where the value is both and the lock excludes.
    send::<Ivar<Cell<u8>>>();
    sync::<Ivar<u8>>();
    send::<local::Ivar<u8>>();
    send::<Read<'static, u8, Lock>>();
    sync::<Read<'static, u8, Lock>>();
}

#[test]
fn waiting_filling_and_reading_allocate_nothing() {
    static WOKEN: Ivar<()> = Ivar::new();
    fn whole_life<L: RawLock>() {
        let waker = hooked(|event| {
            if event == Event::Wake {
                let _ = WOKEN.fill(());
            }
        });
        let ivar: Ivar<[u64; 8], L> = Ivar::new_in();
        let (mut one, mut two) = (pin!(ivar.read()), pin!(ivar.read()));
        assert!(poll(one.as_mut(), &waker).is_pending() && poll(two.as_mut(), &waker).is_pending());
        assert!(poll(one.as_mut(), Waker::noop()).is_pending());
        ivar.fill([1; 8]).unwrap();
        assert!(poll(one, &waker).is_ready() && poll(two, &waker).is_ready());
    }
    assert_eq!(allocations(whole_life::<Lock>), 0);
    assert_eq!(allocations(whole_life::<tidemill_core::lock::Unlocked>), 0);
    assert!(WOKEN.is_full());
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match poll(future.as_mut(), &waker) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn many_threads_read_what_one_of_several_filled() {
    for _ in 0..200 {
        let (ivar, start) = (Ivar::new(), Barrier::new(6));
        let won = thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        // One reader gives up after it began to wait.
                        start.wait();
                        let _ = poll(Box::pin(ivar.read()).as_mut(), Waker::noop());
                        wait(ivar.read()).map(Box::as_ref).copied()
                    })
                })
                .collect();
            let (ivar, start) = (&ivar, &start);
            let fillers: Vec<_> = (0..3)
                .map(|n| {
                    scope.spawn(move || {
                        start.wait();
                        ivar.fill(Box::new(n)).is_ok()
                    })
                })
                .collect();
            let won: Vec<_> = fillers.into_iter().map(|filler| filler.join().unwrap()).collect();
            for reader in readers {
                assert_eq!(reader.join().unwrap().map(|n| won[n]), Ok(true));
            }
            won
        });
        assert_eq!(won.into_iter().filter(|&won| won).count(), 1);
    }
}
