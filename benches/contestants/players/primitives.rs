//! Crates that have a cell or a lock, and no executor.

use maitake_sync::Mutex;
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{
    contract::{Ends, Lock, Pair},
    operations::values,
};

pub(crate) fn play_async_oneshot(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    values::ready::<Pair<AsyncOneshot>>(kind, meter)
        .or_else(|meter| values::parked::<Pair<AsyncOneshot>>(kind, meter))
        .or_else(|meter| values::threads::<AsyncOneshot>(kind, meter))
}

pub(crate) fn play_maitake(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    values::lock::<Maitake>(kind, meter)
}

struct AsyncOneshot;

impl Ends for AsyncOneshot {
    type Fill = async_oneshot::Sender<u64>;
    type Read = async_oneshot::Receiver<u64>;

    fn pair() -> (Self::Fill, Self::Read) {
        async_oneshot::oneshot()
    }

    fn fill(mut end: Self::Fill, value: u64) {
        end.send(value).expect("it is awaited");
    }

    async fn read(end: Self::Read) -> u64 {
        end.await.expect("it is filled")
    }
}

/// maitake-sync, whose locks spin.
struct Maitake;

impl Lock for Maitake {
    type Mutex = Mutex<u64>;

    fn new(value: u64) -> Mutex<u64> {
        Mutex::new(value)
    }

    async fn add_one(mutex: &Mutex<u64>) -> u64 {
        let mut value = mutex.lock().await;
        *value += 1;
        *value - 1
    }
}
