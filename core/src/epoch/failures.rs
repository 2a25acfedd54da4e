//! Failures of epochs whose writers have left before their turn: kept until it comes. They are few, so epochs have no room for them.
//!
//! | failures | lie                          | room                                      |
//! |----------|------------------------------|-------------------------------------------|
//! | Many     | in an allocation, made for the first | grows                                     |
//! | None     | nowhere                      | none; a value in a static has them Lent   |
//! | Lent     | in a static beside the value | as many as epochs can wait behind the first |
//!
//! [L1] An epoch has a failure here from when it ends so until it is in front, and is behind the first meanwhile. So there is room.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, collections::BTreeMap};

use heapless::vec::VecView;

/// Failures, each with the number of its epoch.
#[cfg_attr(
    feature = "alloc",
    expect(clippy::box_collection, reason = "one word: there are none, as a rule")
)]
pub(super) enum Failures<E: 'static> {
    #[cfg(feature = "alloc")]
    Many(Option<Box<BTreeMap<u64, E>>>),
    #[cfg(not(feature = "alloc"))]
    None,
    Lent(&'static mut VecView<(u64, E)>),
}

impl<E> Failures<E> {
    pub(super) const fn new() -> Self {
        #[cfg(feature = "alloc")]
        return Self::Many(None);
        #[cfg(not(feature = "alloc"))]
        return Self::None;
    }

    /// Has them lie in `room`.
    pub(super) fn lend(&mut self, room: &'static mut VecView<(u64, E)>) {
        *self = Self::Lent(room);
    }

    /// Keeps the failure of an epoch, which has none yet.
    #[cold]
    pub(super) fn put(&mut self, number: u64, failure: E) {
        let kept = match self {
            #[cfg(feature = "alloc")]
            Self::Many(many) => many.get_or_insert_default().insert(number, failure).is_none(),
            #[cfg(not(feature = "alloc"))]
            Self::None => false,
            Self::Lent(lent) => lent.push((number, failure)).is_ok(),
        };
        debug_assert!(kept, "[L1]");
    }

    /// Takes the failure of an epoch.
    #[cold]
    pub(super) fn take(&mut self, number: u64) -> Option<E> {
        match self {
            #[cfg(feature = "alloc")]
            Self::Many(many) => many.as_mut()?.remove(&number),
            #[cfg(not(feature = "alloc"))]
            Self::None => None,
            Self::Lent(lent) => {
                let at = lent.iter().position(|(of, _)| *of == number)?;
                Some(lent.swap_remove(at).1)
            }
        }
    }
}
