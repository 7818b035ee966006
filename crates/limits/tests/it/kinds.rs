//! Kinds of limit, silence, amendments and rounding, on a small rule book of our own beside the built-in one.

use base::{Date, Decimal};
use limits::{Case, FILES, Fact, Judge, Outcome, Rejudge, Rules};
use proptest::prelude::*;

const HEAD: &str = "id,clause,analyte,food,include,exclude,limit,unit,basis,conditions,notes,flag\n";
const ROWS: &str = "\
K-1,1,甲物质,全部食品,食品,,10,mg/kg,,,,
K-2,1,甲物质,谷物及其制品,谷物及其制品,大米(粉),5,mg/kg,,,,
K-3,1,甲物质,糙米,糙米,,1,mg/kg,,,,
K-4,2,乙物质,饮料类,饮料类,,≥0.5,g/L,,,,
K-5,2,丙物质,食用盐,食用盐,,20~30,mg/kg,,,,
K-6,3,丁物质,面包,面包,,按生产需要适量使用,,,,,
K-7,3,戊物质,面包,面包,,不得使用,,,,,
K-8,3,戊物质,饼干,饼干,,不得使用,,,,,background
K-9,3,己物质,蜂蜜,蜂蜜,,豁免,,,,,
K-10,4,庚物质,固体饮料,固体饮料,,0.5,g/kg,as_consumed,,,
K-11,5,辛物质,面包,面包,,\"n=5,c=2,m=100,M=1000\",CFU/g,,,,
K-12,6,壬物质,面包,面包,,0.2,mg/kg,,,,
K-13,6,壬物质,面包,面包,,0.3,mg/kg,,,,
";

fn header(more: &str, no_row: &str) -> String {
    format!(
        "id = \"kinds\"\nstandard = \"T 1\"\nedition = \"2026\"\ntitle = {{ zh = \"试\", en = \"t\" }}\nbasis = \"t\"\nvalid_from = \"2026-01-01\"\n\
         status = \"unverified\"\ntree = \"gb2762\"\nrows = \"kinds.csv\"\nno_row = \"{no_row}\"\nno_row_clause = \"9\"\n\
         comparison = {{ zh = \"试\", en = \"t\" }}\n{more}"
    )
}

fn book(header: &str, rows: &str, patch: &str) -> Rules {
    let rows = format!("{HEAD}{rows}");
    let patch = format!("{HEAD}{patch}");
    // Trees and names without the editions: a small book loads fast.
    let mut files: Vec<(&str, &str)> = FILES
        .into_iter()
        .filter(|(name, _)| *name == "dates.toml" || (name.ends_with(".csv") && !name.contains("-20")))
        .collect();
    files.extend([("kinds.toml", header), ("kinds.csv", rows.as_str()), ("patch.csv", patch.as_str())]);
    Rules::load(&files).expect("the trial book loads")
}

fn case(food: &str, analyte: &str, value: &str, unit: &str) -> Case {
    Case::new(food, analyte, value, unit, Date::constant(2026, 10, 8))
}

fn word(rules: &Rules, food: &str, analyte: &str, value: &str, unit: &str) -> &'static str {
    rules.judge(&case(food, analyte, value, unit)).outcome.word()
}

