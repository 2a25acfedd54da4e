//! The ladder of set-up flags, and what a ring turned out to have.
//!
//! | rung    | flags                                                                                          |
//! |---------|------------------------------------------------------------------------------------------------|
//! | first   | all: what Linux 6.6 has                                                                        |
//! | last    | without `NO_SQARRAY`: what Linux 6.1 has, the floor                                            |
//!
//! [I1] A kernel's version is never asked: a rung is tried, and `EINVAL` leads to the next one. Any other answer ends the climb.
//! [I2] A feature that is not required is used only where the ring says that it has it, or its registration succeeded.

use std::{fmt, io};

use io_uring::{IoUring, Parameters, Probe, Submitter, opcode, register::Restriction, squeue};

use super::config::Config;

/// What [`Kernel::push`] asks of the kernel.
const OPCODES: [(u8, &str); 11] = [
    (opcode::AcceptMulti::CODE, "IORING_OP_ACCEPT"),
    (opcode::RecvMulti::CODE, "IORING_OP_RECV"),
    (opcode::Send::CODE, "IORING_OP_SEND"),
    (opcode::SendMsg::CODE, "IORING_OP_SENDMSG"),
    (opcode::Read::CODE, "IORING_OP_READ"),
    (opcode::Connect::CODE, "IORING_OP_CONNECT"),
    (opcode::Shutdown::CODE, "IORING_OP_SHUTDOWN"),
    (opcode::Close::CODE, "IORING_OP_CLOSE"),
    (opcode::Timeout::CODE, "IORING_OP_TIMEOUT"),
    (opcode::TimeoutUpdate::CODE, "IORING_OP_TIMEOUT_REMOVE"),
    (opcode::AsyncCancel::CODE, "IORING_OP_ASYNC_CANCEL"),
];

/// What it asks besides where the kernel knows it: ways of the doorbell.
const OPTIONAL: [u8; 2] = [opcode::FutexWait::CODE, opcode::MsgRingData::CODE];

/// `IORING_UNREGISTER_RING_FDS`: the one registration that is asked of an enabled ring.
const UNREGISTER_RING_FDS: u8 = 21;

/// A set-up flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    SingleIssuer,
    DeferTaskrun,
    Taskrun,
    SubmitAll,
    Clamp,
    CqSize,
    Disabled,
    NoSqArray,
}

/// All flags with their names in the kernel; those that came last to the kernel stand last.
const FLAGS: [(Flag, &str); 8] = [
    (Flag::SingleIssuer, "SINGLE_ISSUER"),
    (Flag::DeferTaskrun, "DEFER_TASKRUN"),
    (Flag::Taskrun, "TASKRUN_FLAG"),
    (Flag::SubmitAll, "SUBMIT_ALL"),
    (Flag::Clamp, "CLAMP"),
    (Flag::CqSize, "CQSIZE"),
    (Flag::Disabled, "R_DISABLED"),
    (Flag::NoSqArray, "NO_SQARRAY"),
];

/// How many of the flags each rung sets, from the top.
const RUNGS: [usize; 2] = [FLAGS.len(), FLAGS.len() - 1];

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rung(usize);

impl Rung {
    /// The flags that it sets.
    pub(super) fn flags(self) -> impl Iterator<Item = Flag> {
        FLAGS[..self.0].iter().map(|(flag, _)| *flag)
    }
}

