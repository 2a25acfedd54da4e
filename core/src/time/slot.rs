//! A slot of a timing wheel: the place where a deadline belongs, seen from the wheel's cursor.
//!
//! Written in base 2^[`BITS`], a deadline that is not before the cursor has a highest digit in which the two differ: its number is the
//! level, its value the digit. (Varghese and Lauck's hierarchical wheel with slots of one nanosecond at the bottom, hashed like
//! a radix heap: by the distance in digits, not in time, so that no level has an overflow and the top one reaches to the end of time.)
//!
//! [P1] A place is a function of deadline and cursor alone. Nothing has to remember where it was put.
//! [P2] A place of level 0 holds one deadline only. A place of level n covers 2^([`BITS`] * n) ns, aligned.
//! [P3] For places seen from one cursor, a lower level is earlier than a higher, and in a level a lower digit is earlier than a higher.
//! [P4] The cursor may move on to any moment before the start of the first place taken, or to that start if it is exact, and every
//!      place stays right. To move on further, the entries of the first place are placed anew.
//! [P5] The cursor may move back: what then has to be placed anew are the levels below the one in which old and new differ, and
//!      all of them have the same new place.

/// Bits of a digit: 11 levels and 5.1 KiB of slots on 64-bit machines, 16 levels and 1 KiB on smaller ones.
const BITS: u32 = if cfg!(target_pointer_width = "64") { 6 } else { 4 };
const WIDTH: usize = 1 << BITS;
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;
/// How many slots there are: the top level has as many as the bits that are left.
pub(super) const SLOTS: usize =
    (LEVELS - 1) * WIDTH + (1 << (u64::BITS - (LEVELS as u32 - 1) * BITS));

/// Where a deadline belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    level: u32,
    digit: u32,
}

impl Slot {
    /// The slot of `deadline`, which is not before `cursor`.
    #[inline]
    pub(super) fn of(deadline: u64, cursor: u64) -> Self {
        debug_assert!(deadline >= cursor);
        let highest = 63 - ((deadline ^ cursor) | 1).leading_zeros();
        Self::at(deadline, highest / BITS)
    }

    fn at(moment: u64, level: u32) -> Self {
        Self { level, digit: (moment >> (level * BITS)) as u32 & (WIDTH as u32 - 1) }
    }

    /// Whether it holds a single deadline ([P2]).
    #[inline]
    pub(super) fn is_exact(self) -> bool {
        self.level == 0
    }

    /// The first moment it covers, seen from `cursor`.
    #[inline]
    pub(super) fn start(self, cursor: u64) -> u64 {
        let shift = self.level * BITS;
        let above = u64::MAX.checked_shl(shift + BITS).unwrap_or(0);
        (cursor & above) | u64::from(self.digit) << shift
    }

    /// Its index among all [`SLOTS`].
    #[inline]
    pub(super) fn index(self) -> usize {
        self.level as usize * WIDTH + self.digit as usize
    }
}

/// Which slots are taken: one bit for each, and one for each level. And which of them may hold several deadlines, which are *mixed*.
pub(super) struct Taken {
    levels: u32,
    digits: [u64; LEVELS],
    mixed: [u64; LEVELS],
}

impl Taken {
    /// None is.
    pub(super) const fn none() -> Self {
        Self { levels: 0, digits: [0; LEVELS], mixed: [0; LEVELS] }
    }

    #[inline]
    pub(super) fn add(&mut self, slot: Slot) {
        self.levels |= 1 << slot.level;
        self.digits[slot.level as usize] |= 1 << slot.digit;
    }

    #[inline]
    pub(super) fn remove(&mut self, slot: Slot) {
        self.mixed[slot.level as usize] &= !(1 << slot.digit);
        let digits = &mut self.digits[slot.level as usize];
        *digits &= !(1 << slot.digit);
        if *digits == 0 {
            self.levels &= !(1 << slot.level);
        }
    }

    /// A slot that is taken may hold several deadlines from now on, until it is taken no more.
    #[inline]
    pub(super) fn mix(&mut self, slot: Slot) {
        self.mixed[slot.level as usize] |= 1 << slot.digit;
    }

    #[inline]
    pub(super) fn is_mixed(&self, slot: Slot) -> bool {
        self.mixed[slot.level as usize] & 1 << slot.digit != 0
    }

    /// The earliest ([P3]).
    #[inline]
    pub(super) fn first(&self) -> Option<Slot> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros();
        Some(Slot { level, digit: self.digits[level as usize].trailing_zeros() })
    }

    /// The earliest, if it would lie below the level in which `cursor` and the earlier moment `to` differ: its entries then
    /// belong, seen from `to`, into the slot that is returned beside it.
    #[inline]
    pub(super) fn first_below(&self, cursor: u64, to: u64) -> Option<(Slot, Slot)> {
        let highest = (63 - ((cursor ^ to) | 1).leading_zeros()) / BITS;
        let first = self.first().filter(|slot| slot.level < highest)?;
        Some((first, Slot::at(cursor, highest)))
    }
}
