//! What a run found: raw samples, and what follows from them.

use serde_json::{Map, Value, json};

use super::{operations::Operation, roster::Contestant, settings::Settings};
use crate::{machine::machine, statistics::Spread};

/// A figure of a contestant for an operation, in every visit.
#[derive(Clone, Debug)]
pub struct Course {
    /// Of which operation.
    pub operation: &'static str,
    /// Whose.
    pub contestant: &'static str,
    /// Which figure.
    pub figure: String,
    /// By cycle.
    pub samples: Vec<(usize, f64)>,
}

/// Somebody failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// In which operation.
    pub operation: &'static str,
    /// Who.
    pub contestant: &'static str,
    /// Why.
    pub why: String,
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it was told.
    pub settings: Settings,
    /// What was seen.
    pub courses: Vec<Course>,
    /// What went wrong.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Nothing found yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, courses: Vec::new(), failures: Vec::new() }
    }

    /// Adds what a visit of a cycle came to.
    pub fn add(
        &mut self,
        operation: &'static Operation,
        contestant: &'static Contestant,
        figure: &str,
        sample: (usize, f64),
    ) {
        let (operation, contestant) = (operation.name.as_str(), contestant.name);
        let fits = |it: &Course| {
            it.operation == operation && it.contestant == contestant && it.figure == figure
        };
        match self.courses.iter_mut().find(|course| fits(course)) {
            Some(course) => course.samples.push(sample),
            None => self.courses.push(Course {
                operation,
                contestant,
                figure: figure.to_owned(),
                samples: vec![sample],
            }),
        }
    }

    /// Notes that somebody failed.
    pub fn fail(
        &mut self,
        operation: &'static Operation,
        contestant: &'static Contestant,
        why: String,
    ) {
        let (operation, contestant) = (operation.name.as_str(), contestant.name);
        self.failures.push(Failure { operation, contestant, why });
    }

    /// Whether somebody failed in an operation.
    pub fn has_failed(&self, operation: &Operation, contestant: &Contestant) -> bool {
        let fits =
            |it: &Failure| it.operation == operation.name && it.contestant == contestant.name;
        self.failures.iter().any(fits)
    }

    fn course(&self, operation: &Operation, contestant: &str, figure: &str) -> Option<&Course> {
        self.courses.iter().find(|course| {
            course.operation == operation.name
                && course.contestant == contestant
                && course.figure == figure
        })
    }

    /// The spread of a figure.
    pub fn spread(&self, operation: &Operation, contestant: &str, figure: &str) -> Option<Spread> {
        let course = self.course(operation, contestant, figure)?;
        Spread::of(course.samples.iter().map(|&(_, value)| value))
    }

    /// A figure as a ratio to another contestant's of the same cycle.
    pub fn ratio(
        &self,
        operation: &Operation,
        (one, other): (&str, &str),
        figure: &str,
    ) -> Option<Spread> {
        let beside = &self.course(operation, other, figure)?.samples;
        let samples = &self.course(operation, one, figure)?.samples;
        Spread::of(samples.iter().filter_map(|(cycle, value)| {
            let (_, beside) = beside.iter().find(|(other, _)| other == cycle)?;
            Some(value / beside)
        }))
    }

    /// The contestant whose median is the least.
    pub fn best(&self, operation: &Operation, figure: &str) -> Option<(&'static str, Spread)> {
        self.best_of(operation, figure, |_| true)
    }

    /// The peer whose median is the least. Beside what is for all threads, peers that stay on theirs do not count.
    pub fn best_peer(
        &self,
        operation: &Operation,
        figure: &str,
        ours: &Contestant,
    ) -> Option<(&'static str, Spread)> {
        self.best_of(operation, figure, |it| {
            !it.is_ours() && (ours.local || !it.local || !operation.is_shared())
        })
    }

    fn best_of(
        &self,
        operation: &Operation,
        figure: &str,
        of: impl Fn(&Contestant) -> bool,
    ) -> Option<(&'static str, Spread)> {
        let contestants = self.settings.contestants.iter().filter(|contestant| of(contestant));
        contestants
            .filter_map(|it| Some((it.name, self.spread(operation, it.name, figure)?)))
            .min_by(|one, other| one.1.median.total_cmp(&other.1.median))
    }

    /// All of it, for programs.
    pub fn to_json(&self) -> Value {
        let settings = &self.settings;
        let operation = |operation: &&'static Operation| {
            json!({
                "name": operation.name,
                "operation": operation.title,
                "target_ns": operation.target,
                "target_instructions": operation.most_instructions,
                "uni20": operation.uni20.map(|it| json!({
                    "ns": it.ns, "instructions": it.instructions, "allocations": it.allocations, "bytes": it.bytes,
                })),
                "contestants": self.operation_json(operation),
            })
        };
        let failure = |it: &Failure| json!({ "operation": it.operation, "contestant": it.contestant, "why": it.why });
        json!({
            "benchmark": settings.suite.name,
            "quick": settings.quick,
            "cycles": settings.cycles,
            "slice_ms": settings.slice_ms,
            "machine": machine(),
            "operations": settings.operations.iter().map(operation).collect::<Value>(),
            "failures": self.failures.iter().map(failure).collect::<Value>(),
        })
    }

    fn operation_json(&self, operation: &Operation) -> Value {
        let mut contestants = Map::new();
        for course in self.courses.iter().filter(|course| course.operation == operation.name) {
            let Some(it) = Spread::of(course.samples.iter().map(|&(_, value)| value)) else {
                continue;
            };
            let mine = contestants.entry(course.contestant).or_insert(json!({}));
            mine[&course.figure] = json!({
                "q1": it.low, "median": it.median, "q3": it.high, "visits": course.samples.len(),
            });
        }
        Value::Object(contestants)
    }
}
