//! A launch: how the [job](super::job) of a small kernel becomes a task.
//!
//! | step      | does                                                                                          |
//! |-----------|-----------------------------------------------------------------------------------------------|
//! | `prepare` | makes the job; where nobody is there to take it, its output fails                              |
//! | `go`      | makes its task, on the current executor, a given one (`_on`), or a pool (`_send`)              |
//!
//! Where nobody is there yet who could bring what the job waits for, its task is put in line at once, and sleeps until it is woken.

#[cfg(feature = "std")]
use crate::task::spawn_small_send;
use crate::{
    context::{Here, MaySend},
    dag::{self, Seat, Site},
    epoch::Arrival,
    error::{Missing, NoContext},
    kernel::{job::Job, outputs::Outputs},
    task::spawn_small,
};

/// A job on its way.
pub(super) struct Launch<J: Job> {
    job: J,
    /// The places that it is given.
    given: [Seat; 3],
    may_sleep: bool,
    site: Site,
}

/// The job that `make` makes for `output`, on its way. `None` where nobody is there to take it: `output` fails with that.
#[inline(always)]
#[cfg_attr(feature = "dag", track_caller)]
pub(super) fn prepare<O, J>(
    is_open: bool,
    output: O,
    make: impl FnOnce(O) -> J,
) -> Option<Launch<J>>
where
    O: Outputs<Error: From<NoContext>>,
    J: Job,
{
    if !is_open {
        output.end(Missing::Failed(NoContext.into()));
        return None;
    }
    let mut job = make(output);
    let given = job.seats();
    let may_sleep = Arrival::may_sleep(&mut job);
    Some(Launch { job, given, may_sleep, site: Site::here() })
}

/// Notes the places that a task was given.
#[inline]
fn give(task: Option<dag::Task>, given: [Seat; 3]) {
    if let Some(task) = task {
        given.into_iter().for_each(|seat| seat.give_to(task));
    }
}

impl<J: Job + 'static> Launch<J> {
    /// On the current executor.
    #[inline(always)]
    pub(super) fn go(self)
    where
        Arrival<J>: MaySend,
    {
        let Self { job, given, may_sleep, site } = self;
        let task = Arrival::new(job);
        give(spawn_small(task, may_sleep.then_some(Arrival::sleep), site), given);
    }

    /// On this executor.
    #[inline(always)]
    pub(super) fn go_on(self, here: &Here) {
        let Self { job, given, may_sleep, site } = self;
        let task = Arrival::new(job);
        give(Some(here.spawn_small(task, may_sleep.then_some(Arrival::sleep), site)), given);
    }

    /// On the pool that is entered, or else on the current executor.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(super) fn go_send(self)
    where
        Arrival<J>: Send,
    {
        let Self { job, given, may_sleep, site } = self;
        let begin = || Arrival::new(job);
        give(spawn_small_send(begin, may_sleep.then_some(Arrival::sleep), site), given);
    }

    /// On the current executor: there are no pools.
    #[cfg(not(feature = "std"))]
    pub(super) fn go_send(self)
    where
        Arrival<J>: Send,
    {
        self.go();
    }
}
