//! Foods, sums and units as laboratories write them: one table for each rule.

use base::Date;
use limits::{Case, Fact, Outcome, Rules, Verdict};

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
        ("人造奶油(含氢化油脂)", "镍", "1.1", "nonconform", "1.0"),
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
        ("豇豆（腌制品）", "铅", "0.45", "conform", "0.5"),
        ("豇豆(盐渍菜)", "铅", "0.45", "conform", "0.5"),
        ("苹果(水果干制品)", "铅", "0.45", "conform", "0.5"),
        ("带鱼【罐头】", "镉", "0.2", "conform", "0.2"),
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

#[test]
fn parts_of_additives_are_added_as_ratios_to_their_maximum_levels() {
    for (food, analyte, value, unit, want) in [
        ("蜜饯", "苯甲酸=0.3;山梨酸=0.3", "1.2 (ratio sum)", "g/kg", "nonconform"),
        ("酱腌菜", "苯甲酸 0.6/1.0 + 山梨酸 0.5/1.0", "1.1 (ratio sum)", "", "nonconform"),
        ("酱腌菜", "苯甲酸 0.6/1.0 + 山梨酸 0.4/1.0", "1.0 (ratio sum)", "", "conform"),
        ("酱腌菜", "苯甲酸=0.6;山梨酸=0.3", "0.9 (ratio sum)", "g/kg", "conform"),
        ("果汁", "柠檬黄=0.06;日落黄=0.06", "比例之和1.2", "g/kg", "nonconform"),
        ("酱腌菜", "苯甲酸=0.6；山梨酸=0.5", "1.1（比例之和）", "g/kg", "nonconform"),
        ("酱腌菜", "苯甲酸 0.6/1.0；山梨酸 0.5/1.0", "", "", "nonconform"),
        ("酱腌菜", "苯甲酸0.6g/kg+山梨酸0.5g/kg", "1.1 (ratio sum)", "g/kg", "nonconform"),
        // one function, amounts alone: by the limits of each, or a question, never as a mass
        ("果酱", "苯甲酸=0.6;山梨酸=0.5", "1.1", "g/kg", "nonconform"),
        ("果酱", "苯甲酸=500;山梨酸=500", "1000", "mg/kg", "conform"),
        ("糕点", "苯甲酸=0.3;脱氢乙酸=0.3", "0.6", "g/kg", "needs_confirmation"),
        // what is stated and what the shares give lie on two sides of 1
        ("酱腌菜", "苯甲酸 0.6/1.0 + 山梨酸 0.5/1.0", "0.9 (ratio sum)", "", "needs_confirmation"),
    ] {
        let got = judged(food, analyte, value, unit);
        assert_eq!(got.outcome.word(), want, "{food} {analyte} {value}: {:?}", got.why);
        let limit = got.limit.as_ref().expect("the limit of the rule on ratios");
        assert_eq!((limit.printed.as_str(), got.clause.as_str()), ("1", "附录A"), "{food} {analyte}");
        assert!(got.why.iter().any(|s| s.text.zh.contains("比例之和不应超过1")), "{:?}", got.why);
    }
}

