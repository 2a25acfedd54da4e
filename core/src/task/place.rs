//! Places: of what the memory in statics is made that is reserved for tasks when the program is built.
//!
//! | of a task  | says                                                     |
//! |------------|----------------------------------------------------------|
//! | its size   | a number, of the future that a function returns          |
//! | its alignment | a type, named by [`Aligned`]                          |
//! | its name   | a type, [`PlaceName`]: so it takes no memory             |

use core::{future::Future, mem::MaybeUninit};

/// Names an alignment.
#[derive(Debug)]
pub struct Aligned<const ALIGN: usize>;

/// The alignments that there are: powers of two from 1 to 4096.
pub trait Alignment {
    /// A type of that alignment.
    type Unit: Copy;
}

macro_rules! alignments {
    ($($align:literal $unit:ident)*) => {$(
        #[derive(Clone, Copy, Debug)]
        #[repr(align($align))]
        pub struct $unit;
        impl Alignment for Aligned<$align> {
            type Unit = $unit;
        }
    )*};
}

mod units {
    #![allow(
        unreachable_pub,
        missing_docs,
        reason = "the types are named through `Alignment::Unit` alone"
    )]
    use super::{Aligned, Alignment};
    alignments!(1 A1 2 A2 4 A4 8 A8 16 A16 32 A32 64 A64 128 A128 256 A256 512 A512 1024 A1024 2048 A2048 4096 A4096);
}

/// What the tasks of a place are called.
pub trait PlaceName {
    /// Their name.
    const NAME: Option<&'static str>;
}

/// The tasks of such a place have no name.
#[derive(Debug)]
pub struct Unnamed;

impl PlaceName for Unnamed {
    const NAME: Option<&'static str> = None;
}

/// What is reserved.
#[repr(C)]
pub(super) struct Memory<const SIZE: usize, const ALIGN: usize>
where
    Aligned<ALIGN>: Alignment,
{
    align: [<Aligned<ALIGN> as Alignment>::Unit; 0],
    bytes: MaybeUninit<[u8; SIZE]>,
}

impl<const SIZE: usize, const ALIGN: usize> Memory<SIZE, ALIGN>
where
    Aligned<ALIGN>: Alignment,
{
    /// In which nothing stands.
    pub(super) const fn new() -> Self {
        Self { align: [], bytes: MaybeUninit::uninit() }
    }
}

/// A function that returns a future, such as an `async fn`, with up to six arguments.
pub trait TaskFn<Args> {
    /// What it returns.
    type Future: Future;
}

macro_rules! task_fn {
    ($($arg:ident)*) => {
        impl<Fun, Fut, $($arg),*> TaskFn<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Fut,
            Fut: Future,
        {
            type Future = Fut;
        }
    };
}
task_fn!();
task_fn!(A);
task_fn!(A B);
task_fn!(A B C);
task_fn!(A B C D);
task_fn!(A B C D E);
task_fn!(A B C D E F);

/// Reserves static memory for a task of the `async fn` that it names, and is a `&'static TaskPlace` of the right size, whose
/// tasks are named as it is. Each place in the source where it stands is one place for one task at a time.
///
/// ```
/// async fn blink(times: u32) -> u32 { times }
///
/// let place = tidemill_core::task_place!(blink);
/// assert_eq!(format!("{place:?}"), format!("TaskPlace({} bytes)", tidemill_core::task::task_size(&blink)));
/// ```
#[macro_export]
macro_rules! task_place {
    ($task:path) => {{
        struct Name;
        impl $crate::task::PlaceName for Name {
            const NAME: Option<&'static str> = Some(stringify!($task));
        }
        static PLACE: $crate::task::TaskPlace<
            { $crate::task::task_size(&$task) },
            { $crate::task::task_align(&$task) },
            Name,
        > = $crate::task::TaskPlace::new();
        &PLACE
    }};
}
