//! Enterprise standards: stricter than the national one or not, and a result judged by them.

use base::Date;
use limits::{Case, DeclaredRow, Rules};

fn row(food: &str, analyte: &str, limit: &str, unit: &str) -> DeclaredRow {
    DeclaredRow {
        food: food.to_owned(),
        analyte: analyte.to_owned(),
        limit: limit.to_owned(),
        unit: unit.to_owned(),
        method: String::new(),
    }
}

#[test]
fn a_declared_limit_is_checked_against_the_national_row() {
    let day = Date::constant(2026, 11, 22);
    for (declared, want) in [
        (row("大米", "镉", "0.1", "mg/kg"), "stricter"),
        (row("大米", "镉(以Cd计)", "200", "μg/kg"), "same"),
        (row("大米", "镉", "0.25", "mg/kg"), "looser"),
        (row("大米", "镉", "0.1", "mg/L"), "not_comparable"),
        (row("猪肉", "苯并[a]芘", "1", "μg/kg"), "no_rule"),
        (row("草莓", "咯菌腈", "1", "mg/kg"), "not_loaded"),
        (row("甲乙丙丁", "铅", "1", "mg/kg"), "unplaced"),
        // methylmercury is limited, the total declared: another substance
        (row("梭子蟹", "总汞", "0.2", "mg/kg"), "not_comparable"),
        // the national rows differ with a fact: looser than one of them is looser
        (row("鲜香菇", "铅", "0.2", "mg/kg"), "stricter"),
    ] {
        let checked = Rules::builtin().check_declared(&declared, day);
        assert_eq!(checked.standing.word(), want, "{declared:?}: {checked:#?}");
        assert_eq!(checked.standing.forbids(), want == "looser");
    }
}

#[test]
fn a_row_that_cannot_be_declared_names_the_field() {
    for (declared, field) in [
        (row("", "镉", "0.1", "mg/kg"), Some("food")),
        (row("大米", " ", "0.1", "mg/kg"), Some("analyte")),
        (row("大米", "镉", "约0.1", "mg/kg"), Some("limit")),
        (row("大米", "镉", "0.1", "furlong"), Some("unit")),
        (row("大米", "镉", "0.1", ""), Some("unit")),
        (row("大米", "镉", "不得检出", ""), None),
        (row("面包", "菌落总数", "n=5,c=1,m=100,M=1000", "CFU/g"), None),
    ] {
        assert_eq!(declared.problem().map(|p| p.0), field, "{declared:?}");
    }
}

#[test]
fn a_result_is_judged_by_the_declared_row_apart_from_the_law() {
    let (rules, day) = (Rules::builtin(), Date::constant(2026, 11, 22));
    let declared = row("大米", "镉", "0.1", "mg/kg");
    for (value, unit, want) in [
        ("0.15", "mg/kg", "nonconform"),
        ("0.1", "mg/kg", "conform"),
        ("150", "μg/kg", "nonconform"),
        ("ND", "mg/kg", "needs_confirmation"),
        ("<0.2", "mg/kg", "needs_confirmation"),
        ("0.05", "mg/L", "not_comparable"),
    ] {
        let case = Case::new("大米", "镉", value, unit, day);
        let verdict = rules.judge_declared(&case, "Q/GS 0001S-2026", &declared);
        assert_eq!(verdict.outcome.word(), want, "{value} {unit}: {verdict:?}");
        assert_eq!(verdict.standard, "Q/GS 0001S-2026");
    }
    let law = rules.judge(&Case::new("大米", "镉", "0.15", "mg/kg", day));
    assert_eq!(law.outcome.word(), "conform");
    for (food, analyte, speaks) in
        [("大米", "Cd", true), ("五常大米", "镉", true), ("小麦粉", "镉", false), ("大米", "铅", false)]
    {
        assert_eq!(rules.declares(&declared, food, analyte), speaks, "{food} {analyte}");
    }
    // a class declared covers its members
    assert!(rules.declares(&row("谷物碾磨加工品", "镉", "0.05", "mg/kg"), "大米", "镉"));
}