#[test]
fn a_label_made_of_components_is_read_whatever_joins_them() {
    let pcb = "PCB28 3 + PCB52 2 + PCB101 4 + PCB118 3 + PCB138 4 + PCB153 3 + PCB180 2";
    for (food, analyte, value, unit, want) in [
        ("带鱼", pcb, "21 (sum)", "μg/kg", "nonconform"),
        ("带鱼", &pcb.replace(" + ", "；"), "21", "μg/kg", "nonconform"),
        ("带鱼", &pcb.replace(" + ", ", "), "21", "μg/kg", "nonconform"),
        ("带鱼", &pcb.replace(" + ", " μg/kg；"), "21", "μg/kg", "nonconform"),
        ("带鱼", &pcb.replace(" + ", " mg/kg；"), "21", "μg/kg", "data_error"),
        // the seven named congeners count, an eighth is told and left out
        (
            "带鱼",
            &format!("{} + PCB77 5", pcb.replace("PCB180 2", "PCB180 1")),
            "25 (sum)",
            "μg/kg",
            "conform",
        ),
        ("带鱼", &format!("{} + PCB77 5", pcb.replace("PCB180 2", "PCB180 1")), "20", "μg/kg", "conform"),
        ("带鱼", &format!("{pcb} + PCB77 5"), "26", "μg/kg", "nonconform"),
        // six of seven: a pass must wait
        ("带鱼", &pcb.replace(" + PCB180 2", " + PCB77 1"), "20", "μg/kg", "needs_confirmation"),
        (
            "苹果",
            "p,p'-滴滴涕=0.02;o,p'-滴滴涕=0.01;p,p'-滴滴伊=0.02;p,p'-滴滴滴=0.01",
            "0.06 (sum)",
            "mg/kg",
            "nonconform",
        ),
        ("苹果", "p,p′-DDT 0.02；o,p′-DDT 0.01；p,p′-DDE 0.01；p,p′-DDD 0.01", "0.05", "mg/kg", "conform"),
        (
            "胡萝卜",
            "α-六六六=0.02;β-六六六=0.02;γ-六六六=0.01;δ-六六六=0.01",
            "0.06 (sum)",
            "mg/kg",
            "nonconform",
        ),
        ("胡萝卜", "α-HCH=0.02；β-HCH=0.01；γ-HCH=0.01；δ-HCH=ND", "0.04", "mg/kg", "conform"),
        ("豇豆", "克百威 ND;3-羟基克百威 0.03", "0.03 (sum)", "mg/kg", "nonconform"),
        ("豇豆", "3-羟基克百威=0.03；克百威=ND", "0.03", "mg/kg", "nonconform"),
        // the metabolite by itself: enough to fail, not enough to pass
        ("豇豆", "3-羟基克百威", "0.03", "mg/kg", "nonconform"),
        ("豇豆", "3-羟基克百威", "0.01", "mg/kg", "needs_confirmation"),
        ("豇豆", "3-羟基克百威", "ND", "mg/kg", "needs_confirmation"),
        // carbosulfan has a limit of its own and is no part of carbofuran
        ("豇豆", "克百威 0.01;丁硫克百威 0.03", "0.04", "mg/kg", "conform"),
        // in animals the parent alone is not the residue
        ("猪肉", "呋虫胺 0.06", "0.06", "mg/kg", "needs_confirmation"),
        ("猪肉", "呋虫胺=0.2", "0.2", "mg/kg", "nonconform"),
    ] {
        let case = Case {
            lod: Some("0.01".to_owned()),
            ..Case::new(food, analyte, value, unit, Date::constant(2026, 10, 8))
        };
        let got = Rules::builtin().judge(&case);
        assert_eq!(got.outcome.word(), want, "{food} {analyte} {value}: {:?}", got.why);
        if analyte.contains("PCB77") {
            assert!(got.why.iter().any(|s| s.text.zh.contains("PCB77不属于")), "{:?}", got.why);
        }
    }
}

#[test]
fn a_component_reported_by_itself_names_what_the_limit_counts_beside_it() {
    let got = judged("豇豆", "3-羟基克百威", "0.01", "mg/kg");
    let Outcome::NeedsConfirmation { question, .. } = &got.outcome else { panic!("{:?}", got.outcome) };
    assert!(question.zh.contains("克百威"), "{question:?}");
    assert_eq!(got.analyte, "克百威");
    assert!(got.why.iter().any(|s| s.text.zh.contains("是克百威限量所计各组分之一")), "{:?}", got.why);
}

#[test]
fn penicillin_is_benzylpenicillin_by_whichever_name_and_no_other_penicillin() {
    for name in ["青霉素", "青霉素G", "苄青霉素", "普鲁卡因青霉素", "Penicillin G", "61-33-6"]
    {
        let got = judged("牛肉", name, "60", "μg/kg");
        assert_eq!((got.outcome.word(), got.rule.as_str()), ("nonconform", "GB31650-2019-021"), "{name}");
    }
    assert_eq!(judged("牛肉", "青霉素V", "60", "μg/kg").outcome.word(), "not_loaded");
}

#[test]
fn blood_is_a_meat_product_and_no_offal() {
    for food in ["猪血", "鸭血", "鸡血"] {
        let got = judged(food, "铅", "0.4", "mg/kg");
        assert_eq!((got.outcome.word(), got.rule.as_str()), ("nonconform", "GB2762-2025-T01-030"), "{food}");
    }
    assert_eq!(judged("猪肝", "铅", "0.4", "mg/kg").outcome.word(), "conform", "offal has 0.5");
}

