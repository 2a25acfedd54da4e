//! How far the memory of each node is from the cores of each other, in the units of ACPI: 10 to itself, 20 where an access takes twice as long.
//!
//! [D1] `nearest` of a row has every other node once: near before far, and of two that are equally far the one with the smaller number first.

/// What a node is to itself, where nobody measured.
const NEAR: u64 = 10;
/// What a node is to all others, where nobody measured.
const FAR: u64 = 20;

/// How far it is from each node to each.
#[derive(Clone, Debug)]
pub(super) struct Distances {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    from: usize,
    /// Of all nodes, itself included, with their distances.
    to: Vec<(usize, u64)>,
    nearest: Vec<usize>,
}

impl Distances {
    /// Those between `nodes`, as far as they are `known`.
    pub(super) fn new(nodes: &[usize], known: impl Fn(usize, usize) -> Option<u64>) -> Self {
        let row = |from: usize| {
            let otherwise = |to| if from == to { NEAR } else { FAR };
            let far = |to| (to, known(from, to).unwrap_or_else(|| otherwise(to)));
            let to: Vec<_> = nodes.iter().map(|to| far(*to)).collect();
            let mut others: Vec<_> = to.iter().copied().filter(|(to, _)| *to != from).collect();
            others.sort_unstable_by_key(|(to, far)| (*far, *to));
            Row { from, to, nearest: others.into_iter().map(|(to, _)| to).collect() }
        };
        Self { rows: nodes.iter().map(|from| row(*from)).collect() }
    }

    /// How far it is; `None` where one of them is not there.
    pub(super) fn between(&self, from: usize, to: usize) -> Option<u64> {
        self.row(from)?.to.iter().find(|(node, _)| *node == to).map(|(_, far)| *far)
    }

    /// The other nodes [D1]; none for a node that is not there.
    pub(super) fn nearest(&self, from: usize) -> &[usize] {
        self.row(from).map_or(&[], |row| &row.nearest)
    }

    fn row(&self, from: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.from == from)
    }
}
