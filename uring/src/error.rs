//! What can go wrong in this crate, beside the operating system's own `std::io::Error`.

use std::{error, fmt, io};

/// A copy ended early: how far it came, at which end it failed, and why.
#[derive(Debug)]
pub struct CopyError {
    /// Bytes that were taken from the source and queued for the sink.
    pub copied: u64,
    /// The end that failed.
    pub end: End,
    /// Why.
    pub source: io::Error,
}

/// An end of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where the bytes come from.
    Source,
    /// Where the bytes go to.
    Sink,
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.end {
            End::Source => "reading from the source",
            End::Sink => "writing to the sink",
        };
        write!(f, "copy failed {end} after {} bytes: {}", self.copied, self.source)
    }
}

impl error::Error for CopyError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<CopyError> for io::Error {
    fn from(error: CopyError) -> Self {
        Self::new(error.source.kind(), error)
    }
}

/// A write was not queued.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The queue is full now: nothing of this write was queued; wait for `writable`.
    Full,
    /// The bytes exceed the writer's hard limit, in bytes, and never fit: send them in parts.
    TooLarge {
        /// The writer's hard limit.
        limit: usize,
    },
    /// The socket failed, now or in an earlier send.
    Io(io::Error),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the writer's queue is full: wait until it is writable"),
            Self::TooLarge { limit } => {
                write!(f, "one write exceeds the writer's hard limit of {limit} bytes: split it")
            }
            Self::Io(error) => write!(f, "writing failed: {error}"),
        }
    }
}

impl error::Error for WriteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Full | Self::TooLarge { .. } => None,
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Io(error) => error,
            WriteError::Full => Self::new(io::ErrorKind::WouldBlock, error),
            WriteError::TooLarge { .. } => Self::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

/// A line, or another delimited piece, could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The piece exceeds its limit, in bytes; nothing was consumed.
    TooLong {
        /// The limit that the caller gave.
        limit: usize,
    },
    /// The stream ended inside the piece; what there is can still be read.
    UnexpectedEnd,
    /// The socket failed.
    Io(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => {
                write!(f, "no delimiter within the limit of {limit} bytes: nothing was consumed")
            }
            Self::UnexpectedEnd => f.write_str("the stream ended before all that was asked for"),
            Self::Io(error) => write!(f, "reading failed: {error}"),
        }
    }
}

impl error::Error for ReadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::TooLong { .. } | Self::UnexpectedEnd => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error,
            ReadError::TooLong { .. } => Self::new(io::ErrorKind::InvalidData, error),
            ReadError::UnexpectedEnd => Self::new(io::ErrorKind::UnexpectedEof, error),
        }
    }
}

/// The system refuses a ring, or has one that lacks what Linux 6.1 has: what was asked, how it was answered, why, and what to do.
///
/// [`Runtime::new`](crate::runtime::Runtime::new) wraps it in an [`io::Error`], whose `get_ref` gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingError {
    pub(crate) call: &'static str,
    pub(crate) errno: i32,
    pub(crate) release: Option<String>,
    pub(crate) causes: Vec<Cause>,
}

impl RingError {
    /// The system call that was refused.
    pub fn call(&self) -> &'static str {
        self.call
    }

    /// Its errno.
    pub fn errno(&self) -> i32 {
        self.errno
    }

    /// What can have caused it, as far as this process can see: at least one, several where they look alike from here.
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = io::Error::from_raw_os_error(self.errno);
        write!(f, "no io_uring here: {} answered \"{answer}\"", self.call)?;
        if let Some(release) = &self.release {
            write!(f, " on Linux {release}")?;
        }
        for (number, cause) in self.causes.iter().enumerate() {
            let lead = match number {
                0 if self.causes.len() == 1 => ":",
                0 => ": either",
                _ => "; or",
            };
            write!(f, "{lead} {cause}")?;
        }
        Ok(())
    }
}

impl error::Error for RingError {}

impl From<RingError> for io::Error {
    fn from(error: RingError) -> Self {
        let kind = match error.errno {
            libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP => io::ErrorKind::Unsupported,
            errno => Self::from_raw_os_error(errno).kind(),
        };
        Self::new(kind, error)
    }
}