#[test]
fn a_unit_written_with_the_value_may_repeat_the_field_and_is_refused_where_it_contradicts_it() {
    for (value, unit, want) in [
        ("0.05mg/kg", "mg/kg", "conform"),
        ("50ug/kg", "μg/kg", "conform"),
        ("50μg/kg", "mg/kg", "data_error"),
        ("0.05", "", "needs_confirmation"),
        ("0.05千", "", "data_error"),
    ] {
        let got = judged("大米", "镉", value, unit);
        assert_eq!(got.outcome.word(), want, "{value} {unit}: {:?} {:?}", got.outcome, got.why);
    }
    for (value, apart) in [
        ("0.05mg/kg", Some(("0.05", "mg/kg"))),
        ("<10 CFU/g", Some(("<10", "CFU/g"))),
        ("0.5g/100g", Some(("0.5", "g/100g"))),
        ("0.05", None),
        ("ND", None),
        ("1e5", None),
    ] {
        assert_eq!(limits::with_unit(value), apart, "{value}");
    }
    let got = judged("大米", "镉", "50μg/kg", "mg/kg");
    let Outcome::DataError { reason } = &got.outcome else { panic!("{:?}", got.outcome) };
    assert!(
        reason.zh.contains("数值自带单位μg/kg") && reason.en.contains("unit field says mg/kg"),
        "{reason:?}"
    );
}

#[test]
fn nitrogen_reported_is_converted_to_the_ion_or_salt_that_is_limited() {
    for (food, analyte, value, unit, want) in [
        // 11 mg/L of nitrogen are 48.7 mg/L of NO3-; the limit is 45
        ("天然矿泉水", "硝酸盐(以N计)", "11", "mg/L", "nonconform"),
        ("天然矿泉水", "硝酸盐(以N计)", "10.1", "mg/L", "conform"),
        ("天然矿泉水", "硝酸盐氮", "11", "mg/L", "nonconform"),
        ("天然矿泉水", "NO3-N", "11", "mg/L", "nonconform"),
        ("天然矿泉水", "硝酸盐(NO3-N)", "11", "mg/L", "nonconform"),
        ("天然矿泉水", "硝酸盐-氮", "11", "mg/L", "nonconform"),
        ("天然矿泉水", "nitrate (as N)", "11", "mg/L", "nonconform"),
        ("天然矿泉水", "硝酸盐(以NO3-计)", "45", "mg/L", "conform"),
        ("天然矿泉水", "亚硝酸盐(以N计)", "0.04", "mg/L", "nonconform"),
        ("天然矿泉水", "亚硝酸盐(以N计)", "0.03", "mg/L", "conform"),
        // as NaNO2 4.93 times the nitrogen: 20 mg/kg of pickles are 4.06
        ("酱腌菜", "亚硝酸盐(以N计)", "4.1", "mg/kg", "nonconform"),
        ("酱腌菜", "亚硝酸盐(以N计)", "4.0", "mg/kg", "conform"),
    ] {
        let got = judged(food, analyte, value, unit);
        assert_eq!(got.outcome.word(), want, "{food} {analyte} {value}: {:?}", got.why);
    }
    let told = judged("天然矿泉水", "硝酸盐(以N计)", "11", "mg/L");
    assert!(told.why.iter().any(|s| s.text.zh.contains("N换算为NO3⁻,×4.4268")), "{:?}", told.why);
}

#[test]
fn a_sub_sample_not_detected_by_a_blunt_method_may_lie_above_m() {
    for (values, lod, want) in [
        ("ND|120|300|80|90", "200", "needs_confirmation"),
        ("<200|120|300|80|90", "", "needs_confirmation"),
        ("ND(200)|120|300|80|90", "10", "needs_confirmation"),
        ("ND|120|300|80|90", "10", "conform"),
        ("ND|120|300|80|90", "100", "conform"),
        // two at most may lie above m: one that is unsure cannot be the third
        ("ND|120|80|80|90", "200", "conform"),
        ("<200|50|80|80|90", "", "conform"),
        ("ND|ND|ND|80|90", "200", "needs_confirmation"),
        ("ND|50|50|50|50", "2000", "needs_confirmation"),
        ("ND|120|300|180|90", "200", "nonconform"),
    ] {
        let mut case = Case::new("干酪", "金黄色葡萄球菌 n=5", values, "CFU/g", Date::constant(2026, 10, 8));
        case.lod = Some(lod.to_owned()).filter(|l| !l.is_empty());
        let got = Rules::builtin().judge(&case);
        assert_eq!(got.outcome.word(), want, "{values} lod {lod}: {:?}", got.why);
    }
}