#[test]
fn every_kind_of_limit_is_judged_by_its_own_rule() {
    let rules = book(&header("", "not_limited"), ROWS, "");
    for (food, analyte, value, unit, want) in [
        // carve-outs inside carve-outs: the most specific surviving row
        ("大米", "甲物质", "7", "mg/kg", "conform"),
        ("小麦", "甲物质", "7", "mg/kg", "nonconform"),
        ("糙米", "甲物质", "3", "mg/kg", "nonconform"),
        ("果汁饮料", "乙物质", "0.4", "g/L", "nonconform"),
        ("果汁饮料", "乙物质", "500", "mg/L", "conform"),
        ("果汁饮料", "乙物质", "<0.5", "g/L", "nonconform"),
        ("食用盐", "丙物质", "19.9", "mg/kg", "nonconform"),
        ("食用盐", "丙物质", "30", "mg/kg", "conform"),
        ("食用盐", "丙物质", "30.1", "mg/kg", "nonconform"),
        ("面包", "丁物质", "900", "g/kg", "conform"),
        ("面包", "戊物质", "0.001", "g/kg", "prohibited"),
        ("面包", "戊物质", "ND", "g/kg", "conform"),
        ("面包", "戊物质", "<0.001", "g/kg", "needs_confirmation"),
        ("面包(带入)", "戊物质", "0.001", "g/kg", "needs_confirmation"),
        ("饼干", "戊物质", "0.001", "g/kg", "needs_confirmation"),
        ("蜂蜜", "己物质", "5", "g/kg", "exempt"),
        ("固体饮料", "庚物质", "0.4", "g/kg", "conform"),
        ("固体饮料", "庚物质", "4", "g/kg", "needs_confirmation"),
        ("固体饮料(稀释10倍)", "庚物质", "4", "g/kg", "conform"),
        ("固体饮料(1:9冲调)", "庚物质", "5.1", "g/kg", "nonconform"),
        ("面包", "辛物质", "10|20|300|1000|50", "CFU/g", "conform"),
        ("面包", "辛物质", "10|20|300|1001|50", "CFU/g", "nonconform"),
        ("面包", "辛物质", "10|>200|10|10|10", "CFU/g", "needs_confirmation"),
        ("面包", "辛物质", "10|20|300|100|50", "CFU/mL", "not_comparable"),
        ("面包", "壬物质", "0.25", "mg/kg", "ambiguous"),
        ("面包", "癸物质", "0.25", "mg/kg", "not_loaded"),
    ] {
        assert_eq!(word(&rules, food, analyte, value, unit), want, "{food} {analyte} {value} {unit}");
    }
    let verdict = rules.judge(&case("面包", "壬物质", "0.25", "mg/kg"));
    let shown = format!("{:?}", verdict.losers);
    assert!(
        verdict.rule == "K-12" && shown.contains("0.2 ") && shown.contains("0.3 "),
        "both are shown: {shown}"
    );
    let carried = rules.judge(&case("饼干", "戊物质", "0.001", "g/kg"));
    assert!(matches!(carried.outcome, Outcome::NeedsConfirmation { fact: Fact::CarryOver, .. }));
}

#[test]
fn what_no_row_means_is_a_property_of_the_standard() {
    for (no_row, want) in [
        ("not_limited", "not_limited"),
        ("not_loaded", "not_loaded"),
        ("不得使用", "prohibited"),
        ("0.01 mg/kg", "nonconform"),
    ] {
        let rules = book(&header("", no_row), ROWS, "");
        assert_eq!(word(&rules, "蜂蜜", "戊物质", "0.02", "mg/kg"), want, "{no_row}");
    }
    let foreign = book(&header("jurisdiction = \"eu\"\n", "0.01 mg/kg"), ROWS, "");
    assert_eq!(
        word(&foreign, "蜂蜜", "戊物质", "0.02", "mg/kg"),
        "not_loaded",
        "another country's law judges nothing here"
    );
    let edition = foreign.edition("kinds").unwrap();
    let asked = Judge::new(&foreign).under(edition).verdict(&case("蜂蜜", "戊物质", "0.02", "mg/kg"));
    assert_eq!((asked.outcome.word(), asked.rule.as_str()), ("nonconform", "kinds-no-row"));
}

