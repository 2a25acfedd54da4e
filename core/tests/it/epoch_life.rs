//! How long a value lives: until the last who has to do with it goes.

use std::{pin::pin, rc::Rc, task::Poll};

use crate::{
    bell::{Log, poll},
    epoch_order::{Worded, now},
};

#[test]
fn a_value_goes_with_the_last_who_has_to_do_with_it_also_where_others_were_woken() {
    for readers in 1..4 {
        let (token, log) = (Rc::new(()), Log::default());
        let mut x = Worded::empty_in();
        let write = x.write();
        let buffers: Vec<_> = (0..readers).map(|_| x.read()).collect();
        drop(x);
        let mut waits: Vec<_> = buffers.iter().map(|reader| Box::pin(reader.get())).collect();
        for wait in &mut waits {
            assert!(poll(wait.as_mut(), &log.bell("read")).is_pending());
        }
        now(write.put(token.clone()));
        assert_eq!(log.take(), vec!["read"; readers]);
        for mut wait in waits {
            assert!(matches!(poll(wait.as_mut(), &log.bell("never")), Poll::Ready(Ok(_))));
        }
        drop(buffers);
        // They are gone, and it with them.
        assert_eq!(Rc::strong_count(&token), 1);
    }
}

#[test]
fn a_value_whose_readers_and_writers_are_gone_is_dropped_once() {
    let (token, log) = (Rc::new(()), Log::default());
    let mut x = Worded::empty_in();
    let (write, read) = (x.write(), x.read());
    {
        let mut wait = pin!(read.get());
        assert!(poll(wait.as_mut(), &log.bell("read")).is_pending());
        now(write.put(token.clone()));
        assert!(poll(wait, &log.bell("never")).is_ready());
    }
    drop(x);
    assert_eq!(Rc::strong_count(&token), 2);
    drop(read);
    assert_eq!(Rc::strong_count(&token), 1);
}
