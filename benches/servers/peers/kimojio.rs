//! On kimojio.

use std::io;

use kimojio::{
    Errno, OwnedFd, Runtime,
    configuration::Configuration,
    operations::{accept, read, spawn_task, write},
};
use tidemill_benches::server::{self, Arguments, BUFFER_BYTES};

pub(crate) fn serve(told: &Arguments) -> io::Result<()> {
    let listener = server::listener(told.listen)?;
    let mut runtime = Runtime::new(0, Configuration::new());
    let ended = runtime.block_on(async move {
        server::ready(listener.local_addr()?)?;
        loop {
            let stream = accept(&listener).await?;
            drop(spawn_task(echo(stream)));
        }
    });
    match ended {
        Some(Ok(served)) => served,
        _ => Err(io::Error::other("the runtime ended")),
    }
}

async fn echo(stream: OwnedFd) -> Result<(), Errno> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = read(&stream, &mut buffer).await?;
        if count == 0 {
            server::connection_ended();
            return Ok(());
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let sent = write(&stream, rest).await?;
            rest = &rest[sent..];
        }
    }
}