#[test]
fn an_amendment_is_a_dated_patch_and_history_can_be_judged_again() {
    let more = "[[amendment]]\ntitle = { zh = \"第1号修改单\", en = \"Amendment 1\" }\nbasis = \"t\"\nvalid_from = \"2026-06-01\"\nrows = \"patch.csv\"\nwithdraws = [\"K-3\"]\n";
    let rules = book(&header(more, "not_limited"), ROWS, "K-3a,1,甲物质,糙米,糙米,,4,mg/kg,,,,\n");
    let on = |date: &str| Case { date: date.parse().unwrap(), ..case("糙米", "甲物质", "3", "mg/kg") };
    for (date, want, row) in [
        ("2026-05-31", "nonconform", "K-3"),
        ("2026-06-01", "conform", "K-3a"),
        ("2025-12-31", "not_loaded", ""),
    ] {
        let verdict = rules.judge(&on(date));
        assert_eq!((verdict.outcome.word(), verdict.rule.as_str()), (want, row), "{date}");
    }
    let mut rejudge = Rejudge::new(&rules, rules.edition("kinds").unwrap());
    assert!(rejudge.flip(&on("2026-05-31")).is_none());
    let flip = rejudge.flip(&on("2025-12-31")).expect("not loaded before, judged by the edition asked for");
    assert_eq!(flip.would_be.outcome.word(), "nonconform");
    assert_eq!((rejudge.compared, rejudge.flipped), (2, 1));
}

#[test]
fn rounded_comparison_follows_gb_t_8170_and_full_comparison_does_not() {
    let rounded = book(&header("rounded = true\n", "not_limited"), ROWS, "");
    let full = book(&header("", "not_limited"), ROWS, "");
    for (value, as_rounded, as_full) in [
        ("1.5", "nonconform", "nonconform"), // half to even: 2
        ("0.5", "conform", "conform"),
        ("1.4", "conform", "nonconform"),
        ("1.0000", "conform", "conform"),
    ] {
        assert_eq!(word(&rounded, "糙米", "甲物质", value, "mg/kg"), as_rounded, "{value}");
        assert_eq!(word(&full, "糙米", "甲物质", value, "mg/kg"), as_full, "{value}");
    }
}

#[test]
fn the_guard_band_flags_and_never_decides() {
    let rules = Rules::builtin();
    for percent in [0, 10, 50, 1000] {
        for (value, want) in
            [("0.19", "conform"), ("0.2", "conform"), ("0.21", "nonconform"), ("0.5", "nonconform")]
        {
            let verdict =
                Judge::new(rules).guard(Decimal::from(percent)).verdict(&case("大米", "镉", value, "mg/kg"));
            assert_eq!(verdict.outcome.word(), want, "{value} at {percent} %");
            let distance = (value.parse::<Decimal>().unwrap() - Decimal::new(2, 1)).abs();
            assert_eq!(
                verdict.near_limit,
                distance * Decimal::ONE_HUNDRED <= Decimal::new(2, 1) * Decimal::from(percent)
            );
        }
    }
}

