//! Limits of other jurisdictions beside those at home, on the built-in rule book.

use base::Date;
use limits::abroad::{Line, Relation};
use limits::rule::{Basis, Kind};
use limits::{Case, HOME, Level, Rules, Scope};

fn lines(food: &str, analyte: &str) -> Vec<Line<'static>> {
    Rules::builtin().side_by_side(food, analyte, Date::constant(2026, 11, 22))
}

#[test]
fn another_jurisdictions_row_is_named_stricter_looser_or_not_comparable() {
    for (food, analyte, whose, limit, want) in [
        ("大米", "镉", "codex", "0.4", "looser"),
        ("大米", "镉", "eu", "0.15", "stricter"),
        ("大米", "无机砷", "codex", "0.2", "same"),
        ("大米", "Cd", "eu", "0.15", "stricter"),
        ("菠菜", "铅", "eu", "0.30", "same"),
        ("猪肉", "铅", "eu", "0.10", "stricter"),
        ("蜂蜜", "铅", "eu", "0.10", "stricter"),
        ("菜籽油", "苯并[a]芘", "eu", "2.0", "stricter"),
        ("饮用天然矿泉水", "镉", "codex", "0.003", "same"),
        // total mercury there, methylmercury here; viscera removed here only
        ("梭子蟹", "总汞", "eu", "0.50", "not_comparable"),
        ("牡蛎", "镉", "eu", "1.0", "not_comparable"),
        ("苹果", "嘧菌酯", "eu", "0.01", "stricter"),
        ("草莓", "嘧菌酯", "codex", "10", "same"),
    ] {
        let all = lines(food, analyte);
        let line = all.iter().find(|l| l.jurisdiction == whose && !l.row.is_empty());
        let line = line.unwrap_or_else(|| panic!("{food} {analyte}: no row of {whose} in {all:#?}"));
        let relation = line.relation.as_ref().unwrap_or_else(|| panic!("{food} {analyte}: {line:?}"));
        assert_eq!((line.limit, relation.word()), (limit, want), "{food} {analyte}: {line:?}");
    }
}

#[test]
fn classes_of_food_are_compared_too_and_a_missing_fact_shows_every_row() {
    let all = lines("大米", "镉");
    assert_eq!(
        (all[0].jurisdiction, all[0].row),
        (HOME, "GB2762-2025-T02-081"),
        "home stands first: {all:#?}"
    );
    let scope = |food, whose| {
        let line = lines(food, "镉").into_iter().find(|l| l.jurisdiction == whose && l.scope.is_some());
        line.and_then(|l| l.scope)
    };
    assert_eq!(scope("大米", "codex"), Some(Scope::Same));
    // 谷物(稻谷除外) at home, wheat alone there
    assert_eq!(scope("小麦", "codex"), Some(Scope::Narrower));
    let tinned = lines("午餐肉罐头", "锡");
    assert!(tinned.iter().any(|l| l.jurisdiction == "eu" && l.limit == "200"), "{tinned:#?}");
    assert!(tinned.iter().any(|l| !l.depends_on.is_empty()), "the package is asked for: {tinned:#?}");
}

#[test]
fn what_is_not_loaded_says_so_and_nothing_stands_beside_it() {
    let all = lines("草莓", "咯菌腈");
    assert!(all.iter().all(|l| l.jurisdiction != HOME) && !all.is_empty(), "{all:#?}");
    assert!(all.iter().all(|l| l.relation.is_none() && l.beside.is_none()), "{all:#?}");
    let silent = lines("猪肉", "苯并[a]芘");
    assert!(silent.iter().all(|l| l.answer != "row"), "{silent:#?}");
    assert!(silent.iter().any(|l| l.jurisdiction == HOME && l.answer == "not_limited"), "{silent:#?}");
    assert!(silent.iter().any(|l| l.jurisdiction == "eu" && l.answer == "not_loaded"), "{silent:#?}");
}

#[test]
fn no_verdict_depends_on_another_jurisdiction() {
    let rules = Rules::builtin();
    let date = Date::constant(2026, 11, 22);
    // loaded abroad only: nothing to judge by
    let v = rules.judge(&Case::new("草莓", "咯菌腈", "90", "mg/kg", date));
    assert_eq!(v.outcome.word(), "not_loaded");
    // above the limit of the European Union, within that at home
    let v = rules.judge(&Case::new("大米", "镉", "0.18", "mg/kg", date));
    assert_eq!((v.outcome.word(), v.standard.as_str()), ("conform", "GB 2762"));
    let shown = rules.show("大米", Some("镉"), date);
    assert!(shown.iter().all(|(e, _)| e.jurisdiction == HOME));
    assert!(matches!(Relation::Same.word(), "same"));
}

fn of<'a>((kind, unit, basis): &'a (Kind, &'static str, Basis)) -> Level<'a> {
    Level { analyte: "铅", definition: "", kind, unit, basis: *basis }
}

#[test]
fn of_two_limits_the_one_that_lets_less_through_is_the_stricter() {
    let level = |printed: &str, unit: &'static str, basis| (Kind::read(printed).unwrap(), unit, basis);
    let (wet, dry) = (Basis::AsIs, Basis::Dry);
    for (a, b, want) in [
        (level("0.1", "mg/kg", wet), level("0.2", "mg/kg", wet), "stricter"),
        (level("200", "μg/kg", wet), level("0.20", "mg/kg", wet), "same"),
        (level("0.3", "mg/kg", wet), level("0.2", "mg/kg", wet), "looser"),
        (level("0.1", "mg/kg", dry), level("0.2", "mg/kg", wet), "not_comparable"),
        (level("0.1", "mg/L", wet), level("0.2", "mg/kg", wet), "not_comparable"),
        (level("≥0.6", "g/L", wet), level("≥0.5", "g/L", wet), "stricter"),
        (level("22~28", "mg/kg", wet), level("20~30", "mg/kg", wet), "stricter"),
        (level("10~25", "mg/kg", wet), level("20~30", "mg/kg", wet), "not_comparable"),
        (level("不得检出", "", wet), level("0.2", "mg/kg", wet), "stricter"),
        (level("0.2", "mg/kg", wet), level("不得使用", "", wet), "looser"),
        (level("0.2", "mg/kg", wet), level("按生产需要适量使用", "", wet), "stricter"),
        (
            level("n=5,c=1,m=100,M=1000", "CFU/g", wet),
            level("n=5,c=2,m=100,M=1000", "CFU/g", wet),
            "stricter",
        ),
        (level("n=5,c=0,m=100", "CFU/g", wet), level("n=5,c=0,m=100,M=100", "CFU/g", wet), "same"),
        (
            level("n=5,c=1,m=200,M=1000", "CFU/g", wet),
            level("n=5,c=2,m=100,M=1000", "CFU/g", wet),
            "not_comparable",
        ),
        (level("n=5,c=2,m=100", "CFU/g", wet), level("n=5,c=2,m=100,M=1000", "CFU/g", wet), "looser"),
        (level("100", "CFU/g", wet), level("n=5,c=2,m=100,M=1000", "CFU/g", wet), "not_comparable"),
    ] {
        assert_eq!(of(&a).relation(&of(&b)).word(), want, "{a:?} and {b:?}");
    }
}
