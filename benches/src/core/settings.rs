//! What a run was told.

use std::path::PathBuf;

use super::{
    operations::Operation,
    roster::{CONTESTANTS, Contestant, OURS},
    suite::Suite,
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// [`super::time`]
    Time,
    /// [`super::instructions`]
    Instructions,
    /// [`super::memory`]
    Memory,
}

impl Pass {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Time, Self::Instructions, Self::Memory];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Instructions => "instructions",
            Self::Memory => "memory",
        }
    }

    /// The pass of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pass| pass.name() == name)
    }
}

/// What a run was told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The operations that there are.
    pub suite: &'static Suite,
    /// A run to see that all works, in two minutes.
    pub quick: bool,
    /// What is measured.
    pub passes: Vec<Pass>,
    /// Of which operations.
    pub operations: Vec<&'static Operation>,
    /// Whose.
    pub contestants: Vec<&'static Contestant>,
    /// Whether contestants were named: then their instructions are counted in a quick run too.
    pub named: bool,
    /// How often each contestant is visited for an operation.
    pub cycles: usize,
    /// Milliseconds of a visit that are measured.
    pub slice_ms: u64,
    /// The program of a visit.
    pub program: PathBuf,
    /// Where results go.
    pub out: PathBuf,
}

impl Settings {
    /// As a run is when nothing is said.
    pub fn new(suite: &'static Suite, quick: bool, program: PathBuf, out: PathBuf) -> Self {
        let operations: Vec<_> = suite.operations().iter().collect();
        let plays = |it: &&Contestant| operations.iter().any(|operation| it.plays(operation));
        Self {
            suite,
            quick,
            passes: Pass::ALL.to_vec(),
            contestants: CONTESTANTS.iter().filter(plays).collect(),
            operations,
            named: false,
            cycles: if quick { 3 } else { 15 },
            slice_ms: if quick { 10 } else { 50 },
            program,
            out,
        }
    }

    /// Whether a pass is to run.
    pub fn has(&self, pass: Pass) -> bool {
        self.passes.contains(&pass)
    }

    /// How often each contestant is visited for this operation: what takes long, less often.
    pub fn cycles_of(&self, operation: &Operation) -> usize {
        match operation.is_heavy() {
            true => self.cycles.div_ceil(3),
            false => self.cycles,
        }
    }

    /// Who goes through an operation.
    pub fn players(&self, operation: &Operation) -> Vec<&'static Contestant> {
        self.contestants.iter().copied().filter(|contestant| contestant.plays(operation)).collect()
    }

    /// Whose instructions are counted.
    pub fn counted(&self, operation: &Operation) -> Vec<&'static Contestant> {
        let all = !self.quick || self.named;
        let mut players = self.players(operation);
        players.retain(|contestant| all || contestant.name == OURS);
        players
    }

    /// Whether allocations of an operation are counted: in a quick run not of what takes long.
    pub fn weighs(&self, operation: &Operation) -> bool {
        !self.quick || !operation.is_heavy()
    }

    /// All who go through an operation, with it.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static Operation, &'static Contestant)> {
        self.operations.iter().flat_map(|&operation| {
            self.players(operation).into_iter().map(move |contestant| (operation, contestant))
        })
    }
}
