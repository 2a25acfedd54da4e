//! glommio: executors of one thread each, whose tasks wake those of others.

use std::future::Future;

use futures::executor::block_on;
use glommio::{ExecutorJoinHandle, LocalExecutorBuilder, Placement};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{contract::Side, operations::wakes};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    wakes::play::<Glommio>(kind, meter)
}

struct Glommio {
    _executor: ExecutorJoinHandle<()>,
}

impl Side for Glommio {
    fn start(core: usize, future: impl Future<Output = ()> + Send + 'static) -> Self {
        let executor = LocalExecutorBuilder::new(Placement::Fixed(core)).spawn(|| future);
        Self { _executor: executor.expect("the system has rings") }
    }

    /// A thread that is none of its executors waits by other means.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(future)
    }
}
