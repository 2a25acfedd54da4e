//! The example `dataflow` as a process: what it computes, what it refuses.

use std::process::Output;

use crate::process::example;

fn dataflow(arguments: &[&str]) -> Output {
    example("dataflow").args(arguments).output().expect("run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it speaks UTF-8")
}

#[test]
fn dataflow_computes_a_wide_and_a_deep_graph_of_any_size() {
    let graphs = [("1", "1", 1, 1), ("7", "2", 140, 28), ("1000", "4", 333_833_500, 500_500)];
    for (nodes, threads, wide, deep) in graphs {
        let output = dataflow(&["--nodes", nodes, "--threads", threads]);
        let said = text(&output.stdout);
        assert!(output.status.success(), "{said}{}", text(&output.stderr));
        assert!(said.contains(&format!(" on {threads} threads\n")), "{said}");
        assert!(said.contains(&format!("wide: {wide}, as it should be\n")), "{said}");
        assert!(said.contains(&format!("deep: {deep}, as it should be\n")), "{said}");
    }
}

#[test]
fn dataflow_says_what_it_does_not_know() {
    for bad in [["--nodes", "0"], ["--nodes", "many"], ["--threads", "0"], ["--edges", "1"]] {
        let refused = dataflow(&bad);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains("usage: dataflow"), "{}", text(&refused.stderr));
    }
    assert_eq!(dataflow(&["--dot"]).status.code(), Some(2));
    assert!(text(&dataflow(&["--help"]).stdout).contains("--dot FILE"));
}
