//! Failures of writers that leave before their turn, which are kept beside the epochs.

use tidemill_core::{epoch::AsyncCell, error::Missing};

use crate::epoch_order::ready;

type Failed = Missing<&'static str>;

#[test]
fn failures_that_come_in_any_order_are_found_in_that_of_the_epochs() {
    let mut x = ready(0);
    let held = x.read();
    let words = ["one", "two", "three", "four", "five"];
    let mut all: Vec<_> = words.map(|word| Some((word, x.write(), x.read()))).into();
    let mut readers = Vec::new();
    for at in [3, 0, 4, 2, 1] {
        let (word, write, reader) = all[at].take().unwrap();
        write.fail(word);
        readers.push((at, word, reader));
    }
    readers.sort_by_key(|reader| reader.0);
    drop(held);
    for (_, word, reader) in readers {
        assert_eq!(reader.try_get(), Some(Err(Failed::Failed(word))));
    }
}

#[test]
fn in_a_static_all_who_wait_may_fail_before_their_turn_and_so_may_the_one_in_front() {
    static CELL: AsyncCell<i32, 2, &str> = AsyncCell::ready_in(1);
    let mut x = CELL.claim().unwrap();
    // The first writer gets the epoch in front when `held` leaves, and has not looked.
    let held = x.read();
    let (first, first_reader) = (x.try_write().unwrap(), x.read());
    let (second, second_reader) = (x.try_write().unwrap(), x.read());
    drop(held);
    let (third, third_reader) = (x.try_write().unwrap(), x.read());
    third.fail("third");
    second.fail("second");
    first.fail("first");
    for (word, reader) in
        [("first", first_reader), ("second", second_reader), ("third", third_reader)]
    {
        assert_eq!(reader.try_get(), Some(Err(Failed::Failed(word))));
    }
    // There is room for as many again.
    let held = x.read();
    for _ in 0..2 {
        x.try_write().unwrap().fail("again");
    }
    let last = x.read();
    drop(held);
    assert_eq!(last.try_get(), Some(Err(Failed::Failed("again"))));
}
