//! A refusal is told with its cause and its remedy: what the system said is joined with what this process can see of it.
//!
//! | errno              | points to                                                                             |
//! |--------------------|---------------------------------------------------------------------------------------|
//! | `EPERM`            | the sysctl, if it is set; a seccomp filter, if there is one; else a security module   |
//! | `EACCES`           | a security module; a seccomp filter, if there is one                                  |
//! | `ENOSYS`           | a kernel without io_uring, unless it has its sysctl; a seccomp filter, if there is one|
//! | `EINVAL`, `EOPNOTSUPP` | a kernel below the floor; a filter, if there is one and the release is not below  |
//! | `ENOMEM`, `EAGAIN` | the limit of locked memory, if there is one; memory                                   |
//! | `EMFILE`, `ENFILE` | the limit of this process, or of the system                                           |
//!
//! [I1] What cannot be read counts as possible. At least one cause is named.

use std::{fs, io};

use rustix::{
    process::{Resource, getrlimit},
    system::uname,
};

use crate::error::{Cause, RingError};

/// The first release that has `kernel.io_uring_disabled`.
const SYSCTL: (u32, u32) = (6, 6);
/// The first release that has all that is required.
const FLOOR: (u32, u32) = (6, 1);

/// What a process can see of why it was refused.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    /// `kernel.io_uring_disabled`.
    disabled: Option<u32>,
    /// `Seccomp:` of this thread: 0 for none, 2 for a filter.
    seccomp: Option<u32>,
    release: Option<(u32, u32)>,
    /// Bytes that may be locked; `None` for no limit.
    lockable: Option<u64>,
    /// Descriptors that may be open; `None` for no limit.
    descriptors: Option<u64>,
}

/// The error `error` of `call`, with its causes. `what` is what a kernel below the floor would lack.
#[cold]
pub(crate) fn explain(call: &'static str, what: &'static str, error: &io::Error) -> io::Error {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    let release = uname().release().to_string_lossy().into_owned();
    let causes = diagnose(errno, what, Facts::look(&release));
    RingError { call, errno, release: Some(release), causes }.into()
}

/// The error of a ring that lacks `what`.
#[cold]
pub(super) fn lacks(what: &'static str) -> io::Error {
    explain("io_uring_setup", what, &io::Error::from_raw_os_error(libc::EOPNOTSUPP))
}

impl Facts {
    /// Looks around. Without descriptors to spare it sees less, and needs less.
    fn look(release: &str) -> Self {
        let number = |text: &str| text.trim().parse().ok();
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        Self {
            disabled: fs::read_to_string("/proc/sys/kernel/io_uring_disabled")
                .ok()
                .and_then(|text| number(&text)),
            seccomp: status.lines().find_map(|line| line.strip_prefix("Seccomp:")).and_then(number),
            release: version(release),
            lockable: getrlimit(Resource::Memlock).current,
            descriptors: getrlimit(Resource::Nofile).current,
        }
    }
}

