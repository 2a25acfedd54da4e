//! Load: a closed loop on every connection, one request at a time on each, on an io_uring by hand.
//!
//! The load costs a core of its own about what the limit costs the other, so that a server is kept busy. Requests go out in batches of at most
//! [`BATCH`], so that a server sees a stream of them and not a wave, and their time is taken at the batch.
//!
//! | a lane is | `due`            | ends with                                    |
//! |-----------|------------------|----------------------------------------------|
//! | resting   | 0                | a request is sent                            |
//! | waiting   | bytes to come    | all of them came: the next request, or rest  |
//! | gone      | any              | nothing: its server was given up             |

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpStream},
    ops::Range,
    os::fd::AsFd,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::{
    ring::{Done, Files, Geometry, Hand},
    server::raise_descriptors,
};

/// Requests that go out with one enter.
const BATCH: usize = 16;
/// Connections at a time that may be in the making.
const CONNECTING: usize = 64;
/// The most lanes there may be.
pub const LANES: u32 = 32 * 1024;
/// How long no byte may come before a server counts as stalled.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connections may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// Requests are windows of this, each lane's at another place.
const PATTERN: usize = 64 * 1024;

const SEND: u64 = 1;

/// What a slice saw.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Answers that came whole.
    pub requests: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Half of the answers came within.
    pub p50: Duration,
    /// All but a hundredth of them came within.
    pub p99: Duration,
}

/// How long a slice goes on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// No request is sent after that time.
    Passed(Duration),
    /// In lock-step: a request on each lane, then the answer on each, this often, and every byte is compared.
    Rounds(u64),
}

struct Lane {
    stream: TcpStream,
    due: u32,
    gone: bool,
    sent_at: Duration,
}

/// All connections to all servers.
pub struct Load {
    hand: Hand,
    lanes: Vec<Lane>,
    /// Receives that are armed.
    armed: usize,
    bytes: u32,
    pattern: &'static [u8],
    start: Instant,
    latency: Histogram<u64>,
}

impl Load {
    /// A load without connections yet, for the calling thread.
    ///
    /// # Errors
    /// The system refuses a ring.
    pub fn new() -> io::Result<Self> {
        // The kernel takes no larger table than a process may have descriptors.
        let files = LANES.min(raise_descriptors() as u32);
        let files = Files::Direct(files);
        let hand = Hand::new(Geometry { submissions: 256, completions: 64 * 1024, files })?;
        // Numbers that do not repeat within a window.
        let byte = |at: usize| (at as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3];
        let pattern = (0..PATTERN).map(byte).collect::<Vec<_>>().leak();
        let latency =
            Histogram::new_with_bounds(100, 60_000_000_000, 3).map_err(io::Error::other)?;
        let start = Instant::now();
        Ok(Self { hand, lanes: Vec::new(), armed: 0, bytes: 0, pattern, start, latency })
    }

    /// Makes ready for requests of `bytes` each, on at most `lanes` lanes that are busy at a time. There may be no connections.
    ///
    /// # Errors
    /// The system refuses the buffers.
    pub fn prepare(&mut self, bytes: u32, lanes: u32) -> io::Result<()> {
        self.bytes = bytes;
        let count = (2 * lanes).next_power_of_two().clamp(16, 1024) as u16;
        self.hand.set_buffers(count, bytes.max(256))
    }

    /// Connects `count` lanes to a server, and answers which they are.
    ///
    /// # Errors
    /// The server does not take them.
    pub fn connect(&mut self, to: SocketAddr, count: u32) -> io::Result<Range<u32>> {
        let first = self.lanes.len() as u32;
        for number in 0..count {
            let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
            stream.set_nodelay(true)?;
            let slot = first + number;
            self.hand.put_file(slot, stream.as_fd())?;
            self.lanes.push(Lane { stream, due: 0, gone: false, sent_at: Duration::ZERO });
            self.hand.receive(slot, u64::from(slot) << 1)?;
            self.armed += 1;
            if (number as usize).is_multiple_of(CONNECTING) {
                // An answer on the newest: the server has accepted all before it.
                self.drive(slot..slot + 1, Until::Rounds(1))?;
            }
        }
        self.drive(first..first + count, Until::Rounds(2))?;
        Ok(first..first + count)
    }