#[test]
fn a_count_in_a_gram_does_not_show_absence_in_25() {
    for (values, unit, want) in [
        ("0|0|0|0|0", "CFU/g", "not_comparable"),
        ("ND|ND|ND|ND|ND", "CFU/g", "not_comparable"),
        ("ND|ND|ND|ND|ND", "/10g", "not_comparable"),
        ("<10|<10|<10|<10|<10", "CFU/g", "not_comparable"),
        ("ND|ND|ND|ND|ND", "/100g", "conform"),
        // what is found in any portion is in 25 g as well
        ("0|0|10|0|0", "CFU/g", "nonconform"),
        ("ND|ND|ND|ND|ND", "/25g", "conform"),
        ("0|0|0|0|0", "/25g", "conform"),
    ] {
        let got = judged("干酪", "沙门氏菌", values, unit);
        assert_eq!(got.outcome.word(), want, "{values} {unit}: {:?}", got.why);
    }
}

#[test]
fn a_number_without_a_unit_does_not_pass_but_is_asked_about() {
    for (food, analyte, value, want) in [
        ("菠菜", "镉", "0.2", "needs_confirmation"),
        ("菠菜", "镉", "<0.01", "needs_confirmation"),
        ("菠菜", "镉", "ND(0.01)", "conform"),
        ("菠菜", "镉", "0.21", "nonconform"),
        ("干酪", "金黄色葡萄球菌", "10|10|10|10|10", "needs_confirmation"),
        ("干酪", "沙门氏菌", "ND|ND|ND|ND|ND", "conform"),
    ] {
        let got = judged(food, analyte, value, "");
        assert_eq!(got.outcome.word(), want, "{food} {analyte} {value}: {:?}", got.why);
        if want == "needs_confirmation" {
            assert!(matches!(got.outcome, Outcome::NeedsConfirmation { fact: Fact::Unit, .. }));
        }
    }
}

#[test]
fn a_name_sold_fresh_and_dried_is_asked_about_where_the_two_differ() {
    for (food, value, want) in [
        ("枸杞", "1.5", "needs_confirmation"),
        ("枸杞", "0.5", "conform"),
        ("枸杞(干)", "1.5", "nonconform"),
        ("枸杞（干，特级）", "1.5", "nonconform"),
        ("枸杞(鲜)", "1.5", "conform"),
        ("枸杞(鲜,散装)", "1.5", "conform"),
    ] {
        let got = judged(food, "吡虫啉", value, "mg/kg");
        assert_eq!(got.outcome.word(), want, "{food} {value}: {:?} {:?}", got.limit, got.why);
    }
}

#[test]
fn vegetable_powders_are_dried_vegetables_and_vegetable_products_ready_to_eat() {
    check(&[
        ("菠菜粉", "铅", "0.9", "nonconform", "0.8"),
        ("番茄粉", "铅", "0.8", "conform", "0.8"),
        ("菠菜粉(调味料)", "铅", "0.8", "conform", "0.8"),
    ]);
    for (food, values, want) in [
        ("蔬菜制品", "101|101|90|<10|50", "nonconform"),
        ("即食蔬菜", "101|50|90|<10|50", "conform"),
        ("预切蔬菜", "101|101|90|<10|50", "nonconform"),
    ] {
        let got = judged(food, "金黄色葡萄球菌 n=5", values, "CFU/g");
        assert_eq!(got.outcome.word(), want, "{food} {values}: {:?}", got.why);
    }
}

