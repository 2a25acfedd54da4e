//! A set of system threads, and the jobs that wait for one of them, first come, first served.
//!
//! | a job comes, and         | then                                                                       |
//! |--------------------------|----------------------------------------------------------------------------|
//! | an idle thread is left   | that one is notified                                                       |
//! | there may be more threads | one is started; if that fails, the job waits for one of the others        |
//! | there may not            | it waits                                                                   |
//! | the set is closed        | it is refused                                                              |
//!
//! [S1] Each job in the queue has a seat, which is free again when it leaves the queue, by whomever.
//! [S2] `alive` counts tickets: those of threads that run, and of some that are about to. A thread gives its ticket back under the lock under
//!      which it found the queue empty. So while jobs wait, somebody who is alive will look for them; where nobody is and nobody is being
//!      started, they are refused.
//! [S3] `idle` counts who sleeps, and who was notified and has not got the lock yet. As many jobs as that have been notified of.
//! [S4] Under the lock no job is run, refused, cancelled or dropped, and nobody is woken but the threads of the set.

use std::{
    collections::VecDeque,
    fmt, io, mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tidemill_core::{context::Monitor, error::Panic, share::Semaphore};

use super::{error::JobError, job::Job};

/// What a thread of a set runs.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// How a thread is started: its name, and what it runs.
pub(super) type Start = Box<dyn Fn(String, Work) -> io::Result<()> + Send + Sync>;

/// What a set keeps to.
pub(super) struct Rules {
    /// So many threads at most.
    pub(super) most: usize,
    /// So many jobs wait in the queue at most.
    pub(super) waiting: usize,
    /// How long a thread has no job before it goes. `None`: it stays.
    pub(super) idle: Option<Duration>,
    pub(super) name: String,
    pub(super) start: Start,
}

/// See the [module](self).
pub(super) struct Set {
    rules: Rules,
    state: Mutex<State>,
    work: Condvar,
    /// [S1]
    pub(super) seats: Semaphore,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<dyn Job>>,
    /// [S2]
    alive: usize,
    /// Of those alive, how many starts have not returned.
    starting: usize,
    /// [S3]
    idle: usize,
    /// How many threads there ever were.
    started: usize,
    closed: bool,
}

impl Set {
    pub(super) fn new(rules: Rules) -> Arc<Self> {
        let seats = Semaphore::new(rules.waiting);
        Arc::new(Self { rules, state: Mutex::default(), work: Condvar::new(), seats })
    }

    /// Queues a job, which has a seat.
    pub(super) fn submit(self: &Arc<Self>, job: Arc<dyn Job>) {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            self.seats.release(1);
            return job.refuse(JobError::Closed);
        }
        state.queue.push_back(job);
        if state.queue.len() <= state.idle {
            drop(state);
            self.work.notify_one();
        } else if state.alive < self.rules.most {
            let ticket = self.ticket(&mut state);
            state.starting += 1;
            drop(state);
            self.start(ticket);
        }
    }

    /// Takes a job that was cancelled out of the queue, if it is there still.
    pub(super) fn withdraw(&self, job: &Arc<dyn Job>) {
        let mut state = self.lock();
        let sought = Arc::as_ptr(job).cast::<()>();
        let at = state.queue.iter().position(|other| Arc::as_ptr(other).cast::<()>() == sought);
        let found = at.and_then(|at| state.queue.remove(at));
        drop(state);
        if found.is_some() {
            self.seats.release(1);
        }
    }

    /// Takes nothing in any more. What waits is run yet, or refused; the threads go then.
    pub(super) fn close(&self, refuse: bool) {
        let mut state = self.lock();
        state.closed = true;
        let refused = if refuse { mem::take(&mut state.queue) } else { VecDeque::new() };
        drop(state);
        self.work.notify_all();
        self.seats.close();
        refused.iter().for_each(|job| job.refuse(JobError::Closed));
    }

    /// How many threads there are.
    pub(super) fn alive(&self) -> usize {
        self.lock().alive
    }

    /// A thread that is about to be. For who starts it without the rules.
    pub(super) fn first(self: &Arc<Self>) -> Ticket {
        self.ticket(&mut self.lock())
    }

    fn ticket(self: &Arc<Self>, state: &mut State) -> Ticket {
        state.alive += 1;
        state.started += 1;
        Ticket { set: Arc::clone(self), number: state.started, given_back: false }
    }

    /// Starts a thread. What becomes of its ticket where that fails, the ticket sees to.
    fn start(&self, ticket: Ticket) {
        let name = format!("{}-{}", self.rules.name, ticket.number);
        let work = Box::new(move || ticket.work());
        let started = catch_unwind(AssertUnwindSafe(|| (self.rules.start)(name, work)));
        let why = match &started {
            Ok(Err(error)) => copy(error),
            _ => io::Error::other("it was not started"),
        };
        let mut state = self.lock();
        state.starting -= 1;
        self.refuse_all(state, &why);
        if let Err(payload) = started {
            resume_unwind(payload);
        }
    }

    /// Refuses what waits, if nobody is left who would run it [S2].
    fn refuse_all(&self, mut state: MutexGuard<'_, State>, why: &io::Error) {
        if state.alive > 0 || state.starting > 0 {
            return;
        }
        let refused = mem::take(&mut state.queue);
        drop(state);
        self.seats.release(refused.len());
        refused.iter().for_each(|job| job.refuse(JobError::NoThread(copy(why))));
    }

    /// Runs a job that was taken out of the queue. It never unwinds.
    fn run(&self, job: &dyn Job) {
        // Wakers are anybody's code.
        let released = catch_unwind(AssertUnwindSafe(|| self.seats.release(1)));
        if let Err(payload) = released {
            Monitor::root().send_error(JobError::Panicked(Panic::new(payload)));
        }
        let named = job.name().is_some_and(call);
        job.run();
        if named {
            call(thread::current().name().unwrap_or_default());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // [S4] Nothing in here panics with it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there may be a job. `false`: the time of an idle thread is over.
    fn rest<'s>(
        &self,
        state: MutexGuard<'s, State>,
        until: Option<Instant>,
    ) -> (MutexGuard<'s, State>, bool) {
        let Some(until) = until else {
            return (self.work.wait(state).unwrap_or_else(PoisonError::into_inner), true);
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (state, false);
        }
        let woken = self.work.wait_timeout(state, left);
        (woken.unwrap_or_else(PoisonError::into_inner).0, true)
    }
}

/// The right to be a thread of a set [S2].
pub(super) struct Ticket {
    set: Arc<Set>,
    number: usize,
    given_back: bool,
}

impl Ticket {
    /// Runs jobs on this thread until the set needs it no more.
    pub(super) fn work(mut self) {
        let set = Arc::clone(&self.set);
        let mut state = set.lock();
        let mut until = None;
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                set.run(&*job);
                drop(job);
                state = set.lock();
                until = None;
                continue;
            }
            if state.closed {
                break;
            }
            // A time that the system's clock cannot tell is for ever.
            let idle = set.rules.idle.and_then(|idle| Instant::now().checked_add(idle));
            until = until.or(idle);
            state.idle += 1;
            let goes_on;
            (state, goes_on) = set.rest(state, until);
            state.idle -= 1;
            if !goes_on {
                break;
            }
        }
        state.alive -= 1;
        self.given_back = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.given_back {
            let mut state = self.set.lock();
            state.alive -= 1;
            self.set.refuse_all(state, &io::Error::other("it was not started"));
        }
    }
}

/// The same error once more.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Has the system call this thread so, as far as its room reaches. Whether it does.
#[cfg(target_os = "linux")]
fn call(name: &str) -> bool {
    /// What Linux has room for, with the zero at the end.
    const ROOM: usize = 16;
    let mut text = [0; ROOM];
    let (mut end, bytes) = (name.len().min(ROOM - 1), name.as_bytes());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].copy_from_slice(&bytes[..end]);
    std::ffi::CStr::from_bytes_until_nul(&text)
        .is_ok_and(|name| rustix::thread::set_name(name).is_ok())
}

/// Elsewhere a thread keeps its name.
#[cfg(not(target_os = "linux"))]
fn call(_name: &str) -> bool {
    false
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Set")
            .field("name", &self.rules.name)
            .field("threads", &state.alive)
            .field("idle", &state.idle)
            .field("waiting", &state.queue.len())
            .finish_non_exhaustive()
    }
}
