//! Other forms of ours: what one thread keeps to itself, without locks; and a value that one reader takes out, with both its ends on the heap.

use std::rc::Rc;

use tidemill_benches::core::{meter::Meter, operations::Kind};
use tidemill_core::{
    choose,
    ivar::{Once, OnceFiller, once},
    local::{GrowingPipe, Ivar, Mutex},
};

use super::tidemill::Ours;
use crate::{
    contract::{Choice, Ends, Executor, Lock, Pair, Pipe, Values},
    operations::{pipes, values},
};

pub(crate) fn play_local(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    values::ready::<Local>(kind, meter)
        .or_else(|meter| values::parked::<Local>(kind, meter))
        .or_else(|meter| values::choice::<Local>(kind, meter))
        .or_else(|meter| values::lock::<Local>(kind, meter))
        .or_else(|meter| pipes::play::<Local>(kind, meter))
}

pub(crate) fn play_once(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    values::ready::<Pair<OneReader>>(kind, meter)
        .or_else(|meter| values::parked::<Pair<OneReader>>(kind, meter))
        .or_else(|meter| values::threads::<OneReader>(kind, meter))
}

/// The forms of `tidemill_core::local`.
struct Local;

impl Values for Local {
    type Cell = Ivar<u64>;

    fn new() -> Ivar<u64> {
        Ivar::new_in()
    }

    fn fill(cell: &Ivar<u64>, value: u64) {
        cell.fill(value).expect("it is empty");
    }

    async fn read(cell: &Ivar<u64>) -> u64 {
        *cell.read().await.expect("it is not closed")
    }
}

impl Choice for Local {
    type Cell = Ivar<u64>;

    fn new() -> Ivar<u64> {
        Ivar::new_in()
    }

    fn fill(cell: &Ivar<u64>, value: u64) {
        cell.fill(value).expect("it is empty");
    }

    async fn choose(first: &Ivar<u64>, second: &Ivar<u64>) -> u64 {
        choose! {
            value = first => *value.expect("it is not closed"),
            value = second => *value.expect("it is not closed"),
        }
    }

    fn is_awaited(cell: &Ivar<u64>) -> bool {
        cell.has_readers()
    }
}

impl Lock for Local {
    type Mutex = Mutex<u64>;

    fn new(value: u64) -> Mutex<u64> {
        Mutex::new_in(value)
    }

    async fn add_one(mutex: &Mutex<u64>) -> u64 {
        let mut value = mutex.lock().await;
        *value += 1;
        *value - 1
    }
}

impl Pipe for Local {
    type On = Ours;

    async fn pass(items: u64, room: usize) -> u64 {
        let pipe = Rc::new(GrowingPipe::growing_in(room).expect("there is room"));
        let write = pipe.clone();
        let writer = Ours::spawn(async move {
            for item in 0..items {
                write.writer().write(item).await.expect("it is read to the end");
            }
            write.writer().close();
        });
        let mut sum = 0;
        while let Some(item) = pipe.reader().read().await {
            sum += item;
        }
        Ours::value(writer.await);
        sum
    }
}

/// `ivar::once`.
struct OneReader;

impl Ends for OneReader {
    type Fill = OnceFiller<u64>;
    type Read = Once<u64>;

    fn pair() -> (Self::Fill, Self::Read) {
        once()
    }

    fn fill(end: Self::Fill, value: u64) {
        end.fill(value).expect("it is awaited");
    }

    async fn read(end: Self::Read) -> u64 {
        end.await.expect("it is filled")
    }
}