#[test]
fn dried_meat_slices_were_converted_until_the_clause_was_changed() {
    for (food, date, want) in [
        ("猪肉脯(鲜干比2:1)", "2026-08-31", "conform"),
        ("猪肉干(鲜干比2:1)", "2026-08-31", "conform"),
        ("猪肉脯(鲜干比2:1)", "2026-09-02", "nonconform"),
    ] {
        let case = Case::new(food, "铅", "0.35", "mg/kg", date.parse().unwrap());
        let got = Rules::builtin().judge(&case);
        assert_eq!(got.outcome.word(), want, "{food} {date}: {:?}", got.why);
    }
}

#[test]
fn what_is_made_for_infants_is_never_placed_among_ordinary_foods_by_the_end_of_its_name() {
    check(&[
        ("婴幼儿小米米粉", "铅", "0.21", "nonconform", "0.2"),
        ("婴幼儿小米米粉", "镉", "0.07", "nonconform", "0.06"),
        ("婴幼儿配方面条", "镉", "0.07", "nonconform", "0.06"),
        ("婴幼儿小米米粉", "无机砷", "0.25", "needs_confirmation", "0.2"),
        // no class of its name is known: asked about
        ("婴幼儿溶豆豆", "铅", "0.3", "needs_confirmation", ""),
    ]);
}

#[test]
fn a_food_takes_the_limit_of_no_other_commodity_listed_beside_its_name() {
    check(&[
        ("莲子", "吡虫啉", "1", "needs_confirmation", ""),
        ("三七", "吡虫啉", "0.6", "not_limited", ""),
        ("黑芝麻", "吡虫啉", "0.6", "nonconform", "0.5"),
        ("鸡肝", "吡虫啉", "0.04", "needs_confirmation", "0.05"),
        ("鸡肫", "吡虫啉", "0.04", "needs_confirmation", "0.05"),
    ]);
}

#[test]
fn a_bare_name_of_a_fresh_and_a_dried_commodity_is_asked_about_where_their_limits_part() {
    check(&[
        ("豌豆", "阿维菌素", "9", "needs_confirmation", ""),
        ("豌豆(干)", "阿维菌素", "0.06", "nonconform", "0.05"),
        ("鲜豌豆", "阿维菌素", "9", "not_limited", ""),
        ("蚕豆", "吡虫啉", "0.4", "needs_confirmation", "0.5"),
        ("蚕豆", "吡虫啉", "0.1", "conform", "0.5"),
        ("干蚕豆", "吡虫啉", "0.4", "nonconform", "0.1"),
    ]);
}

#[test]
fn a_name_printed_in_a_row_of_its_own_takes_that_row_and_its_class_is_asked_which_it_is() {
    check(&[
        ("小白菜", "阿维菌素", "0.08", "nonconform", "0.05"),
        ("小油菜", "阿维菌素", "0.08", "conform", "0.1"),
        ("普通白菜(小白菜)", "阿维菌素", "0.08", "nonconform", "0.05"),
        ("上海青", "阿维菌素", "0.08", "needs_confirmation", ""),
        ("小油菜", "毒死蜱", "0.03", "nonconform", "0.02"),
    ]);
}

#[test]
fn where_an_unknown_fact_changes_nothing_the_row_that_leaves_least_room_is_shown() {
    check(&[
        ("婴幼儿米粉", "无机砷", "0.2", "conform", "0.2"),
        ("婴幼儿米粉", "无机砷", "0.31", "nonconform", "0.3"),
        ("婴幼儿罐装辅助食品(以鱼为原料)", "无机砷", "0.2", "conform", "0.3"),
    ]);
}

#[test]
fn a_detection_limit_in_a_unit_of_its_own_is_converted_and_no_number_is_an_error() {
    for (value, lod, want) in [
        ("0.1", "2 μg/kg", "conform"),
        ("ND", "2×10⁻³", "conform"),
        ("ND", "300μg/kg", "needs_confirmation"),
        ("0.30", "abc", "data_error"),
        ("0.30", "-1", "data_error"),
        ("0.20000000000000000000000000001", "", "data_error"),
    ] {
        let case = Case {
            lod: Some(lod.to_owned()),
            ..Case::new("大米", "镉", value, "mg/kg", Date::constant(2026, 10, 8))
        };
        assert_eq!(Rules::builtin().judge(&case).outcome.word(), want, "{value} {lod}");
    }
}