    /// Drives some lanes for a while. When it returns well, no request is left without its answer.
    ///
    /// # Errors
    /// A connection broke, a byte was wrong, or nothing came for five seconds.
    pub fn drive(&mut self, lanes: Range<u32>, until: Until) -> io::Result<Slice> {
        self.latency.reset();
        let began = self.now();
        let (end, mut rounds) = match until {
            Until::Passed(span) => (began + span, 0),
            Until::Rounds(rounds) => (Duration::ZERO, rounds.saturating_sub(1)),
        };
        let compare = matches!(until, Until::Rounds(_));
        let mut waiting = self.send_all(lanes.clone(), began)?;
        let mut now = began;
        while waiting > 0 {
            if !self.hand.enter_for(PATIENCE)? {
                return Err(self.stalled(lanes, waiting));
            }
            now = self.now();
            let mut batch = 0;
            while let Some(done) = self.hand.next_done() {
                let Some(lane) = self.take(done, compare)? else { continue };
                if !lanes.contains(&lane) {
                    return Err(io::Error::other("bytes came on a connection at rest"));
                }
                let late = (now - self.lanes[lane as usize].sent_at).as_nanos() as u64;
                self.latency.saturating_record(late);
                if now >= end {
                    waiting -= 1;
                    continue;
                }
                self.send(lane, now)?;
                batch += 1;
                if batch == BATCH {
                    batch = 0;
                    self.hand.enter(0)?;
                    now = self.now();
                }
            }
            if waiting == 0 && rounds > 0 {
                rounds -= 1;
                waiting = self.send_all(lanes.clone(), now)?;
            }
        }
        let at = |part| Duration::from_nanos(self.latency.value_at_quantile(part));
        let requests = self.latency.len();
        Ok(Slice { requests, elapsed: now - began, p50: at(0.5), p99: at(0.99) })
    }

    fn send_all(&mut self, lanes: Range<u32>, now: Duration) -> io::Result<usize> {
        let count = lanes.len();
        for lane in lanes {
            self.send(lane, now)?;
            if (lane as usize).is_multiple_of(BATCH) {
                self.hand.enter(0)?;
            }
        }
        Ok(count)
    }

    #[inline]
    fn send(&mut self, lane: u32, now: Duration) -> io::Result<()> {
        let state = &mut self.lanes[lane as usize];
        state.due = self.bytes;
        state.sent_at = now;
        let window = window(self.pattern, lane, self.bytes);
        self.hand.send_quietly(lane, window, u64::from(lane) << 1 | SEND)
    }

    /// What a completion means: the lane whose answer is whole with it.
    #[inline]
    fn take(&mut self, done: Done, compare: bool) -> io::Result<Option<u32>> {
        let lane = (done.token >> 1) as u32;
        if self.lanes[lane as usize].gone {
            self.dismiss(done);
            return Ok(None);
        }
        if done.token & SEND != 0 {
            return Err(broken("a request could not be sent", done.result));
        }
        let mut whole = None;
        if let Some(held) = done.held {
            let state = &mut self.lanes[lane as usize];
            let got = done.result as u32;
            if got > state.due {
                return Err(io::Error::other("more bytes came back than were sent"));
            }
            if compare {
                let from = (self.bytes - state.due) as usize;
                let sent = &window(self.pattern, lane, self.bytes)[from..];
                if self.hand.bytes(&held, got as usize) != &sent[..got as usize] {
                    return Err(io::Error::other("a byte came back wrong"));
                }
            }
            state.due -= got;
            whole = (state.due == 0).then_some(lane);
            self.hand.recycle(held);
        }
        if done.last {
            const ENOBUFS: i32 = -105;
            if done.result <= 0 && done.result != ENOBUFS {
                self.armed -= 1;
                return Err(broken("a connection ended", done.result));
            }
            self.hand.receive(lane, u64::from(lane) << 1)?;
        }
        Ok(whole)
    }

    /// Gives some lanes up, whatever they wait for.
    pub fn give_up(&mut self, lanes: Range<u32>) {
        for lane in &mut self.lanes[lanes.start as usize..lanes.end as usize] {
            lane.gone = true;
            // Where the server is gone there is nothing left to shut down.
            let _ = lane.stream.shutdown(Shutdown::Both);
        }
    }

    /// Gives up all lanes from `first` on.
    pub fn give_up_from(&mut self, first: u32) {
        self.give_up(first..self.lanes.len() as u32);
    }

    fn dismiss(&mut self, done: Done) {
        if let Some(held) = done.held {
            self.hand.recycle(held);
        }
        if done.token & SEND == 0 && done.last {
            self.armed -= 1;
        }
    }

    /// Ends all connections. The servers should be gone by then, or take part.
    ///
    /// # Errors
    /// They do not end.
    pub fn end(&mut self) -> io::Result<()> {
        self.give_up(0..self.lanes.len() as u32);
        let end = Instant::now() + GRACE;
        while self.armed > 0 {
            self.hand.enter_for(GRACE)?;
            while let Some(done) = self.hand.next_done() {
                self.dismiss(done);
            }
            if Instant::now() >= end {
                return Err(io::Error::other("connections do not end"));
            }
        }
        self.hand.clear_files(self.lanes.len() as u32)?;
        self.lanes.clear();
        Ok(())
    }

    fn stalled(&self, lanes: Range<u32>, waiting: usize) -> io::Error {
        io::Error::other(format!("stalled: {waiting} of {} requests have no answer", lanes.len()))
    }

    #[inline]
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// What a lane sends.
#[inline]
fn window(pattern: &'static [u8], lane: u32, bytes: u32) -> &'static [u8] {
    let from = (lane as usize * 61) % (PATTERN - bytes as usize);
    &pattern[from..from + bytes as usize]
}

#[cold]
fn broken(what: &str, result: i32) -> io::Error {
    let why = match result {
        0.. => "by the server".to_owned(),
        error => io::Error::from_raw_os_error(-error).to_string(),
    };
    io::Error::other(format!("{what}: {why}"))
}
