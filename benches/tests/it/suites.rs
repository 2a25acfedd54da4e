//! The suites of operations, and who can do what.

use std::collections::HashSet;

use tidemill_benches::core::{
    roster::CONTESTANTS,
    suite::{CORE, THREADS, VALUES, find},
};

#[test]
fn an_operation_is_found_by_a_name_that_no_other_has() {
    let mut seen = HashSet::new();
    for operation in [&CORE, &VALUES, &THREADS].into_iter().flat_map(|suite| suite.operations()) {
        assert!(seen.insert(&operation.name), "{} is there twice", operation.name);
        let found = find(&operation.name).map(|it| it.kind);
        assert_eq!(found, Some(operation.kind), "{}", operation.name);
    }
}

#[test]
fn whoever_works_on_one_worker_works_on_two() {
    let mut pairs = 0;
    for one in THREADS.operations() {
        let Some(name) = one.name.strip_suffix("_1") else { continue };
        let Some(two) = THREADS.find(&format!("{name}_2")) else { continue };
        assert!(one.needs_cores() && two.needs_cores(), "{name} is bound to no core");
        assert_ne!(one.kind, two.kind, "{name} is another thing on two workers");
        for contestant in CONTESTANTS {
            let plays = [one, two].map(|it| contestant.plays(it));
            assert_eq!(plays[0], plays[1], "{} in {name}", contestant.name);
        }
        pairs += 1;
    }
    assert!(pairs > 10, "{pairs} pairs are few");
}
