//! Sizes of blocks: classes, so that what one task leaves fits another.

use core::alloc::Layout;

use crate::sync::MODELLED;

/// Whether there are slabs: where a Home knows its thread, since others would find nothing in a tag; and not in models, whose cells are larger than tags.
pub(crate) const HAS_TAGS: bool = cfg!(feature = "std") && !MODELLED;

/// Sizes of blocks: 120, 184, 248, 376, .. 49144 bytes. With the word that allocators put before a block, those of a class lie at whole cache lines from
/// each other, and none is lost.
const PLAIN: usize = 18;
/// And of those whose blocks have tags and come from [slabs](super::slab), where there are any: 160 and 224 bytes. With its tag, an eighth more, each takes no more memory than
/// one of the plain class from which its tasks come. What is smaller is too small for that; what is larger is touched in so many places in its turn that a wake adds little.
const TAGGED: usize = 2;
/// How many such there are here.
pub(super) const SLABBED: usize = if HAS_TAGS { TAGGED } else { 0 };
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

    /// Of this layout, in a block with a tag where that takes no more memory.
    pub(crate) const fn tagged(layout: Layout) -> Self {
        match class_of(layout) {
            Some(class @ 1..=TAGGED) if HAS_TAGS && layout.size() <= stride(class - 1) => {
                Self { layout, class: PLAIN + class - 1 }
            }
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
    if class >= PLAIN {
        return stride(class - PLAIN);
    }
    ((if class.is_multiple_of(2) { 128 } else { 192 }) << (class / 2)) - WORD
}

/// Which of the classes it is whose blocks come from slabs, if it is one.
#[inline(always)]
pub(super) const fn row(class: usize) -> Option<usize> {
    match class.checked_sub(PLAIN) {
        Some(row) if HAS_TAGS && row < TAGGED => Some(row),
        _ => None,
    }
}

/// How far blocks of such a class are apart, which is their size.
pub(super) const fn stride(row: usize) -> usize {
    // Half lines: so what is hot of a small task is in two lines, wherever it lies.
    ((size(row + 1) + WORD) / 8 * 7) & !31
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