/// Why there is no ring. Its text says what it is and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The sysctl `kernel.io_uring_disabled` forbids it; its value, where it can be read.
    Sysctl(Option<u32>),
    /// A seccomp filter refuses it; whether it is known that this thread has one.
    Seccomp {
        /// False where the thread's state cannot be read.
        known: bool,
    },
    /// A security module refuses it.
    Policy,
    /// The kernel has no io_uring, or something between hides it.
    Absent,
    /// What Linux 6.1 has, and this kernel lacks.
    TooOld(&'static str),
    /// The limit of locked memory, in bytes.
    LockedMemory(u64),
    /// Memory is short.
    Memory,
    /// The limit of this process's descriptors, where there is one.
    Descriptors(Option<u64>),
    /// The limit of the system's open files.
    Files,
    /// None that is known.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sysctl(Some(1)) => f.write_str(
                "kernel.io_uring_disabled is 1, which leaves io_uring to CAP_SYS_ADMIN and to the group of kernel.io_uring_group \
                 (join that group, or as root: sysctl kernel.io_uring_disabled=0)",
            ),
            Self::Sysctl(Some(value)) => write!(
                f,
                "kernel.io_uring_disabled is {value}, which forbids io_uring to everyone (as root: sysctl kernel.io_uring_disabled=0)"
            ),
            Self::Sysctl(None) => f.write_str(
                "kernel.io_uring_disabled forbids it, which cannot be read here (as root on the host: sysctl kernel.io_uring_disabled=0)",
            ),
            Self::Seccomp { known } => write!(
                f,
                "{} (allow io_uring_setup, io_uring_enter and io_uring_register in the profile of the container runtime: for Docker and Podman \
                 --security-opt seccomp=PROFILE, for systemd SystemCallFilter=@aio)",
                if *known {
                    "a seccomp filter on this process refuses it"
                } else {
                    "a seccomp filter refuses it, which cannot be seen here"
                }
            ),
            Self::Policy => f.write_str(
                "a security module such as SELinux or AppArmor refuses it (allow io_uring in its policy)",
            ),
            Self::Absent => f.write_str(
                "this kernel has no io_uring, or a sandbox such as gVisor hides it (run on Linux 6.1 or newer with CONFIG_IO_URING, outside of such a sandbox)",
            ),
            Self::TooOld(what) => {
                write!(f, "this kernel lacks {what} (run on Linux 6.1 or newer)")
            }
            Self::LockedMemory(limit) => write!(
                f,
                "this user may lock {limit} bytes of memory, too few for the queues (raise ulimit -l, for systemd LimitMEMLOCK=, for containers \
                 --ulimit memlock=; or ask for smaller queues)"
            ),
            Self::Memory => f.write_str(
                "memory is short (raise the limit of the container or control group, or ask for smaller queues and fewer buffers)",
            ),
            Self::Descriptors(Some(limit)) => write!(
                f,
                "this process has as many descriptors as it may, {limit} (raise ulimit -n, for systemd LimitNOFILE=)"
            ),
            Self::Descriptors(None) => f.write_str(
                "this process has as many descriptors as it may (raise ulimit -n, for systemd LimitNOFILE=)",
            ),
            Self::Files => f.write_str(
                "the system has as many open files as it may (as root: raise the sysctl fs.file-max)",
            ),
            Self::Unknown => f.write_str("for a cause that is not known (look at the kernel's log)"),
        }
    }
}

/// A task was not sent to a worker. Hands back what was to build it.
#[non_exhaustive]
pub enum SpawnError<B> {
    /// The worker's mailbox is full now: try again when it has taken what waits there.
    Full(B),
    /// The worker has ended.
    Ended(B),
    /// There is no worker of this number.
    NoSuchWorker(B),
    /// There is no runtime on this thread.
    NoRuntime(B),
}

impl<B> SpawnError<B> {
    /// What was to build the task.
    pub fn into_inner(self) -> B {
        match self {
            Self::Full(build)
            | Self::Ended(build)
            | Self::NoSuchWorker(build)
            | Self::NoRuntime(build) => build,
        }
    }

    fn says(&self) -> (io::ErrorKind, &'static str) {
        match self {
            Self::Full(_) => {
                (io::ErrorKind::WouldBlock, "the worker's mailbox is full: try again later")
            }
            Self::Ended(_) => (io::ErrorKind::NotConnected, "the worker has ended"),
            Self::NoSuchWorker(_) => {
                (io::ErrorKind::InvalidInput, "the runtime has no worker of this number")
            }
            Self::NoRuntime(_) => (
                io::ErrorKind::NotConnected,
                "no runtime on this thread: call this from a task, or on a handle",
            ),
        }
    }
}

impl<B> fmt::Debug for SpawnError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Ended(_) => "Ended(..)",
            Self::NoSuchWorker(_) => "NoSuchWorker(..)",
            Self::NoRuntime(_) => "NoRuntime(..)",
        })
    }
}

impl<B> fmt::Display for SpawnError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says().1)
    }
}

impl<B> error::Error for SpawnError<B> {}

impl<B> From<SpawnError<B>> for io::Error {
    fn from(error: SpawnError<B>) -> Self {
        let (kind, text) = error.says();
        Self::new(kind, text)
    }
}

/// A worker on a thread of its own could not be set up, or failed.
#[derive(Debug)]
pub struct WorkerError {
    /// Its number.
    pub worker: usize,
    /// The CPU that it was to run on.
    pub cpu: usize,
    /// Why.
    pub source: io::Error,
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} on CPU {} failed: {}", self.worker, self.cpu, self.source)
    }
}

impl error::Error for WorkerError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<WorkerError> for io::Error {
    fn from(error: WorkerError) -> Self {
        Self::new(error.source.kind(), error)
    }
}
