//! `Signal` and `Channel`: the latest value, and values in order, for one who waits.

use std::{
    pin::{Pin, pin},
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    error::ChannelFull,
    local,
    lock::{Lock, RawLock, Unlocked},
    share::{Channel, Signal},
};

use crate::{
    alloc::allocations,
    bell::{Event, Log, poll},
    nested::{assert_all_ran, nested, whole_life},
};

fn waits<F: Future>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(future.as_mut(), waker).is_pending());
    future
}

#[test]
fn the_latest_value_is_taken_once() {
    let signal = local::Signal::new_in();
    assert_eq!((signal.try_take(), signal.is_sent()), (None, false));
    signal.send(1);
    signal.send(2);
    assert!(signal.is_sent());
    assert_eq!(format!("{signal:?}"), "Signal(<sent>)");
    assert_eq!(poll(pin!(signal.wait()), Waker::noop()), Poll::Ready(2));
    assert_eq!(signal.try_take(), None);
    assert_eq!(format!("{signal:?}"), "Signal(<empty>)");
}

#[test]
fn who_waits_is_woken_once_for_all_that_is_sent_until_he_looks() {
    let (signal, log) = (Signal::new(), Log::default());
    let mut wait = waits(signal.wait(), &log.bell("sent"));
    assert!(poll(wait.as_mut(), &log.bell("sent again")).is_pending());
    // Another waker of the same: the one before is not needed any more.
    assert_eq!(log.take(), ["sent"]);
    signal.send('a');
    signal.send('b');
    assert_eq!(log.take(), ["sent again"]);
    assert_eq!(poll(wait.as_mut(), Waker::noop()), Poll::Ready('b'));
    assert!(poll(wait.as_mut(), &log.bell("next")).is_pending());
    signal.send('c');
    assert_eq!(log.take(), ["next"]);
}

#[test]
fn the_same_waker_stays_and_is_not_woken_by_itself() {
    let (signal, log) = (Signal::<u8>::new(), Log::default());
    let bell = log.bell("woken");
    let mut wait = waits(signal.wait(), &bell);
    assert!(poll(wait.as_mut(), &bell).is_pending());
    assert!(log.take().is_empty());
}

#[test]
fn a_second_who_waits_has_the_first_look_again_and_a_dropped_one_takes_nothing() {
    let (signal, log) = (Signal::new(), Log::default());
    let first = waits(signal.wait(), &log.bell("first"));
    let second = waits(signal.wait(), &log.bell("second"));
    assert_eq!(log.take(), ["first"]);
    signal.send(());
    assert_eq!(log.take(), ["second"]);
    drop((first, second));
    assert_eq!(signal.try_take(), Some(()));
}

#[test]
fn a_channel_is_first_in_first_out_and_each_side_wakes_the_other() {
    let (channel, log) = (Channel::<u32, 2>::new(), Log::default());
    let mut receive = waits(channel.receive(), &log.bell("value"));
    assert_eq!((channel.is_empty(), channel.capacity()), (true, 2));
    assert_eq!(poll(pin!(channel.send(1)), Waker::noop()), Poll::Ready(()));
    assert_eq!(channel.try_send(2), Ok(()));
    assert_eq!(log.take(), ["value"]);
    assert_eq!((channel.is_full(), channel.len()), (true, 2));
    assert_eq!(channel.try_send(3), Err(ChannelFull(3)));
    let mut send = waits(channel.send(3), &log.bell("room"));
    assert_eq!(poll(receive.as_mut(), Waker::noop()), Poll::Ready(1));
    assert_eq!(log.take(), ["room"]);
    assert_eq!(poll(send.as_mut(), Waker::noop()), Poll::Ready(()));
    assert_eq!(format!("{channel:?}"), "Channel(2 of 2)");
    let send = waits(channel.send(4), &log.bell("room"));
    assert_eq!(channel.try_receive(), Some(2));
    assert_eq!(log.take(), ["room"]);
    drop(send);
    assert_eq!((channel.try_receive(), channel.try_receive()), (Some(3), None));
}

#[test]
fn what_is_not_sent_is_dropped_with_its_future_and_what_is_not_received_with_the_channel() {
    let (channel, value) = (local::Channel::<Rc<()>, 1>::new_in(), Rc::new(()));
    assert!(channel.try_send(value.clone()).is_ok());
    drop(waits(channel.send(value.clone()), Waker::noop()));
    assert_eq!(Rc::strong_count(&value), 2);
    drop(channel);
    assert_eq!(Rc::strong_count(&value), 1);
    let signal = local::Signal::new_in();
    signal.send(value.clone());
    signal.send(value.clone());
    assert_eq!(Rc::strong_count(&value), 2);
    drop(signal);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_waker_that_nobody_wakes_is_dropped_with_its_signal() {
    static EVENTS: std::sync::Mutex<Vec<Event>> = std::sync::Mutex::new(Vec::new());
    let waker = crate::bell::hooked(|event| EVENTS.lock().unwrap().push(event));
    let signal = Signal::<u8>::new();
    drop(waits(signal.wait(), &waker));
    assert_eq!(*EVENTS.lock().unwrap(), [Event::Clone]);
    drop(signal);
    assert_eq!(*EVENTS.lock().unwrap(), [Event::Clone, Event::Drop]);
}

#[test]
fn a_signal_is_entered_from_its_wakers_and_the_drop_of_its_values() {
    static SIGNAL: Signal<Meddler> = Signal::new();
    struct Meddler;
    impl Drop for Meddler {
        fn drop(&mut self) {
            nested(Event::Drop, lives);
        }
    }
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        whole_life(|| SIGNAL.wait(), || SIGNAL.send(Meddler), again);
        SIGNAL.send(Meddler);
    }
    lives();
    assert_all_ran();
}

#[test]
fn a_channel_is_entered_from_its_wakers() {
    static CHANNEL: Channel<u8, 1> = Channel::new();
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        whole_life(|| CHANNEL.receive(), || assert!(CHANNEL.try_send(1).is_ok()), again);
        whole_life(|| CHANNEL.send(1), || while CHANNEL.try_receive().is_some() {}, again);
    }
    lives();
    assert_all_ran();
}

#[test]
fn sending_and_waiting_allocate_nothing() {
    fn whole_life<L: RawLock>() {
        let (signal, channel) = (Signal::<u32, L>::new_in(), Channel::<u32, 1, L>::new_in());
        let (mut wait, mut receive) = (pin!(signal.wait()), pin!(channel.receive()));
        assert!(poll(wait.as_mut(), Waker::noop()).is_pending());
        assert!(poll(receive.as_mut(), Waker::noop()).is_pending());
        signal.send(1);
        assert!(poll(pin!(channel.send(2)), Waker::noop()).is_ready());
        assert_eq!(poll(wait, Waker::noop()), Poll::Ready(1));
        assert_eq!(poll(receive, Waker::noop()), Poll::Ready(2));
    }
    assert_eq!(allocations(whole_life::<Lock>), 0);
    assert_eq!(allocations(whole_life::<Unlocked>), 0);
}
