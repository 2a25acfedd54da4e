//! On tokio: one thread, epoll.

use std::io;

use tidemill_benches::server::{self, Arguments, BUFFER_BYTES};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
};

pub(crate) fn serve(told: &Arguments) -> io::Result<()> {
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = server::listener(told.listen)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        server::ready(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            drop(tokio::spawn(echo(stream)));
        }
    })
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            server::connection_ended();
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
