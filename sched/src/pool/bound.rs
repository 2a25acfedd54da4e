//! A box in the memory of a node.
//!
//! | where                          | when                                                             | `node()`           |
//! |--------------------------------|------------------------------------------------------------------|--------------------|
//! | pages of its own, bound        | the system lets memory be chosen                                 | the one asked for  |
//! | pages of its own, not bound    | the system forbids it, or the node is none of its                | `None`             |
//! | the heap                       | there are no such pages: no hwloc, a made-up machine, no size    | `None`             |
//!
//! \[N1] `value` is a whole `T` that this box owns alone: in the heap, from a `Box`, or in `pages`.
//! \[N2] What pages borrow of the machine is behind its `Arc`, and they are dropped before the `Machine` that stands beside them: fields go in their order.

#![expect(unsafe_code, reason = "makes and drops values in memory that hwloc brings")]

use std::{
    alloc::Layout,
    fmt,
    marker::PhantomData,
    mem::{self, ManuallyDrop},
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use super::{Bytes, Machine, topology::Topology};

/// A box in the memory of a node: whoever reads it there has it near.
///
/// It has pages of its own, so it is for what is large, or what workers of one node use much; each takes at least a page and a call of the system to make and to free. The
/// system takes pages of other nodes once the node has none left. Where memory cannot be bound (containers often forbid it) the value is made all the same, and its pages
/// come from the node of whoever touches them first: here that is the thread that makes the value.
///
/// As an owner it makes a value in epochs that lies on the node ([`View::deferred`](tidemill_core::epoch::View::deferred)):
///
/// ```
/// use std::pin::pin;
///
/// use tidemill_core::epoch::View;
/// use tidemill_sched::{debug::{DebugScheduler, Order}, pool::{NodeBox, Topology}};
///
/// let topology = Topology::detect()?;
/// let node = topology.nodes()[0].id;
/// let row = NodeBox::from_fn(&topology, node, 4096, |column| column as f64);
/// // Whether it is bound or not depends on the system; `Some(node)` if so.
/// println!("bound to {:?}", row.node());
///
/// let mut row: View<_, [f64]> = View::deferred(row);
/// let (double, sum) = (row.mutate(), row.read());
/// let total = DebugScheduler::new(Order::Fifo).run_with(pin!(async {
///     double.await.unwrap().iter_mut().for_each(|value| *value *= 2.0);
///     sum.await.unwrap().iter().sum::<f64>()
/// }));
/// # let total = total.expect("it ends");
/// assert_eq!(total, 4096.0 * 4095.0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct NodeBox<T: ?Sized> {
    value: NonNull<T>,
    place: Place,
    owns: PhantomData<T>,
}

// SAFETY: [N1] it owns its value as a `Box` does; pages and the machine may be used and dropped anywhere.
unsafe impl<T: ?Sized + Send> Send for NodeBox<T> {}
// SAFETY: [N1] as above.
unsafe impl<T: ?Sized + Sync> Sync for NodeBox<T> {}

impl<T> NodeBox<T> {
    /// Moves a value into memory of the node.
    pub fn new(topology: &Topology, node: usize, value: T) -> Self {
        Self::with(topology, node, || value)
    }

    /// Makes a value in memory of the node. Its panic goes through, and leaves nothing behind.
    pub fn with(topology: &Topology, node: usize, make: impl FnOnce() -> T) -> Self {
        let Some((pages, start)) = Pages::new(topology, node, Layout::new::<T>()) else {
            return Self::from(Box::new(make()));
        };
        let made = make();
        let value = start.cast::<T>();
        // SAFETY: `start` begins the bytes of this layout, which nobody else uses.
        unsafe { value.write(made) };
        Self { value, place: Place::Pages(pages), owns: PhantomData }
    }

    /// The value, moved out; its memory is freed.
    pub fn into_inner(self) -> T {
        let mut left = ManuallyDrop::new(self);
        match mem::replace(&mut left.place, Place::Heap) {
            // SAFETY: [N1] it came from a `Box`, and is not dropped here.
            Place::Heap => *unsafe { Box::from_raw(left.value.as_ptr()) },
            Place::Pages(_pages) => {
                // SAFETY: [N1] it is whole, and is not dropped here; the pages are, but after this.
                unsafe { left.value.read() }
            }
        }
    }
}

