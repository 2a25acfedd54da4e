//! A monitor answers for the tasks that run under it: errors that nobody awaits are sent to it, and go up the tree until somebody listens.
//!
//! | monitor          | an error that reaches it                                                                    |
//! |------------------|---------------------------------------------------------------------------------------------|
//! | listened to      | is kept for each of its streams, and goes on to the parent                                  |
//! | detached         | is kept for each of its streams, and stops here; as long as one of those that detached it is alive |
//! | top, attached    | as above, and there is nobody above: the tree has failed, which is where shutdown begins      |
//!
//! [M1] Sending runs no user code: it keeps reports, and wakes who waits for them. Reports that fall out are dropped after the lock.
//! [M2] `kept` holds the last of the `seen` reports, at most [`KEPT`]; none while nobody listens.
//! [M3] Streams and reports do not count as handles. So when the last handle, child or context of a monitor goes, no error can come any
//!      more, and its streams end.
//! [M4] Who waits for the tree to fail stands in a line of its own, `falls`, and is woken when it has: `fallen` is set before that line is woken, and
//!      looked at under its lock.

use core::{error, fmt, mem};

use alloc::collections::VecDeque;

use crate::{
    context::{
        info::TaskInfo,
        stray::{Failed, Stray},
        worker::worker,
    },
    error::Fault,
    lock::Lock,
    sync::{
        Arc, AtomicBool, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
    wait::WaitList,
};

/// How many reports a monitor keeps for streams that are slow to read.
pub(super) const KEPT: usize = 64;

/// A handle on a monitor. Clones are the same monitor.
///
/// Source: Async's `Monitor`. Changed: a monitor is detached for as long as the stream that detaches it is alive, so that no error is
/// swallowed where nobody listens; and what that stream leaves unread goes on to the parent.
pub struct Monitor {
    pub(super) node: Arc<Node>,
}

pub(super) struct Node {
    parent: Option<Monitor>,
    handles: AtomicUsize,
    /// Whether `failed` holds something: set after it.
    fallen: AtomicBool,
    pub(super) falls: WaitList<Lock, ()>,
    pub(super) line: WaitList<Lock, State>,
}

pub(super) struct State {
    seen: u64,
    listeners: usize,
    pub(super) detaching: usize,
    kept: VecDeque<Report>,
    /// Without the monitors that they came from: those hold this, and neither would ever go.
    failed: Failed,
    closed: bool,
}

/// An error on its way up: what went wrong, and the monitor that was told first. It is wrapped once, however often it is sent on.
#[derive(Clone)]
pub struct Report {
    stray: Stray,
    origin: Arc<Node>,
}

impl Monitor {
    /// The top of a tree of its own.
    pub fn top() -> Self {
        Self::make(None)
    }

    /// A monitor below this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self::make(Some(self.clone()))
    }

    fn make(parent: Option<Self>) -> Self {
        let (handles, fallen) = (AtomicUsize::new(1), AtomicBool::new(false));
        let (falls, line) = (WaitList::new_in(()), WaitList::new_in(State::new()));
        Self { node: Arc::new(Node { parent, handles, fallen, falls, line }) }
    }

    /// The monitor above this one.
    pub fn parent(&self) -> Option<&Self> {
        self.node.parent.as_ref()
    }

    /// Tells this monitor, and those above it up to the first one that is detached. It returns before anybody has handled anything.
    pub fn send_error(&self, fault: impl Into<Fault>) {
        self.send_from(fault.into(), None);
    }

    /// As `send_error`, of the panic of a task.
    pub(crate) fn send_panic(&self, fault: impl Into<Fault>, task: Option<TaskInfo>) {
        self.send_from(fault.into(), task);
    }

    fn send_from(&self, fault: Fault, task: Option<TaskInfo>) {
        let report = fault.downcast_ref::<Report>().cloned();
        self.send_report(report.unwrap_or_else(|| {
            let stray = Stray { fault, worker: worker(), task };
            Report { stray, origin: self.node.clone() }
        }));
    }

    /// Sends on what was told to another monitor.
    pub fn send_report(&self, report: Report) {
        self.node.carry(&report);
    }

    /// How many errors have reached this monitor.
    pub fn seen(&self) -> u64 {
        self.node.line.with(|turn| turn.state.seen)
    }

    /// The first error that reached the top of this tree and found nobody who detached it: whoever runs it is to shut down in order.
    pub fn failed(&self) -> Option<Fault> {
        self.node.top().line.with(|turn| turn.state.failed())
    }

    /// Whether the tree has [`failed`](Self::failed): one load.
    pub fn has_failed(&self) -> bool {
        self.node.top().is_fallen()
    }

    /// All errors for which the tree has [`failed`](Self::failed), with where they came from.
    pub fn failures(&self) -> Option<Failed> {
        self.node.top().line.with(|turn| turn.state.failed.begun().cloned())
    }

    /// Has the tree count as failed, whoever listens.
    pub fn fail(&self, report: Report) {
        self.node.top().fall(&report);
    }
}

