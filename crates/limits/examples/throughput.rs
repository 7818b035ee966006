//! Judgements per second on one core: `cargo run --release -p limits --example throughput [SHEET.csv]`; a sheet given is judged and printed instead.
#![expect(clippy::print_stdout, reason = "a measuring tool reports on stdout")]

use base::Date;
use limits::{Case, Judge, Rules, judge_csv};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let start = Instant::now();
    let rules = Rules::builtin();
    let loaded = start.elapsed();
    if let Some(sheet) = std::env::args().nth(1) {
        for line in judge_csv(rules, base::Decimal::TEN, &sheet, std::fs::File::open(&sheet)?)
            .map_err(std::io::Error::other)?
        {
            println!("{line}");
        }
        return Ok(());
    }
    let foods = ["大米", "菠菜", "干香菇(鲜干比10:1)", "鲈鱼", "猪肉", "本地小芹菜", "燕麦片", "豇豆"];
    let analytes = ["镉(以Cd计)", "铅", "总汞", "噻虫嗪"];
    let cases: Vec<Case> = (0..32)
        .map(|i| Case::new(foods[i % 8], analytes[i / 8], "0.05", "mg/kg", Date::constant(2026, 10, 8)))
        .collect();
    let mut judge = Judge::new(rules);
    let rounds = 20_000u32;
    let start = Instant::now();
    let mut failures = 0u32;
    for _ in 0..rounds {
        for case in &cases {
            failures += u32::from(judge.decide(case).outcome.is_failure());
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "loaded in {loaded:?}; {:.0} judgements/s ({failures} failures)",
        f64::from(rounds) * 32.0 / seconds
    );
    Ok(())
}