impl<T> NodeBox<[T]> {
    /// Makes a slice in memory of the node, value by value. A panic of the maker goes through; what was made before is dropped.
    ///
    /// # Panics
    /// If the slice would be larger than any memory.
    pub fn from_fn(
        topology: &Topology,
        node: usize,
        len: usize,
        make: impl FnMut(usize) -> T,
    ) -> Self {
        let layout = Layout::array::<T>(len).expect("a slice is at most isize::MAX bytes");
        let Some((pages, start)) = Pages::new(topology, node, layout) else {
            return Self::from((0..len).map(make).collect::<Box<[T]>>());
        };
        // SAFETY: `start` begins the bytes of this layout, which nobody else uses.
        let value = unsafe { fill(start.cast(), len, make) };
        Self { value, place: Place::Pages(pages), owns: PhantomData }
    }
}

impl<T: ?Sized> NodeBox<T> {
    /// The node that its memory was bound to; `None` where the system did not let it be chosen, and first touch placed it. Of a value without size always `None`.
    pub fn node(&self) -> Option<usize> {
        match &self.place {
            Place::Heap => None,
            Place::Pages(pages) => pages.node,
        }
    }

    /// Whether its memory was bound to the node that was asked for.
    pub fn is_bound(&self) -> bool {
        self.node().is_some()
    }
}

impl<T: ?Sized> Drop for NodeBox<T> {
    fn drop(&mut self) {
        match &self.place {
            // SAFETY: [N1] it came from a `Box`, and goes here.
            Place::Heap => drop(unsafe { Box::from_raw(self.value.as_ptr()) }),
            // SAFETY: [N1] it goes here; its memory after it, with the field, and where this panics too.
            Place::Pages(_) => unsafe { self.value.drop_in_place() },
        }
    }
}

/// In the heap: no node was asked for.
impl<T: ?Sized> From<Box<T>> for NodeBox<T> {
    fn from(value: Box<T>) -> Self {
        let value = NonNull::from(Box::leak(value));
        Self { value, place: Place::Heap, owns: PhantomData }
    }
}

impl<T: ?Sized> Deref for NodeBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: [N1] and the result borrows the box.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for NodeBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: [N1] and the result borrows the box mutably.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for NodeBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBox").field("value", &&**self).field("node", &self.node()).finish()
    }
}

/// Where a value lies.
enum Place {
    Heap,
    Pages(Pages),
}

/// Whole pages, and the machine that they are given back to.
struct Pages {
    _bytes: Bytes<'static>,
    node: Option<usize>,
    _machine: Machine,
}

impl Pages {
    /// Pages for a value of this layout, and where it may begin in them. Nothing where there are none.
    fn new(topology: &Topology, node: usize, layout: Layout) -> Option<(Self, NonNull<u8>)> {
        if layout.size() == 0 {
            return None;
        }
        let machine = topology.machine.clone();
        // The smallest pages that there are: for more, the start is sought.
        let slack = if layout.align() > 4096 { layout.align() } else { 0 };
        let size = layout.size().checked_add(slack)?;
        let (mut bytes, bound) = machine.pages(node, size)?;
        let first = NonNull::from(&mut *bytes).cast::<u8>();
        let skipped = first.align_offset(layout.align());
        if skipped.checked_add(layout.size())? > size {
            return None;
        }
        // SAFETY: it stays within the bytes, as was just seen.
        let start = unsafe { first.add(skipped) };
        // SAFETY: [N2] what they borrow lives as long as the machine beside them.
        let bytes = unsafe { mem::transmute::<Bytes<'_>, Bytes<'static>>(bytes) };
        Some((Self { _bytes: bytes, node: bound.then_some(node), _machine: machine }, start))
    }
}

/// The first values of a slice: those that are made so far.
struct Made<T> {
    first: NonNull<T>,
    count: usize,
}

impl<T> Made<T> {
    fn slice(&self) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.first, self.count)
    }
}

impl<T> Drop for Made<T> {
    fn drop(&mut self) {
        // SAFETY: so many are made, and are owned by nobody else.
        unsafe { self.slice().drop_in_place() };
    }
}

/// Makes `len` values behind each other.
///
/// # Safety
/// From `first` on there is room for them, and nobody else uses it.
unsafe fn fill<T>(first: NonNull<T>, len: usize, mut make: impl FnMut(usize) -> T) -> NonNull<[T]> {
    // The maker may panic: then what it made is dropped.
    let mut made = Made { first, count: 0 };
    while made.count < len {
        let value = make(made.count);
        // SAFETY: there is room for `len`, by the contract above.
        let place = unsafe { first.add(made.count) };
        // SAFETY: as above; nothing is there yet.
        unsafe { place.write(value) };
        made.count += 1;
    }
    ManuallyDrop::new(made).slice()
}
