//! Many at a pipe, who come, give up and come again: whatever they do, each value goes one way.

use std::{cell::RefCell, rc::Rc};

use tidemill_core::{choose, share::pipe::FixedPipe};

use crate::{board::yield_now, everywhere::within, pipes::task};

/// What became of the values.
#[derive(Default)]
struct Ends {
    read: Vec<u32>,
    dropped: Vec<u32>,
}

/// A value that says when it goes unread.
struct Value(u32, Rc<RefCell<Ends>>);

impl Value {
    fn read(mut self) {
        let number = std::mem::replace(&mut self.0, u32::MAX);
        self.1.borrow_mut().read.push(number);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if self.0 != u32::MAX {
            self.1.borrow_mut().dropped.push(self.0);
        }
    }
}

type Shared = Rc<FixedPipe<Value, 3>>;

/// Writes 25 values, of which every third is given up, whatever has become of it, at the next turn.
async fn writes(pipe: Shared, ends: Rc<RefCell<Ends>>, writer: u32) {
    for number in 0..25 {
        let write = pipe.writer().write(Value(100 * writer + number, ends.clone()));
        if number % 3 == 0 {
            choose! { _ = yield_now() => (), _done = write => () }
        } else {
            assert!(write.await.is_ok());
        }
    }
}

/// Reads to the end, and gives every other read up.
async fn reads(pipe: Shared, reader: u32) {
    for round in reader.. {
        let read = pipe.reader().read();
        let value = if round % 2 == 0 {
            choose! { _ = yield_now() => None, value = read => Some(value) }
        } else {
            Some(read.await)
        };
        match value {
            None => {}
            Some(None) => return,
            Some(Some(value)) => Value::read(value),
        }
    }
}

#[test]
fn writers_and_readers_that_give_up_and_come_again_lose_and_repeat_no_value() {
    for readers in [1, 3] {
        within(async |_| {
            let (pipe, ends) = (Rc::new(FixedPipe::fixed()), Rc::new(RefCell::default()));
            let writers: Vec<_> =
                (0..4).map(|writer| task(writes(pipe.clone(), Rc::clone(&ends), writer))).collect();
            let tasks: Vec<_> =
                (0..readers).map(|reader| task(reads(pipe.clone(), reader))).collect();
            for writer in writers {
                writer.await.unwrap();
            }
            pipe.writer().close();
            for reader in tasks {
                reader.await.unwrap();
            }
            let Ends { mut read, dropped } = ends.take();
            for writer in 0..4 {
                // To several readers values are handed in order, and each is told at its next turn.
                let own: Vec<_> = read.iter().copied().filter(|n| n / 100 == writer).collect();
                assert!(readers > 1 || own.is_sorted(), "{own:?}");
            }
            assert!(dropped.iter().all(|number| number % 100 % 3 == 0), "{dropped:?}");
            read.extend(dropped);
            read.sort();
            let all = (0..4).flat_map(|writer| (0..25).map(move |number| 100 * writer + number));
            assert_eq!(read, all.collect::<Vec<_>>());
        });
    }
}