#[test]
fn a_sum_counts_its_components_with_factors_and_a_stated_rule_for_those_not_detected() {
    let rules = Rules::builtin();
    let pcb = |last: &str| format!("PCB28=3;PCB52=2;PCB101=4;PCB118=3;PCB138=4;PCB153=3;PCB180={last}");
    for (food, analyte, value, unit, want) in [
        ("带鱼", pcb("1"), "20", "μg/kg", "conform"),
        ("带鱼", pcb("1.1"), "20.1", "μg/kg", "nonconform"),
        ("带鱼", pcb("ND"), "19", "μg/kg", "conform"),
        ("带鱼", pcb("<0.5"), "19", "μg/kg", "conform"),
        ("带鱼", pcb("1"), "21", "μg/kg", "data_error"),
        // plants: the parent alone counts
        ("番茄", "吡虫啉 0.9 + 含6-氯-吡啶基代谢物 0.5(以吡虫啉计)".to_owned(), "1.4", "mg/kg", "conform"),
        // 0.01 + 0.012 × 0.93256 = 0.0212: the factor alone does not save it, 0.01 + 0.010 × 0.93256 passes
        ("黄瓜", "克百威 0.01 + 3-羟基克百威 0.012".to_owned(), "0.022", "mg/kg", "nonconform"),
        ("黄瓜", "克百威 0.01 + 3-羟基克百威 0.0105".to_owned(), "0.0205", "mg/kg", "conform"),
    ] {
        let verdict = rules.judge(&case(food, &analyte, value, unit));
        assert_eq!(verdict.outcome.word(), want, "{food} {analyte}: {:?}", verdict.why);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_is_monotone_in_each_value(values in prop::array::uniform5(0u32..1500), at in 0usize..5, more in 1u32..2000) {
        let rules = Rules::builtin();
        let joined = |v: &[u32; 5]| v.map(|x| x.to_string()).join("|");
        let judged = |v: &[u32; 5]| word(rules, "干酪", "金黄色葡萄球菌", &joined(v), "CFU/g");
        let mut higher = values;
        higher[at] += more;
        let mut turned = values;
        turned.rotate_left(at);
        prop_assert_eq!(judged(&values), judged(&turned), "the order of sub-samples never matters");
        if judged(&values) == "nonconform" {
            prop_assert_eq!(judged(&higher), "nonconform");
        }
    }

    #[test]
    fn the_unit_a_result_is_reported_in_never_matters(value in 1u32..600) {
        let rules = Rules::builtin();
        let mg = Decimal::new(i64::from(value), 3);
        let judged = |value: Decimal, unit: &str| word(rules, "大米", "镉", &value.to_string(), unit);
        let want = judged(mg, "mg/kg");
        for (factor, unit) in [(1000u32, "μg/kg"), (1000, "ng/g"), (1_000_000, "ng/kg")] {
            prop_assert_eq!(judged(mg * Decimal::from(factor), unit), want, "{}", unit);
        }
        prop_assert_eq!(judged(mg / Decimal::ONE_THOUSAND, "g/kg"), want);
        prop_assert_eq!(judged(mg / Decimal::from(10), "mg/100g"), want);
        prop_assert_eq!(judged(mg / Decimal::from(10_000), "%"), want);
    }
}

#[test]
fn a_session_decides_as_a_single_judgement_does() {
    let rules = Rules::builtin();
    let mut session = Judge::new(rules);
    for round in 0..2 {
        for food in ["大米", "干香菇", "蔬菜", "鲈鱼", "猪肉", "鸡蛋", "挂面", "豇豆", "星球果", "固体饮料"]
        {
            for analyte in
                ["镉(以Cd计)", "总汞", "毒死蜱", "恩诺沙星", "氯霉素", "柠檬黄", "柠檬酸", "未知物"]
            {
                for value in ["0.05", "ND", "3", "<0.01"] {
                    let case = case(food, analyte, value, "mg/kg");
                    let (quick, full) = (session.decide(&case), rules.judge(&case));
                    assert_eq!(quick.outcome, full.outcome, "{round} {food} {analyte} {value}");
                    assert_eq!(quick.rule.map_or("", |r| &r.id), full.rule);
                    assert_eq!((quick.compared, quick.near_limit), (full.compared, full.near_limit));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn adding_a_more_specific_rule_never_changes_verdicts_outside_its_scope(
        node in 1usize..250, limit in 1u32..9, value in 1u32..12,
    ) {
        let plain = Rules::builtin();
        let tree = &plain.trees()[0];
        let node = node % tree.nodes().len();
        let code = &tree.nodes()[node].code;
        let general = "G-1,1,甲物质,食品,食品,,5,mg/kg,,,,\n";
        let specific = format!("G-2,1,甲物质,小类,{code},,{limit},mg/kg,,,,\n");
        let before = book(&header("", "not_limited"), general, "");
        let after = book(&header("", "not_limited"), &format!("{general}{specific}"), "");
        let (mut one, mut two) = (Judge::new(&before), Judge::new(&after));
        for (ix, other) in tree.nodes().iter().enumerate() {
            let mut case = case("x", "甲物质", &value.to_string(), "mg/kg");
            case.placed = vec![limits::Placed { tree: "gb2762".to_owned(), node: other.code.clone() }];
            let (a, b) = (one.decide(&case), two.decide(&case));
            if tree.above(ix).contains(&node) {
                prop_assert_eq!(b.limit, Some(Decimal::from(limit)));
            } else {
                prop_assert_eq!((a.outcome, a.limit), (b.outcome, b.limit), "{}", &other.code);
            }
        }
    }
}
