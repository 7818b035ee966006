//! Foods, sums and units as laboratories write them: one table for each rule.

use base::Date;
use limits::{Case, Outcome, Rules, Verdict};

fn judged(food: &str, analyte: &str, value: &str, unit: &str) -> Verdict {
    Rules::builtin().judge(&Case::new(food, analyte, value, unit, Date::constant(2026, 10, 8)))
}

/// Food, analyte, value in mg/kg, the outcome and how the limit begins.
fn check(rows: &[(&str, &str, &str, &str, &str)]) {
    for (food, analyte, value, want, limit) in rows {
        let got = judged(food, analyte, value, "mg/kg");
        let shown = got.limit.as_ref().map_or_else(String::new, |l| l.printed.clone());
        assert_eq!((got.outcome.word(), shown.as_str()), (*want, *limit), "{food} {analyte}: {:?}", got.why);
    }
}

#[test]
fn a_class_in_brackets_says_what_is_made_of_the_food_named() {
    check(&[
        ("奶茶(含乳饮料)", "铅", "0.051", "nonconform", "0.05"),
        ("奶茶(固体饮料)", "铅", "0.9", "conform", "1.0"),
        ("牛奶(调制乳)", "铅", "0.03", "conform", "0.04"),
        ("牛奶(发酵乳)", "铅", "0.03", "conform", "0.04"),
        ("苹果汁(浓缩果蔬汁)", "铅", "0.4", "conform", "0.5"),
        ("红枣(蜜饯)", "铅", "0.7", "conform", "0.8"),
        ("萝卜(酱腌菜)", "铅", "0.45", "conform", "0.5"),
        ("猪肉(肉类罐头)", "铅", "0.28", "conform", "0.3"),
        ("大米(婴幼儿谷类辅助食品)", "镉", "0.1", "nonconform", "0.06"),
        // what it is made of, or called elsewhere, moves nothing
        ("月饼(豆沙)", "铅", "0.45", "conform", "0.5"),
        ("豆角(豇豆)", "铅", "0.2", "conform", "0.2"),
        ("韭菜(鳞茎类蔬菜)", "铅", "0.1", "conform", "0.1"),
    ]);
}

#[test]
fn a_process_in_brackets_makes_the_product_of_the_food_named() {
    check(&[
        ("带鱼(罐头)", "镉", "0.2", "conform", "0.2"),
        ("金枪鱼(罐头)", "甲基汞", "1.1", "conform", "1.2"),
        ("桃(罐头)", "铅", "0.15", "conform", "0.2"),
        ("橙汁(浓缩)", "铅", "0.4", "conform", "0.5"),
        ("豇豆(腌制)", "铅", "0.45", "conform", "0.5"),
        ("豇豆（盐渍，预包装）", "铅", "0.45", "conform", "0.5"),
        ("苹果(果酱)", "铅", "0.35", "conform", "0.4"),
        ("辣椒(脱水)", "铅", "0.7", "conform", "0.8"),
    ]);
}

#[test]
fn a_class_in_brackets_that_no_food_of_the_name_has_is_asked_about() {
    for (food, analyte, value, named) in [
        ("鲈鱼(非肉食性鱼类)", "甲基汞", "0.6", "非肉食性鱼类"),
        ("菠菜(茎类蔬菜)", "镉", "0.15", "茎类蔬菜"),
        ("大米(小麦)", "无机砷", "0.3", "小麦"),
    ] {
        let got = judged(food, analyte, value, "mg/kg");
        match &got.outcome {
            Outcome::NeedsConfirmation { question, .. } => assert!(question.zh.contains(named), "{question}"),
            other => panic!("{food}: {other:?}"),
        }
        assert!(got.why.iter().any(|s| s.text.zh.contains("与名称矛盾")), "{:?}", got.why);
    }
    // where both classes answer alike, nothing is asked
    check(&[("鲈鱼(非肉食性鱼类)", "甲基汞", "0.4", "conform", "1.0")]);
}

#[test]
fn a_bracket_may_hold_several_facts_and_a_ratio_of_drying_means_dried_goods() {
    check(&[
        ("香菇(干制，脱水率90%)", "镉", "4.9", "conform", "0.5"),
        ("香菇(干，鲜干比10:1)", "镉", "4.9", "conform", "0.5"),
        ("香菇(干；鲜干比10:1)", "镉", "5.1", "nonconform", "0.5"),
        ("香菇(鲜干比10:1)", "镉", "4.9", "conform", "0.5"),
        ("香菇(鲜;鲜干比10:1)", "镉", "0.6", "nonconform", "0.5"),
        ("带鱼(干制、脱水率75%)", "镉", "0.4", "conform", "0.1"),
    ]);
}

#[test]
fn the_water_contents_of_fresh_and_dried_give_the_ratio_of_drying() {
    // dry matter 88 % against 10 %: 8.8 to 1, so 4.4 is 0.5 fresh
    check(&[
        ("干香菇(含水率12%,鲜品含水率90%)", "镉", "4.4", "conform", "0.5"),
        ("干香菇(鲜品水分90%、干品水分12%)", "镉", "4.41", "nonconform", "0.5"),
        ("香菇(干，含水量12%；新鲜原料含水量90%)", "镉", "4.4", "conform", "0.5"),
        // one water content gives no ratio
        ("干香菇(鲜品含水率90%)", "镉", "4.4", "needs_confirmation", "0.5"),
    ]);
}
