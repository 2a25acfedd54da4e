//! A handle on a Home in a static, as all are without `alloc`: an address, which nobody counts. And what every such Home begins with for it.
//!
//! [C1] A handle names a Head in a Home in a static, by a pointer that may be led back to all of that. `now` and `ring`, which stand there, fit the Home.

#![expect(unsafe_code, reason = "calls what fits a Home, which its type does not say")]

use core::{cell::Cell, fmt, num::NonZero, ptr::NonNull, task::Waker};

use super::{lock::HomeLock, priority::Priority};
use crate::{
    clock::{Clock, Instant},
    const_new,
    mark::Mark,
    mask::{Mask, Masked, masked},
    shared_static,
    sync::{AtomicUsize, Ordering::Relaxed, UnsafeCell},
    time::Wheel,
};

/// Whether code can tell if it runs on a Home's own thread, within a turn. Here nobody knows whether an interrupt or another core calls: all that can be
/// reached from there is touched with interrupts masked.
pub const HOME_IS_KNOWN: bool = false;

// Whether anybody ever asks for the end of a cycle.
shared_static!(static CUT: Mark = Mark::new());

/// Says whether what is waited for has come; it is asked again when the waker is woken.
pub type Done<'d> = dyn FnMut(&Waker) -> bool + 'd;

/// Tells the time of a Home, which is of the type that this fits, by the address of its [`Head`].
pub type Now = unsafe fn(NonNull<Head>) -> Instant;

/// Ends the sleep of a Home, likewise.
pub type Ring = unsafe fn(NonNull<Head>);

/// What stands in every Home: what its handles use without knowing its type.
pub struct Head {
    /// None until it is claimed, so that a Home whose hooks are zeros is zeros too, and takes no memory in the program.
    now: UnsafeCell<Option<Now>>,
    /// Since somebody was to ring first: where nobody ever is, no doorbell is in the program.
    ring: Masked<Option<Ring>>,
    wheel: Wheel<HomeLock>,
    /// Whether it takes no task any more.
    closed: Masked<bool>,
    /// Whether the end of this cycle was asked for.
    cut: Masked<bool>,
    /// By priority, how many turns are left in this cycle; less than none once one more was asked for.
    left: [Turns; 2],
    /// How many turns there were in all cycles, those included that are left.
    granted: Masked<isize>,
}

impl Head {
    const_new! {
        /// One that nobody has a handle on.
        #[allow(clippy::new_without_default, reason = "it belongs into a Home")]
        pub fn new() -> Self {
            Self {
                now: UnsafeCell::new(None),
                ring: Masked::new(None),
                wheel: Wheel::new_in(),
                closed: Masked::new(false),
                cut: Masked::new(false),
                left: [Turns::new(), Turns::new()],
                granted: Masked::new(0),
            }
        }
    }

    /// The wheel of the Home.
    #[inline]
    pub fn wheel(&self) -> &Wheel<HomeLock> {
        &self.wheel
    }

    /// It is claimed: this tells its time.
    ///
    /// # Safety
    /// It fits the Home. Nobody has a handle yet.
    #[inline(always)]
    pub(crate) unsafe fn bear(&self, now: Now) {
        self.now.with_mut(|held| {
            // SAFETY: the contract.
            unsafe { *held = Some(now) };
        });
    }

    /// This rings, which fits the Home.
    #[inline(always)]
    pub(crate) fn rings_by(&self, mask: Mask<'_>, ring: Ring) {
        self.ring.set(mask, Some(ring));
    }

    /// How to ring, if anybody was ever to.
    pub(crate) fn ring(&self, mask: Mask<'_>) -> Option<Ring> {
        self.ring.get(mask)
    }

    /// A handle more.
    ///
    /// # Safety
    /// `head` stands in the Base with which a Home in a static begins, which is `Send + Sync`; it may be led back to all of that. The Home was borne.
    #[inline]
    pub unsafe fn handle(head: NonNull<Self>) -> HomeRef {
        HomeRef(head)
    }

