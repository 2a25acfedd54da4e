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

#[test]
fn writers_and_readers_that_give_up_and_come_again_lose_and_repeat_no_value() {
    for readers in [1, 3] {
        within(async |_| {
            let (pipe, ends) = (Rc::new(FixedPipe::<_, 3>::fixed()), Rc::new(RefCell::default()));
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let (pipe, ends) = (pipe.clone(), Rc::clone(&ends));
                    task(async move {
                        for number in 0..25 {
                            let write =
                                pipe.writer().write(Value(100 * writer + number, ends.clone()));
                            if number % 3 == 0 {
                                choose! { _done = write => (), _ = yield_now() => () }
                            } else {
                                assert!(write.await.is_ok());
                            }
                        }
                    })
                })
                .collect();
            let readers: Vec<_> = (0..readers)
                .map(|reader| {
                    let pipe = pipe.clone();
                    task(async move {
                        for round in reader.. {
                            let read = pipe.reader().read();
                            let value = if round % 2 == 0 {
                                choose! { value = read => Some(value), _ = yield_now() => None }
                            } else {
                                Some(read.await)
                            };
                            match value {
                                None => {}
                                Some(None) => return,
                                Some(Some(value)) => Value::read(value),
                            }
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.await.unwrap();
            }
            pipe.writer().close();
            let alone = readers.len() == 1;
            for reader in readers {
                reader.await.unwrap();
            }
            all_came_once(ends.take(), alone);
        });
    }
}

/// Of four writers of twenty-five values each.
fn all_came_once(Ends { mut read, dropped }: Ends, alone: bool) {
    for writer in 0..4 {
        // To several readers values are handed in order, and each is told at its next turn.
        let own: Vec<_> = read.iter().copied().filter(|n| n / 100 == writer).collect();
        assert!(!alone || own.is_sorted(), "{own:?}");
    }
    assert!(dropped.iter().all(|number| number % 100 % 3 == 0), "{dropped:?}");
    read.extend(dropped);
    read.sort();
    let all = (0..4).flat_map(|writer| (0..25).map(move |number| 100 * writer + number));
    assert_eq!(read, all.collect::<Vec<_>>());
}
