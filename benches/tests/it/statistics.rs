//! Quartiles, means, and ratios that are paired by their cycle.

use tidemill_benches::{
    echo::{
        report::{CellReport, Course, Metric, Sample},
        settings::Cell,
    },
    statistics::{Spread, geometric_mean},
};

#[test]
fn quartiles_lie_between_the_values_nearest_to_them() {
    let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).expect("four values have a spread");
    assert_eq!([spread.low, spread.median, spread.high], [1.75, 2.5, 3.25]);
    assert_eq!(Spread::of([]), None);
}

#[test]
fn a_mean_of_ratios_is_geometric() {
    let mean = geometric_mean([0.5, 2.0]).expect("two values have a mean");
    assert!((mean - 1.0).abs() < 1e-12, "it is {mean}");
}

/// A visit that cost so much.
fn sample(cpu: f64) -> Sample {
    Sample { rate: 1.0, cpu, p50: 1.0, p99: 1.0 }
}

#[test]
fn a_ratio_is_to_the_limit_of_the_same_cycle_and_no_other() {
    let mut limit = Course::new("limit");
    limit.samples = vec![(1, sample(10.0)), (2, sample(20.0)), (4, sample(1000.0))];
    let mut server = Course::new("tidemill");
    server.samples = vec![(1, sample(11.0)), (2, sample(22.0)), (3, sample(1.0))];
    let cell = Cell { connections: 10, bytes: 64 };
    let report = CellReport { cell, courses: vec![limit, server] };
    let ratio = report.ratio("tidemill", Metric::Cpu).expect("two cycles have both");
    assert_eq!([ratio.low, ratio.median, ratio.high], [1.1, 1.1, 1.1]);
    assert_eq!(report.ratio("nobody", Metric::Cpu), None);
}