    /// Begins a cycle with so many turns for this priority; what was asked for before it is forgotten. How many were left of the last one, or of the one that it
    /// interrupts.
    #[inline(always)]
    pub(crate) fn begin(&self, mask: Mask<'_>, priority: Priority, turns: isize) -> isize {
        self.cut.set(mask, false);
        let left = self.left[priority as usize].replace(turns).max(0);
        self.granted.set(mask, self.granted.get(mask).wrapping_add(turns - left));
        left
    }

    /// Has so many turns for Normal tasks in this cycle, which interrupts none. Nobody counts them.
    #[inline(always)]
    pub(crate) fn grant(&self, turns: isize) {
        self.left[Priority::Normal as usize].set(turns);
    }

    /// How many turns are left for Normal tasks.
    #[inline(always)]
    pub(crate) fn granted(&self) -> isize {
        self.left[Priority::Normal as usize].get().max(0)
    }

    /// Whether the end of the cycle was asked for, of who keeps to himself how many turns are left.
    #[inline(always)]
    pub(crate) fn is_cut(&self, mask: Mask<'_>) -> bool {
        // The mark first, since that is the shorter where nobody asks.
        CUT.is_set() && self.cut.get(mask)
    }

    /// What was asked for is forgotten.
    #[inline(always)]
    pub(crate) fn mend(&self, mask: Mask<'_>) {
        if CUT.is_set() {
            self.cut.set(mask, false);
        }
    }

    /// Ends a cycle that has interrupted one of which so many turns were left, and goes on with that.
    pub(crate) fn resume(&self, mask: Mask<'_>, priority: Priority, interrupted: isize) {
        let left = self.left[priority as usize].replace(interrupted).max(0);
        self.granted.set(mask, self.granted.get(mask).wrapping_add(interrupted - left));
    }

    /// How many turns were given in cycles.
    pub fn turns(&self) -> usize {
        masked(|mask| {
            let left = self.left.iter().map(|left| left.get().max(0)).sum();
            self.granted.get(mask).wrapping_sub(left).cast_unsigned()
        })
    }

    /// Takes one of the turns that are left, in a mask of its caller's. `false`: there was none.
    #[inline(always)]
    pub(crate) fn spend(&self, _: Mask<'_>, priority: Priority) -> bool {
        let left = &self.left[priority as usize];
        let rest = left.get() - 1;
        left.set(rest);
        rest >= 0
    }

    /// Whether turns are left for this priority.
    pub(crate) fn goes_on(&self, _: Mask<'_>, priority: Priority) -> bool {
        self.left[priority as usize].get() > 0
    }

    /// Leaves no turn for Normal tasks in this cycle. From anywhere.
    pub fn cut(&self) {
        CUT.set();
        masked(|mask| {
            self.cut.set(mask, true);
            self.waive(mask, Priority::Normal);
        });
    }

    /// Ends the cycle after this turn, in which the root has ended.
    pub(crate) fn leave(&self) {
        masked(|mask| {
            self.waive(mask, Priority::Normal);
            self.waive(mask, Priority::Low);
        });
    }

    #[inline(always)]
    fn waive(&self, mask: Mask<'_>, priority: Priority) {
        let left = self.left[priority as usize].replace(0).max(0);
        self.granted.set(mask, self.granted.get(mask).wrapping_sub(left));
    }

    /// Whether the end of the cycle was asked for since this was asked last.
    pub fn was_cut(&self) -> bool {
        masked(|mask| self.cut.take(mask))
    }

    /// Takes no task from now on.
    pub fn close(&self) {
        masked(|mask| self.closed.set(mask, true));
    }

    /// Whether it takes tasks, in a mask of its caller's.
    #[inline(always)]
    pub(crate) fn is_open_in(&self, mask: Mask<'_>) -> bool {
        !self.closed.get(mask)
    }

    /// Whether it takes tasks. Elsewhere than where it is closed that may change in a moment.
    pub fn is_open(&self) -> bool {
        masked(|mask| self.is_open_in(mask))
    }
}