/// Tries `set_up` from the top of the ladder until it says anything but `EINVAL` ([I1]).
pub(super) fn climb<T>(mut set_up: impl FnMut(Rung) -> io::Result<T>) -> io::Result<(T, Rung)> {
    let mut refused = io::Error::from(io::ErrorKind::InvalidInput);
    for rung in RUNGS.map(Rung) {
        match set_up(rung) {
            Ok(ring) => return Ok((ring, rung)),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// Sets a disabled ring up as `rung` says.
pub(super) fn set_up(rung: Rung, config: Config) -> io::Result<IoUring> {
    let mut builder = IoUring::builder();
    builder.dontfork();
    for flag in rung.flags() {
        match flag {
            Flag::SingleIssuer => builder.setup_single_issuer(),
            Flag::DeferTaskrun => builder.setup_defer_taskrun(),
            Flag::Taskrun => builder.setup_taskrun_flag(),
            Flag::SubmitAll => builder.setup_submit_all(),
            Flag::Clamp => builder.setup_clamp(),
            Flag::CqSize => builder.setup_cqsize(config.completions),
            Flag::Disabled => builder.setup_r_disabled(),
            Flag::NoSqArray => builder.setup_no_sqarray(),
        };
    }
    builder.build(config.submissions)
}

/// What a ring that was set up on `rung` says of itself.
pub(super) fn look(ring: &Parameters, rung: Rung) -> Setup {
    let mut setup = Setup {
        rung,
        submissions: ring.sq_entries(),
        completions: ring.cq_entries(),
        ..Setup::default()
    };
    for (feature, has) in [
        (Feature::NoDrop, ring.is_feature_nodrop()),
        (Feature::SubmitStable, ring.is_feature_submit_stable()),
        (Feature::FastPoll, ring.is_feature_fast_poll()),
        (Feature::ExtArg, ring.is_feature_ext_arg()),
        (Feature::NativeWorkers, ring.is_feature_native_workers()),
        (Feature::CqeSkip, ring.is_feature_skip_cqe_on_success()),
        (Feature::Bundles, ring.is_feature_recvsend_bundle()),
        (Feature::MinTimeout, ring.is_feature_min_timeout()),
        (Feature::NoIowait, ring.is_feature_no_iowait()),
    ] {
        setup.note(feature, has);
    }
    setup
}

/// Asks which operations the kernel knows: how many, and the first of ours that it does not.
pub(super) fn probe(ring: &Submitter<'_>) -> io::Result<(u32, Option<&'static str>)> {
    let mut probe = Probe::new();
    ring.register_probe(&mut probe)?;
    let known = (0..=u8::MAX).filter(|code| probe.is_supported(*code)).count();
    let unknown = OPCODES.iter().find(|(code, _)| !probe.is_supported(*code));
    Ok((known as u32, unknown.map(|(_, name)| *name)))
}

/// Lets a disabled ring refuse all that is none of ours.
pub(super) fn restrict(ring: &Submitter<'_>) -> io::Result<()> {
    use squeue::Flags;
    let flags = Flags::SKIP_SUCCESS | Flags::BUFFER_SELECT | Flags::FIXED_FILE;
    let mut allowed = vec![
        Restriction::sqe_flags_allowed(flags.bits()),
        Restriction::register_op(UNREGISTER_RING_FDS),
    ];
    allowed.extend(OPCODES.iter().map(|(code, _)| Restriction::sqe_op(*code)));
    let mut probe = Probe::new();
    ring.register_probe(&mut probe)?;
    let known = OPTIONAL.iter().filter(|code| probe.is_supported(**code));
    allowed.extend(known.map(|code| Restriction::sqe_op(*code)));
    ring.register_restrictions(&mut allowed)
}

/// What a ring may have beyond its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Feature {
    NoDrop,
    SubmitStable,
    FastPoll,
    ExtArg,
    NativeWorkers,
    CqeSkip,
    Bundles,
    MinTimeout,
    NoIowait,
    RegisteredRing,
    Restricted,
}

/// All features with their names, in the order of [`Feature`], and whether a ring without it is of no use.
const FEATURES: [(Feature, &str, bool); 11] = [
    (Feature::NoDrop, "NODROP", true),
    (Feature::SubmitStable, "SUBMIT_STABLE", true),
    (Feature::FastPoll, "FAST_POLL", true),
    (Feature::ExtArg, "EXT_ARG", true),
    (Feature::NativeWorkers, "NATIVE_WORKERS", true),
    (Feature::CqeSkip, "CQE_SKIP", true),
    (Feature::Bundles, "RECVSEND_BUNDLE", false),
    (Feature::MinTimeout, "MIN_TIMEOUT", false),
    (Feature::NoIowait, "NO_IOWAIT", false),
    (Feature::RegisteredRing, "registered ring", false),
    (Feature::Restricted, "restricted", false),
];

/// What a worker's ring turned out to have: the flags that it was set up with, its features, its sizes. Its text is one line.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let runtime = tidemill_uring::runtime::Runtime::new()?;
/// let line = runtime.setup().to_string();
/// assert!(line.contains("DEFER_TASKRUN") && !line.contains('\n'));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    pub(super) rung: Rung,
    features: u32,
    /// Operations that the kernel knows.
    pub(super) opcodes: u32,
    pub(super) submissions: u32,
    pub(super) completions: u32,
    pub(super) buffers: u16,
}

impl Setup {
    /// Notes that the ring has `feature`, or not.
    pub(super) fn note(&mut self, feature: Feature, has: bool) {
        let bit = 1 << feature as u32;
        self.features = if has { self.features | bit } else { self.features & !bit };
    }

    pub(super) fn has(&self, feature: Feature) -> bool {
        self.features & (1 << feature as u32) != 0
    }

    /// The first feature that a ring must have and this one has not.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        FEATURES
            .iter()
            .find(|(feature, _, required)| *required && !self.has(*feature))
            .map(|(_, name, _)| *name)
    }

    /// The names of its set-up flags, without their prefix.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        FLAGS[..self.rung.0].iter().map(|(_, name)| *name)
    }

    /// The names of its features.
    pub fn features(&self) -> impl Iterator<Item = &'static str> {
        let features = self.features;
        FEATURES
            .iter()
            .filter(move |(feature, ..)| features & (1 << *feature as u32) != 0)
            .map(|(_, name, _)| *name)
    }

    /// Entries of the submission queue.
    pub fn submissions(&self) -> u32 {
        self.submissions
    }

    /// Entries of the completion queue.
    pub fn completions(&self) -> u32 {
        self.completions
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("no ring of the kernel's");
        }
        let Self { submissions, completions, buffers, opcodes, .. } = self;
        write!(f, "io_uring of {submissions} submissions, {completions} completions, ")?;
        write!(f, "{buffers} buffers, {opcodes} opcodes; flags:")?;
        self.flags().try_for_each(|name| write!(f, " {name}"))?;
        for (number, name) in self.features().enumerate() {
            write!(f, "{} {name}", if number == 0 { "; features:" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{FEATURES, FLAGS, Feature, Flag, Rung, Setup, climb};

    /// A kernel that knows some flags.
    fn kernel(known: impl Fn(Flag) -> bool) -> (io::Result<((), Rung)>, usize) {
        let mut tries = 0;
        let end = climb(|rung| {
            tries += 1;
            let einval = || io::Error::from_raw_os_error(libc::EINVAL);
            if rung.flags().all(&known) { Ok(()) } else { Err(einval()) }
        });
        (end, tries)
    }

    #[test]
    fn a_kernel_gets_the_first_rung_whose_flags_it_knows() {
        let (end, tries) = kernel(|_| true);
        assert_eq!((end.expect("a ring").1, tries), (Rung(8), 1));
        let (end, tries) = kernel(|flag| flag != Flag::NoSqArray);
        assert_eq!((end.expect("a ring").1, tries), (Rung(7), 2));
        for flag in FLAGS.map(|(flag, _)| flag).into_iter().filter(|flag| *flag != Flag::NoSqArray)
        {
            let (end, tries) = kernel(|known| known != flag);
            assert_eq!(end.expect_err("below the floor").raw_os_error(), Some(libc::EINVAL));
            assert_eq!(tries, 2, "{flag:?}");
        }
    }

    #[test]
    fn any_other_answer_than_einval_ends_the_climb() {
        for errno in [libc::EPERM, libc::ENOSYS, libc::ENOMEM, libc::EMFILE] {
            let mut tries = 0;
            let end = climb(|_| {
                tries += 1;
                Err::<(), _>(io::Error::from_raw_os_error(errno))
            });
            assert_eq!(end.expect_err("refused").raw_os_error(), Some(errno));
            assert_eq!(tries, 1);
        }
    }

    #[test]
    fn a_ring_says_in_one_line_what_it_has_and_what_it_lacks() {
        let mut setup = Setup { rung: Rung(7), opcodes: 63, submissions: 8, ..Setup::default() };
        for (place, (feature, name, required)) in FEATURES.into_iter().enumerate() {
            assert_eq!(feature as usize, place);
            assert!(setup.lacks().is_none_or(|lacking| !required || lacking == name));
            setup.note(feature, true);
        }
        assert_eq!(setup.lacks(), None);
        setup.note(Feature::CqeSkip, false);
        assert_eq!(setup.lacks(), Some("CQE_SKIP"));
        let line = setup.to_string();
        assert!(
            line.contains("CLAMP CQSIZE R_DISABLED; features: NODROP, SUBMIT_STABLE"),
            "{line}"
        );
        assert!(!line.contains("NO_SQARRAY") && !line.contains("CQE_SKIP"), "{line}");
        assert_eq!(Setup::default().to_string(), "no ring of the kernel's");
    }
}