/// The first two numbers of a release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|text| text.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// The causes that fit ([I1]).
fn diagnose(errno: i32, what: &'static str, facts: Facts) -> Vec<Cause> {
    let filter = match facts.seccomp {
        Some(0) => None,
        Some(_) => Some(Cause::Seccomp { known: true }),
        None => Some(Cause::Seccomp { known: false }),
    };
    let sysctl = match facts.disabled {
        Some(0) => None,
        Some(value) => Some(Cause::Sysctl(Some(value))),
        None => facts.release.is_none_or(|at| at >= SYSCTL).then_some(Cause::Sysctl(None)),
    };
    let (fits, otherwise) = match errno {
        libc::EPERM => ([sysctl, filter], Cause::Policy),
        libc::EACCES => ([Some(Cause::Policy), filter], Cause::Policy),
        libc::ENOSYS => {
            // Where there is its sysctl, there is io_uring.
            let absent = facts.disabled.is_none().then_some(Cause::Absent);
            ([absent, filter], Cause::Absent)
        }
        libc::EINVAL | libc::EOPNOTSUPP => {
            let filter = filter.filter(|_| facts.release.is_none_or(|at| at >= FLOOR));
            ([Some(Cause::TooOld(what)), filter], Cause::TooOld(what))
        }
        libc::ENOMEM | libc::EAGAIN => {
            ([facts.lockable.map(Cause::LockedMemory), Some(Cause::Memory)], Cause::Memory)
        }
        libc::EMFILE => ([None, None], Cause::Descriptors(facts.descriptors)),
        libc::ENFILE => ([None, None], Cause::Files),
        _ => ([None, None], Cause::Unknown),
    };
    let mut causes: Vec<_> = fits.into_iter().flatten().collect();
    if causes.is_empty() {
        causes.push(otherwise);
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::{Cause, Facts, diagnose, version};

    const FILTER: Cause = Cause::Seccomp { known: true };
    const HIDDEN: Cause = Cause::Seccomp { known: false };
    const OLD: Cause = Cause::TooOld("it");

    /// Causes, by errno, sysctl, filter, and release.
    #[test]
    fn each_refusal_has_the_causes_that_fit() {
        let sysctl = |value| Cause::Sysctl(Some(value));
        let (old, six, new) = (Some((5, 15)), Some((6, 1)), Some((6, 18)));
        #[rustfmt::skip]
        let table = [
            (libc::EPERM, Some(0), Some(0), new, vec![Cause::Policy]),
            (libc::EPERM, Some(0), Some(2), new, vec![FILTER]),
            (libc::EPERM, Some(0), None, new, vec![HIDDEN]),
            (libc::EPERM, Some(1), Some(0), new, vec![sysctl(1)]),
            (libc::EPERM, Some(1), Some(2), new, vec![sysctl(1), FILTER]),
            (libc::EPERM, Some(2), Some(0), new, vec![sysctl(2)]),
            (libc::EPERM, Some(2), Some(2), new, vec![sysctl(2), FILTER]),
            (libc::EPERM, Some(2), None, new, vec![sysctl(2), HIDDEN]),
            // Before 6.6 there is no such sysctl; after, or where the release is not known, it may be hidden.
            (libc::EPERM, None, Some(0), six, vec![Cause::Policy]),
            (libc::EPERM, None, Some(2), six, vec![FILTER]),
            (libc::EPERM, None, Some(0), new, vec![Cause::Sysctl(None)]),
            (libc::EPERM, None, Some(2), None, vec![Cause::Sysctl(None), FILTER]),
            (libc::EPERM, None, None, None, vec![Cause::Sysctl(None), HIDDEN]),
            (libc::EACCES, Some(0), Some(0), new, vec![Cause::Policy]),
            (libc::EACCES, Some(0), Some(2), new, vec![Cause::Policy, FILTER]),
            (libc::EACCES, Some(2), None, new, vec![Cause::Policy, HIDDEN]),
            // Where there is its sysctl, the kernel has it.
            (libc::ENOSYS, Some(0), Some(2), new, vec![FILTER]),
            (libc::ENOSYS, Some(2), None, new, vec![HIDDEN]),
            (libc::ENOSYS, Some(0), Some(0), new, vec![Cause::Absent]),
            (libc::ENOSYS, None, Some(0), old, vec![Cause::Absent]),
            (libc::ENOSYS, None, Some(2), six, vec![Cause::Absent, FILTER]),
            (libc::ENOSYS, None, None, None, vec![Cause::Absent, HIDDEN]),
            (libc::EINVAL, None, Some(0), old, vec![OLD]),
            (libc::EINVAL, None, Some(2), old, vec![OLD]),
            (libc::EINVAL, Some(0), Some(0), new, vec![OLD]),
            (libc::EINVAL, Some(0), Some(2), six, vec![OLD, FILTER]),
            (libc::EINVAL, None, None, None, vec![OLD, HIDDEN]),
            (libc::EOPNOTSUPP, None, Some(0), six, vec![OLD]),
            (libc::ENOMEM, Some(0), Some(2), new, vec![Cause::Memory]),
            (libc::EAGAIN, Some(0), Some(0), new, vec![Cause::Memory]),
            (libc::EMFILE, None, None, None, vec![Cause::Descriptors(None)]),
            (libc::ENFILE, Some(2), Some(2), new, vec![Cause::Files]),
            (libc::EIO, Some(0), Some(0), new, vec![Cause::Unknown]),
        ];
        for (errno, disabled, seccomp, release, causes) in table {
            let facts = Facts { disabled, seccomp, release, ..Facts::default() };
            assert_eq!(diagnose(errno, "it", facts), causes, "{errno} {facts:?}");
        }
        let limits = Facts { lockable: Some(65536), descriptors: Some(64), ..Facts::default() };
        let memory = vec![Cause::LockedMemory(65536), Cause::Memory];
        assert_eq!(diagnose(libc::ENOMEM, "it", limits), memory);
        assert_eq!(diagnose(libc::EMFILE, "it", limits), [Cause::Descriptors(Some(64))]);
    }

    #[test]
    fn whatever_can_be_seen_there_is_a_cause_and_no_two_are_alike() {
        let numbers = [None, Some(0), Some(1), Some(2)];
        for errno in 1..134 {
            for disabled in numbers {
                for seccomp in numbers {
                    for release in [None, Some((4, 4)), Some((6, 1)), Some((6, 6))] {
                        let facts = Facts { disabled, seccomp, release, ..Facts::default() };
                        let mut causes = diagnose(errno, "it", facts);
                        assert!((1..=2).contains(&causes.len()), "{errno} {facts:?}");
                        let count = causes.len();
                        causes.dedup();
                        assert_eq!(causes.len(), count, "{errno} {facts:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_release_is_its_first_two_numbers() {
        assert_eq!(version("6.18.44-fc"), Some((6, 18)));
        assert_eq!(version("6.1-cloud-amd64"), Some((6, 1)));
        assert_eq!(version("7.0"), Some((7, 0)));
        assert_eq!(version("unknown"), None);
        assert_eq!(version(""), None);
    }
}
