//! A node is memory and the cores near to it; a core is one CPU (hardware thread), or several that share it.

/// A node: memory, and the cores that are near to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The system's number for it.
    pub id: usize,
    /// Its cores; none where it is memory alone.
    pub cores: Vec<Core>,
}

/// A core: one CPU, or several that share it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Core {
    /// The system's numbers for its CPUs, in rising order; at least one.
    pub cpus: Vec<usize>,
}