impl Node {
    pub(super) fn top(&self) -> &Self {
        let mut at = self;
        while let Some(parent) = &at.parent {
            at = &parent.node;
        }
        at
    }

    pub(super) fn carry(&self, report: &Report) {
        let mut at = self;
        loop {
            let is_top = at.parent.is_none();
            let (goes_on, _old) = at.line.with(|turn| turn.state.take_in(report, is_top));
            if goes_on && is_top {
                at.has_fallen();
            }
            at.line.wake_all();
            match &at.parent {
                Some(parent) if goes_on => at = &parent.node,
                _ => return,
            }
        }
    }

    /// The tree has failed, for this too.
    fn fall(&self, report: &Report) {
        self.line.with(|turn| turn.state.failed.push(&report.stray));
        self.has_fallen();
    }

    fn has_fallen(&self) {
        // ordering: Release pairs with Acquire in `is_fallen`.
        self.fallen.store(true, Release);
        self.falls.wake_all();
    }

    pub(super) fn is_fallen(&self) -> bool {
        // ordering: Acquire pairs with Release in `has_fallen`: who finds it set finds the error.
        self.fallen.load(Acquire)
    }

    /// Sends on what its streams have left unread.
    pub(super) fn carry_on(&self, unread: VecDeque<Report>) {
        for report in unread {
            match &self.parent {
                Some(parent) => parent.node.carry(&report),
                None => self.fall(&report),
            }
        }
    }
}

impl State {
    fn new() -> Self {
        let (kept, failed) = (VecDeque::new(), Failed::new());
        Self { seen: 0, listeners: 0, detaching: 0, kept, failed, closed: false }
    }

    /// Whether the report goes on, and what falls out for it.
    fn take_in(&mut self, report: &Report, is_top: bool) -> (bool, Option<Report>) {
        self.seen += 1;
        let mut old = None;
        if self.listeners > 0 {
            if self.kept.len() == KEPT {
                old = self.kept.pop_front();
            }
            self.kept.push_back(report.clone());
        }
        let goes_on = self.detaching == 0;
        if goes_on && is_top {
            self.failed.push(&report.stray);
        }
        (goes_on, old)
    }

    /// A listener more: what is to keep its reports, and the number of the first one that is its own.
    pub(super) fn join(&mut self, room: VecDeque<Report>, detaching: bool) -> u64 {
        if self.listeners == 0 {
            self.kept = room;
        }
        self.listeners += 1;
        self.detaching += usize::from(detaching);
        self.seen
    }

    /// A listener less. What is kept goes with the last one; what it has not read, with the last one that detached, goes on.
    pub(super) fn leave(
        &mut self,
        next: u64,
        detaching: bool,
    ) -> (VecDeque<Report>, VecDeque<Report>) {
        self.listeners -= 1;
        self.detaching -= usize::from(detaching);
        let mut unread = VecDeque::new();
        if detaching && self.detaching == 0 {
            let read = next.saturating_sub(self.first()) as usize;
            unread = self.kept.iter().skip(read).cloned().collect();
        }
        let kept = if self.listeners == 0 { mem::take(&mut self.kept) } else { VecDeque::new() };
        (unread, kept)
    }

    /// The number of the first report that is kept.
    fn first(&self) -> u64 {
        self.seen - self.kept.len() as u64
    }

    /// The report with this number or the first one after it, and its number; `Some(None)` where none will come.
    pub(super) fn read(&self, next: u64) -> Option<Option<(u64, Report)>> {
        let at = next.max(self.first());
        match self.kept.get((at - self.first()) as usize) {
            Some(report) => Some(Some((at, report.clone()))),
            None => self.closed.then_some(None),
        }
    }

    fn failed(&self) -> Option<Fault> {
        self.failed.begun().map(|failed| failed.first().fault.clone())
    }
}

impl Report {
    /// What went wrong.
    pub fn fault(&self) -> &Fault {
        &self.stray.fault
    }

    /// What went wrong, and where.
    pub fn stray(&self) -> &Stray {
        &self.stray
    }

    /// The monitor that was told first.
    pub fn monitor(&self) -> Monitor {
        Monitor::again(&self.origin)
    }
}

impl Monitor {
    fn again(node: &Arc<Node>) -> Self {
        // ordering: Relaxed, the reference keeps the node; the count says only whether streams end.
        node.handles.fetch_add(1, Relaxed);
        Self { node: node.clone() }
    }
}

impl Clone for Monitor {
    fn clone(&self) -> Self {
        Self::again(&self.node)
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // ordering: Relaxed elects the last. What the others sent stands under the lock of the line: in it before their subtraction, and
        // so before ours and the end.
        if self.node.handles.fetch_sub(1, Relaxed) == 1 {
            self.node.line.with(|turn| turn.state.closed = true);
            self.node.line.wake_all();
        }
    }
}

impl PartialEq for Monitor {
    /// Whether they are the same monitor.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for Monitor {}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("seen", &self.seen()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Report").field(&self.stray).finish()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stray.fault.fmt(f)
    }
}

impl error::Error for Report {}
