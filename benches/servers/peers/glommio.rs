//! On glommio.

use std::io;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::{
    LocalExecutorBuilder, Placement,
    net::{TcpListener, TcpStream},
};
use tidemill_benches::server::{self, Arguments, BUFFER_BYTES};

pub(crate) fn serve(told: &Arguments) -> io::Result<()> {
    let listen = told.listen;
    let executor = LocalExecutorBuilder::new(Placement::Unbound).make()?;
    executor.run(async move {
        let listener = TcpListener::bind(listen)?;
        server::ready(listener.local_addr()?)?;
        loop {
            let stream = listener.accept().await?;
            stream.set_nodelay(true)?;
            glommio::spawn_local(echo(stream)).detach();
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
