//! The rulebook as shipped holds, and the program can prove and draw it.

use crate::commands::{lines, shian};

#[test]
fn the_shipped_rulebook_has_no_finding() {
    let out = shian(&["rulebook", "check"]);
    let all = lines(&out);
    assert!(out.status.success(), "{all:#?}");
    let summary = all.last().unwrap();
    assert_eq!(summary["findings"], 0);
    for part in ["procedures", "templates", "limit_rows", "policies", "regions", "clocks"] {
        assert!(summary[part].as_u64().unwrap() > 0, "{part}: {summary}");
    }
}

#[test]
fn every_procedure_can_be_drawn() {
    for procedure in flow::shipped().unwrap() {
        let out = shian(&["rulebook", "draw", &procedure.id, "--region", &procedure.jurisdiction]);
        let svg = String::from_utf8(out.stdout).unwrap();
        assert!(
            out.status.success() && svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
            "{}",
            procedure.id
        );
        for state in &procedure.states {
            assert!(svg.contains(state.title.zh.as_ref()), "{}: {}", procedure.id, state.id);
        }
    }
}
