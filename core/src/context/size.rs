//! Sizes of blocks: classes, so that what one task leaves fits another.

use core::alloc::Layout;

use crate::sync::MODELLED;

/// Whether there are slabs: where a Home knows its thread, since others would find nothing in a tag; and not in models, whose cells are larger than tags.
pub(crate) const HAS_TAGS: bool = cfg!(feature = "std") && !MODELLED;

/// Sizes of blocks: 120, 184, 248, 376, .. 49144 bytes. With the word that allocators put before a block, those of a class lie at whole cache lines from
/// each other, and none is lost.
const PLAIN: usize = 18;
/// Of the smaller ones, up to 1016 bytes, there are those again whose blocks have tags and come from [slabs](super::slab), where there are any.
pub(super) const SLABBED: usize = if HAS_TAGS { 7 } else { 0 };
/// How many there are.
pub(super) const CLASSES: usize = PLAIN + SLABBED;
/// That word.
const WORD: usize = 8;
/// Blocks are aligned as allocators do by themselves: for more they spend a line.
const ALIGN: usize = 16;
/// How many bytes of each class are kept, but four blocks at least.
const KEPT_BYTES: usize = 1 << 20;

/// What a task needs: its layout, and the class of its block, worked out where the task's type is known.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub(super) layout: Layout,
    /// [`CLASSES`] where none fits.
    pub(super) class: usize,
}

impl Size {
    /// Of this layout.
    pub const fn of(layout: Layout) -> Self {
        let class = match class_of(layout) {
            Some(class) => class,
            None => CLASSES,
        };
        Self { layout, class }
    }

    /// Of this layout, in a block with a tag where there are such.
    pub(crate) const fn tagged(layout: Layout) -> Self {
        match class_of(layout) {
            Some(class) if class < SLABBED => Self { layout, class: PLAIN + class },
            _ => Self::of(layout),
        }
    }

    /// Whether a block of it has a tag.
    #[inline(always)]
    pub(crate) const fn has_tag(self) -> bool {
        row(self.class).is_some()
    }

    /// With what layout the block is allocated.
    pub(super) const fn allocated(self) -> Layout {
        if self.class < CLASSES { layout(self.class) } else { self.layout }
    }
}

/// The smallest class that fits, if there is one.
const fn class_of(wanted: Layout) -> Option<usize> {
    if wanted.align() > ALIGN || wanted.size() > size(PLAIN - 1) {
        return None;
    }
    if wanted.size() <= size(0) {
        return Some(0);
    }
    // More than 2^power, and at most twice that.
    let power = (wanted.size() + WORD - 1).ilog2() as usize;
    let half = 2 * (power - 7) + 1;
    Some(if wanted.size() <= size(half) { half } else { half + 1 })
}

const fn size(class: usize) -> usize {
    let class = if class < PLAIN { class } else { class - PLAIN };
    ((if class.is_multiple_of(2) { 128 } else { 192 }) << (class / 2)) - WORD
}

/// Which of the classes it is whose blocks come from slabs, if it is one.
#[inline(always)]
pub(super) const fn row(class: usize) -> Option<usize> {
    if class >= PLAIN && class < CLASSES { Some(class - PLAIN) } else { None }
}

/// How far blocks of such a class are apart: whole lines.
pub(super) const fn stride(row: usize) -> usize {
    size(row) + WORD
}

pub(super) const fn layout(class: usize) -> Layout {
    match Layout::from_size_align(size(class), ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("sizes of classes are small"),
    }
}

/// How many blocks of each class are kept, here and in the depot.
pub(super) const MOST: [usize; CLASSES] = {
    let (mut most, mut class) = ([4; CLASSES], 0);
    while class < CLASSES {
        if KEPT_BYTES / size(class) > 4 {
            most[class] = KEPT_BYTES / size(class);
        }
        class += 1;
    }
    most
};

/// How many blocks of each class go to the depot and come from there at once.
pub(super) const BATCH: [usize; CLASSES] = {
    let (mut batch, mut class) = ([32; CLASSES], 0);
    while class < CLASSES {
        if MOST[class] / 2 < batch[class] {
            batch[class] = MOST[class] / 2;
        }
        class += 1;
    }
    batch
};
