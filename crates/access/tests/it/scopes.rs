//! A list shows exactly the rows that the policies allow.

use access::{ACTIONS, Access, Grant, KINDS, Principal, Resource, Role, testing};
use base::{Date, Id, Instant};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashSet;
use store::{Sql, Store, Value};

const REGIONS: [&str; 14] = [
    "62",
    "6201",
    "620102",
    "620102003",
    "620102003001",
    "620103",
    "6202",
    "620200",
    "6203",
    "620302",
    "63",
    "630102",
    "",
    "629",
];
const AGENCIES: [&str; 4] = ["market", "agri", "police", ""];

#[derive(Debug, Clone)]
struct Row {
    id: i64,
    region: &'static str,
    agency: &'static str,
    class: u8,
    operator: Option<Id>,
}

/// A generated province: every combination of region and department, classes and operators scattered over it.
fn province() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut n = 0usize;
    for region in REGIONS {
        for agency in AGENCIES {
            let operator = [None, Some(Id(1)), Some(Id(2))][(n / 3) % 3];
            let class = [0, 1, 2][n % 3];
            rows.push(Row { id: i64::try_from(n).unwrap(), region, agency, class, operator });
            n += 1;
        }
    }
    rows
}

async fn stores() -> Vec<Store> {
    let mut out = Vec::new();
    for (_, store) in store::testing::empty_stores().await {
        let mut tx = store.begin().await.unwrap();
        tx.exec(
            "create table probe (id bigint primary key, region text, agency text, class bigint, operator bigint)",
            &[],
        )
        .await
        .unwrap();
        for r in province() {
            let class = i64::from(r.class);
            let values: [Value; 5] =
                [r.id.into(), r.region.into(), r.agency.into(), class.into(), r.operator.into()];
            tx.exec("insert into probe values ($1, $2, $3, $4, $5)", &values).await.unwrap();
        }
        tx.commit().await.unwrap();
        out.push(store);
    }
    out
}

prop_compose! {
    fn a_grant()(
        role in 0..Role::ALL.len() - 1,
        region in prop::sample::select(vec!["", "62", "6201", "620102", "620102003", "6203", "63"]),
        agency in prop::sample::select(AGENCIES.to_vec()),
        ceiling in 0u8..3,
        last in prop::sample::select(vec![
            None,
            Some(Date::constant(2026, 8, 31)),
            Some(Date::constant(2026, 9, 1)),
        ]),
    ) -> Grant {
        let from = Date::constant(2026, 1, 1);
        Grant { role: Role::ALL[role], region: region.to_owned(), agency: agency.to_owned(), ceiling, from, to: last }
    }
}

prop_compose! {
    fn a_case()(
        grants in prop::collection::vec(a_grant(), 0..3),
        operator in prop::sample::select(vec![None, Some(Id(1)), Some(Id(2))]),
        action in 0..ACTIONS.len() * 2,
        kind in 0..KINDS.len(),
        columns in 0u8..8,
    ) -> (Principal, &'static str, &'static str, u8) {
        let who = Principal { account: Id(9), login: "x".into(), name: String::new(), operator, grants };
        // half of the cases ask what lists ask most
        let action = ACTIONS.get(action).map_or("view", |(code, ..)| *code);
        (who, action, KINDS[kind].0, columns)
    }
}

/// Rows listed and rows allowed for a case; `columns` says which of agency, class, operator the table has.
async fn listed_and_allowed(
    store: &Store,
    access: &Access,
    (who, action, kind, columns): &(Principal, &'static str, &'static str, u8),
) -> (HashSet<i64>, HashSet<i64>) {
    let now = Instant::china(Date::constant(2026, 9, 1), 9, 0);
    let has = |bit: u8| columns & bit != 0;
    let always_has_agency = matches!(*kind, "matter" | "task");
    let mut scope = access.scope(who, action, kind, now);
    if has(1) {
        scope = scope.with_agency("probe.agency");
    }
    let mut sql = Sql::new("select id from probe where ");
    sql.append(&scope.sql("region", has(2).then_some("class"), has(4).then_some("operator")));
    let listed = store.select(&sql).await.unwrap().iter().map(|r| r.int("id").unwrap()).collect();
    let allowed = province()
        .into_iter()
        .filter(|r| {
            let mut res = Resource::new(kind, r.region);
            if has(1) || always_has_agency {
                res.agency = r.agency.to_owned();
            }
            if has(2) {
                res.classification = r.class;
            }
            if has(4) {
                res.operator = r.operator;
            }
            access.allows(who, action, &res, now)
        })
        .map(|r| r.id)
        .collect();
    (listed, allowed)
}

fn for_cases(claim: fn(&HashSet<i64>, &HashSet<i64>) -> Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = runtime.block_on(stores());
    let access = testing::access();
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    runner
        .run(&a_case(), |case| {
            for store in &stores {
                let (listed, allowed) = runtime.block_on(listed_and_allowed(store, &access, &case));
                if let Some(bad) = claim(&listed, &allowed) {
                    return Err(TestCaseError::fail(bad));
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_row_listed_is_allowed() {
    for_cases(|listed, allowed| {
        listed.difference(allowed).next().map(|id| format!("row {id} listed, not allowed"))
    });
}

#[test]
fn every_row_allowed_is_listed() {
    for_cases(|listed, allowed| {
        allowed.difference(listed).next().map(|id| format!("row {id} allowed, not listed"))
    });
}

#[test]
fn the_condition_is_short_and_carries_no_text_of_the_user() {
    let access = testing::access();
    let now = Instant::china(Date::constant(2026, 9, 1), 9, 0);
    let sql = access.scope(&testing::officer("6201"), "view", "task", now).sql("region", None, None);
    assert_eq!(sql.text(), "((1 = 1 and (region >= $1 and region < $2) and agency in ($3, $4)))");
    assert_eq!(sql.params(), [Value::from("6201"), "6202".into(), "market".into(), "".into()]);
    let nobody = access.scope(&Principal::anonymous(), "view", "task", now);
    assert!(nobody.is_empty());
    assert_eq!(nobody.sql("region", None, None).text(), "(1 = 0)");
    assert!(access.scope(&testing::officer("6201"), "fly", "task", now).is_empty());
}