/// How many turns each priority has in a cycle. Until it is set that is not written down, so that a Home is zeros. For the home thread.
pub struct Budget(Cell<Option<NonZero<isize>>>);

// Whether anybody ever sets one.
shared_static!(static SET: Mark = Mark::new());

impl Budget {
    /// By default. Firmware is slow, and its timers are to be on time beside busy tasks.
    const TURNS: isize = 16;

    const_new! {
        /// The default.
        #[allow(clippy::new_without_default, reason = "it belongs into a Home")]
        pub fn new() -> Self {
            Self(Cell::new(None))
        }
    }

    /// So many.
    #[inline(always)]
    pub fn get(&self) -> isize {
        // The mark first, since that is the shorter where nobody sets it.
        if SET.is_set() { self.0.get().map_or(Self::TURNS, NonZero::get) } else { Self::TURNS }
    }

    /// So many from now on; zero is the default.
    pub fn set(&self, turns: isize) {
        SET.set();
        self.0.set(NonZero::new(turns));
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Budget").field(&self.get()).finish()
    }
}

/// How many turns are left. It is changed under a mask alone, but where a cycle begins that nobody counts: there a cut that comes at the same time may
/// be for that cycle or the one before.
struct Turns(AtomicUsize);

impl Turns {
    const_new! {
        /// None.
        fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    #[inline(always)]
    fn get(&self) -> isize {
        // ordering: Relaxed, as everywhere here: it publishes nothing.
        self.0.load(Relaxed).cast_signed()
    }

    #[inline(always)]
    fn set(&self, turns: isize) {
        self.0.store(turns.cast_unsigned(), Relaxed);
    }

    #[inline(always)]
    fn replace(&self, turns: isize) -> isize {
        let before = self.get();
        self.set(turns);
        before
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

/// A handle on a Home: what tasks and timers keep of their executor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HomeRef(NonNull<Head>);

// SAFETY: a Home is `Send + Sync` (contract of `Head::handle`).
unsafe impl Send for HomeRef {}
// SAFETY: as above.
unsafe impl Sync for HomeRef {}

impl HomeRef {
    /// The handle of which this is the address that it tells; `None` for a null pointer.
    ///
    /// # Safety
    /// It was told by a handle, or is null.
    #[inline(always)]
    pub(super) unsafe fn at(address: *mut ()) -> Option<Self> {
        NonNull::new(address.cast()).map(Self)
    }

    /// The address of its [`Head`], by which it is known.
    #[inline]
    pub fn as_ptr(&self) -> *const () {
        self.0.as_ptr().cast()
    }

    /// Its [`Head`], which it names.
    #[inline(always)]
    pub(crate) fn as_head(&self) -> NonNull<Head> {
        self.0
    }

    #[inline]
    pub(crate) fn head(&self) -> &'static Head {
        // SAFETY: [C1].
        unsafe { self.0.as_ref() }
    }

    /// This one, as other handles answer it.
    pub(crate) fn home(&self) -> &Self {
        self
    }

    /// Its wheel.
    ///
    /// # Safety
    /// None to keep here.
    #[inline]
    pub(super) unsafe fn wheel(&self) -> &Wheel<HomeLock> {
        self.head().wheel()
    }

    /// Whether it takes tasks. It may be closed a moment later.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.head().is_open()
    }

    /// Leaves the Normal tasks that are ready to the next cycle, if there is one under way.
    ///
    /// # Safety
    /// None to keep here.
    pub(super) unsafe fn end_cycle(&self) {
        self.head().cut();
    }
}

impl fmt::Debug for HomeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HomeRef").field(&self.0).finish()
    }
}

impl Clock for HomeRef {
    #[inline]
    fn now(&self) -> Instant {
        let now = self.head().now.with(|now| {
            // SAFETY: [C1] it was borne before it was handed out, and nobody writes it again.
            let now = unsafe { *now };
            // SAFETY: as above.
            unsafe { now.unwrap_unchecked() }
        });
        // SAFETY: [C1] it fits.
        unsafe { now(self.0) }
    }
}
