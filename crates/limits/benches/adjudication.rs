//! Judgements per second on one core with the full trees: `cargo bench -p limits`. Foods, analytes and values of a mixed yearly
//! file: six of ten not detected, numbers all different, some “less than”.
#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]
#![expect(clippy::cast_precision_loss, reason = "rates for people")]

use base::Date;
use limits::{Case, Judge, Rules};
use std::collections::BTreeMap;
use std::time::Instant;

const FOODS: [&str; 40] = [
    "大米",
    "小麦粉",
    "挂面",
    "猪肉",
    "白菜",
    "苹果",
    "酱油",
    "茶叶",
    "菠菜",
    "干香菇(鲜干比10:1)",
    "鲈鱼",
    "本地小芹菜",
    "燕麦片",
    "豇豆",
    "韭菜",
    "辣椒",
    "黄瓜",
    "番茄",
    "香蕉",
    "葡萄",
    "橙",
    "草莓",
    "梨",
    "鸡肉",
    "鸡蛋",
    "牛肉",
    "羊肉",
    "草鱼",
    "虾",
    "花生油",
    "大豆油",
    "食醋",
    "白酒",
    "饼干",
    "糕点",
    "果汁",
    "巴氏杀菌乳",
    "乳粉",
    "花生",
    "马铃薯",
];
const ANALYTES: [&str; 25] = [
    "镉(以Cd计)",
    "铅(以Pb计)",
    "总汞",
    "铬",
    "总砷",
    "黄曲霉毒素B1",
    "毒死蜱",
    "噻虫嗪",
    "噻虫胺",
    "吡虫啉",
    "氯氟氰菊酯",
    "腐霉利",
    "克百威",
    "氧乐果",
    "甲胺磷",
    "多菌灵",
    "啶虫脒",
    "灭蝇胺",
    "阿维菌素",
    "苯醚甲环唑",
    "恩诺沙星",
    "氯霉素",
    "苯甲酸",
    "山梨酸",
    "糖精钠",
];

fn cases() -> Vec<Case> {
    let mut out = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..20 {
        for food in FOODS {
            for analyte in ANALYTES {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let n = state >> 33;
                let value = match n % 10 {
                    0..=4 => "未检出".to_owned(),
                    5 => "ND".to_owned(),
                    6 => format!("<0.0{}", 1 + n % 9),
                    _ => format!("0.{:04}", n % 9973),
                };
                let mut case = Case::new(food, analyte, value, "mg/kg", Date::constant(2026, 10, 8));
                case.lod = Some("0.005".to_owned());
                case.id = format!("{round}");
                out.push(case);
            }
        }
    }
    out
}

/// Seconds this thread has had the processor, where the system tells: other work on the machine must not enter. Else the clock.
fn used(since: Instant) -> f64 {
    let own = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ns = own.and_then(|t| t.split(' ').next()?.parse::<u64>().ok());
    ns.map_or_else(|| since.elapsed().as_secs_f64(), |ns| ns as f64 / 1e9)
}

fn main() {
    let began = Instant::now();
    let rules = Rules::builtin();
    let cases = cases();
    let mut judge = Judge::new(rules);
    let start = Instant::now();
    for case in &cases[..FOODS.len() * ANALYTES.len()] {
        let _ = judge.decide(case);
    }
    println!("first sight of {} pairs: {:?}", FOODS.len() * ANALYTES.len(), start.elapsed());
    let mut best = f64::MAX;
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..10 {
        outcomes.clear();
        let start = used(began);
        for case in &cases {
            *outcomes.entry(judge.decide(case).outcome.word()).or_default() += 1;
        }
        best = best.min(used(began) - start);
    }
    println!("decide: {:.0} results/s of {}; {outcomes:?}", cases.len() as f64 / best, cases.len());
    let start = used(began);
    let some = &cases[..4000];
    let bytes: usize =
        some.iter().map(|c| serde_json::to_string(&judge.verdict(c)).map_or(0, |t| t.len())).sum();
    let rate = some.len() as f64 / (used(began) - start);
    println!("verdict with its derivation as JSON: {rate:.0} results/s, {} bytes each", bytes / some.len());
    let start = used(began);
    let rows: usize = FOODS.iter().map(|f| rules.show(f, None, Date::constant(2026, 10, 8)).len()).sum();
    let each = (used(began) - start) * 1e3 / FOODS.len() as f64;
    println!("all limits of one food: {each:.2} ms, {} rows on average", rows / FOODS.len());
}
