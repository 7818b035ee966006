//! The golden role table: who may do what with every kind of record, readable without knowing Cedar.

use access::{ACTIONS, KINDS, Principal, Resource, Role, testing};
use base::{Date, Id, Instant};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const OWN: Id = Id(500);
const LAB: Id = Id(600);

/// Row label, principal, change to the record.
type Case = (&'static str, Principal, fn(Resource) -> Resource);

/// The record: county 620102, department market, internal, concerning operator 500.
fn record(kind: &'static str) -> Resource {
    Resource::new(kind, "620102").of_agency("market").of_operator(Some(OWN))
}

fn cases() -> Vec<Case> {
    let same: fn(Resource) -> Resource = |r| r;
    let who = |role, region, agency| testing::principal(20, role, region, agency, None);
    let with_ceiling = |mut p: Principal, ceiling| {
        p.grants[0].ceiling = ceiling;
        p
    };
    let expired = |mut p: Principal| {
        p.grants[0].to = Some(Date::constant(2026, 8, 31));
        p
    };
    vec![
        ("officer    township 620102003  own dept", who(Role::Officer, "620102003", "market"), |r| {
            Resource { region: "620102003".into(), ..r }
        }),
        ("officer    township 620102003  county record", who(Role::Officer, "620102003", "market"), same),
        ("officer    county              own dept", who(Role::Officer, "620102", "market"), same),
        ("officer    county              other dept", who(Role::Officer, "620102", "agri"), same),
        ("officer    county              dept-less record", who(Role::Officer, "620102", "agri"), |r| {
            r.of_agency("")
        }),
        ("officer    other county        own dept", who(Role::Officer, "620103", "market"), same),
        ("officer    prefecture          own dept", who(Role::Officer, "6201", "market"), same),
        ("officer    province            own dept", who(Role::Officer, "62", "market"), same),
        ("officer    nation              own dept", who(Role::Officer, "", "market"), same),
        (
            "officer    county   ceiling 1  confidential",
            with_ceiling(who(Role::Officer, "620102", "market"), 1),
            |r| r.classified(2),
        ),
        ("officer    county   ceiling 2  confidential", who(Role::Officer, "620102", "market"), |r| {
            r.classified(2)
        }),
        ("officer    county   expired", expired(who(Role::Officer, "620102", "market")), same),
        ("officer    county   recused", who(Role::Officer, "620102", "market"), |r| Resource {
            recused: vec![Id(20)],
            ..r
        }),
        ("desk       county              own dept", who(Role::Desk, "620102", "market"), same),
        ("desk       county              other dept", who(Role::Desk, "620102", "agri"), same),
        ("desk       other county        own dept", who(Role::Desk, "620103", "market"), same),
        ("desk       prefecture          own dept", who(Role::Desk, "6201", "market"), same),
        ("desk       province            own dept", who(Role::Desk, "62", "market"), same),
        ("desk       province            other dept", who(Role::Desk, "62", "office"), same),
        ("desk       county   recused", who(Role::Desk, "620102", "market"), |r| Resource {
            recused: vec![Id(20)],
            ..r
        }),
        ("desk       county   submitted it itself", who(Role::Desk, "620102", "market"), |r| Resource {
            submitter: Some(Id(20)),
            ..r
        }),
        (
            "desk       county   ceiling 1  confidential",
            with_ceiling(who(Role::Desk, "620102", "market"), 1),
            |r| r.classified(2),
        ),
        ("leader     county", who(Role::Leader, "620102", ""), same),
        ("leader     other county", who(Role::Leader, "620103", ""), same),
        ("leader     prefecture", who(Role::Leader, "6201", ""), same),
        ("leader     province", who(Role::Leader, "62", ""), same),
        ("leader     province ceiling 1  confidential", with_ceiling(who(Role::Leader, "62", ""), 1), |r| {
            r.classified(2)
        }),
        ("laboratory assigned to it", testing::laboratory(LAB), |r| r.of_operator(Some(LAB))),
        ("laboratory assigned elsewhere", testing::laboratory(LAB), same),
        ("firm       own", testing::firm(OWN), same),
        ("firm       own      confidential", testing::firm(OWN), |r| r.classified(2)),
        ("firm       of others", testing::firm(Id(501)), same),
        ("firm       concerning nobody", testing::firm(OWN), |r| r.of_operator(None)),
        ("admin      county", who(Role::Admin, "620102", ""), same),
        ("admin      other county", who(Role::Admin, "620103", ""), same),
        ("admin      province", who(Role::Admin, "62", ""), same),
        ("admin      province            confidential", who(Role::Admin, "62", ""), |r| r.classified(2)),
        ("admin      county   own account", who(Role::Admin, "620102", ""), |r| Resource {
            recused: vec![Id(20)],
            ..r
        }),
        ("citizen    internal", Principal::anonymous(), same),
        ("citizen    public", Principal::anonymous(), |r| r.classified(0)),
        ("firm       of others public", testing::firm(Id(501)), |r| r.classified(0)),
    ]
}

fn table() -> String {
    let access = testing::access();
    let now = Instant::china(Date::constant(2026, 9, 1), 9, 0);
    let mut out = String::from(
        "Who may do what. Record: county 620102, department market, internal, of operator 500, unless the row says otherwise.\n\
         Made by the test `the_golden_role_table_holds`; SHIAN_GOLDEN=write makes it anew. Read the difference before accepting it.\n",
    );
    let heads: Vec<&str> = ACTIONS.iter().map(|(code, ..)| *code).collect();
    for (kind, _, zh, _) in KINDS {
        writeln!(out, "\n== {kind} {zh}\n{:48}{}", "", heads.join(" ")).unwrap();
        for (label, who, change) in cases() {
            let mut line = format!("{label:48}");
            for action in &heads {
                let yes = access.allows(&who, action, &change(record(kind)), now);
                write!(line, "{:width$} ", if yes { "yes" } else { "-" }, width = action.len()).unwrap();
            }
            writeln!(out, "{}", line.trim_end()).unwrap();
        }
    }
    out
}

fn golden_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/roles.txt")
}

#[test]
fn the_golden_role_table_holds() {
    let path = golden_path();
    let now = table();
    if std::env::var("SHIAN_GOLDEN").is_ok_and(|v| v == "write") {
        std::fs::write(&path, &now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (i, (is, was)) in now.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, was, "line {} of tests/golden/roles.txt", i + 1);
    }
    assert_eq!(now.lines().count(), golden.lines().count(), "length of tests/golden/roles.txt");
}

#[test]
fn every_kind_and_role_is_in_the_golden_table() {
    let golden = std::fs::read_to_string(golden_path()).unwrap();
    for (kind, ..) in KINDS {
        assert!(golden.contains(&format!("\n== {kind} ")), "{kind}");
    }
    for role in Role::ALL {
        assert!(golden.contains(&format!("\n{} ", role.code())), "{}", role.code());
    }
}
