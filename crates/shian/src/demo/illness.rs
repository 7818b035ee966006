//! Two years of invented daily counts of foodborne illness for every county, with one outbreak of the last days put in, and the first
//! night of the watch that finds it.

use super::load::Loader;
use crate::{out, wiring};
use anyhow::Result;
use base::region::{RegionCode, Regions};
use base::{Date, Instant, Lang};
use jiff::ToSpan;
use ledger::{Actor, Context};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use watch::{Cover, NewCount};

/// Days of counts, to yesterday.
const DAYS: i32 = 800;
/// Days reported in one go.
const PART: usize = 35;
/// Whose counts they are.
const SOURCE: &str = "食源性疾病监测（虚构）";

/// Mean a day and million people, height and peak (day of the year) of the season.
const ILLNESSES: [(&str, f64, f64, f64); 6] = [
    ("diarrhoea", 2.2, 0.6, 205.0),
    ("vomiting", 0.9, 0.3, 20.0),
    ("salmonella", 0.25, 0.9, 210.0),
    ("norovirus", 0.25, 0.9, 15.0),
    ("staphylococcus", 0.08, 0.5, 200.0),
    ("nitrite", 0.02, 0.0, 1.0),
];
/// The outbreak: one pathogen, three counties side by side, cases a day up to yesterday.
const OUTBREAK: &str = "salmonella";
const WHERE: [(&str, [i64; 5]); 3] =
    [("620102", [2, 6, 9, 7, 5]), ("620103", [0, 3, 5, 4, 3]), ("620105", [1, 2, 4, 4, 2])];

/// A Poisson draw by its product of uniforms (Knuth); for the small means of a county's day.
fn poisson(rng: &mut Pcg64Mcg, mean: f64) -> i64 {
    let (least, mut product, mut n) = ((-mean).exp(), rng.random::<f64>(), 0);
    while product > least && n < 10_000 {
        product *= rng.random::<f64>();
        n += 1;
    }
    n
}

/// All counts above zero, by day.
pub(crate) fn counts(seed: u64, first: Date, last: Date) -> Vec<NewCount> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0x111e55);
    let gansu: RegionCode = "62".parse().unwrap_or_else(|_| RegionCode::nation());
    let table = Regions::builtin();
    let mut counties: Vec<(String, f64)> = table
        .leaf_units(&gansu)
        .into_iter()
        .map(|r| {
            #[expect(clippy::cast_precision_loss, reason = "people of a county")]
            let people = r.pop2020.unwrap_or(250_000) as f64;
            (r.code.six(), people / 1e6)
        })
        .collect();
    counties.sort_by(|a, b| a.0.cmp(&b.0));
    counties.dedup_by(|a, b| a.0 == b.0);
    // how eager a county is to report
    let eager: Vec<f64> = counties.iter().map(|_| rng.random_range(0.6..1.5)).collect();
    let mut out = Vec::new();
    for day in first.series(1.day()).take_while(|d| *d <= last) {
        let weekend =
            if matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
                0.7
            } else {
                1.1
            };
        for ((place, people), eager) in counties.iter().zip(&eager) {
            for (hazard, mean, height, peak) in ILLNESSES {
                let angle = (f64::from(day.day_of_year()) - peak) / 365.25 * std::f64::consts::TAU;
                let spread: f64 = rng.random_range(0.5..1.5);
                let mut cases = poisson(
                    &mut rng,
                    mean * people * eager * weekend * spread * (height * angle.cos()).exp(),
                );
                if hazard == OUTBREAK
                    && let Some((_, more)) = WHERE.iter().find(|(p, _)| p == place)
                    && let Ok(ago) = usize::try_from(last.since(day).map_or(i32::MAX, |s| s.get_days()))
                    && let Some(at) = more.len().checked_sub(ago + 1)
                {
                    cases += more[at];
                }
                if cases > 0 {
                    out.push(NewCount { place: place.clone(), hazard: hazard.to_owned(), day, cases });
                }
            }
        }
    }
    out
}

/// Reports the counts as they would have come in, month by month, and judges once.
pub(crate) async fn load(loader: &Loader<'_>, seed: u64, now: Instant) -> Result<()> {
    out::progress("监测数据… surveillance counts…");
    let app = loader.app;
    let last = now.china_date().checked_sub(1.day())?;
    let first = last.checked_sub(DAYS.days())?;
    let all = counts(seed, first, last);
    let hazards: Vec<&str> = ILLNESSES.iter().map(|i| i.0).collect();
    let days: Vec<Date> = first.series(1.day()).take_while(|d| *d <= last).collect();
    let mut rest = all.as_slice();
    for part in days.chunks(PART) {
        let (Some(from), Some(to)) = (part.first(), part.last()) else { continue };
        let end = rest.partition_point(|c| c.day <= *to);
        let (these, others) = rest.split_at(end);
        rest = others;
        let sent = Instant::china(to.checked_add(1.day())?, 8, 0).min(now);
        let cover = Cover { region: "62".to_owned(), first: *from, last: *to };
        let mut tx = app.store.begin().await?;
        app.watch.note_counts(&mut tx, &context(loader, sent), SOURCE, &hazards, &cover, these).await?;
        tx.commit().await?;
    }
    wiring::gather(&app.store, &app.watch, &app.ids, now).await?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    app.watch.judge_all(&app.store, &context(loader, now), threads).await?;
    Ok(())
}

fn context(loader: &Loader<'_>, now: Instant) -> Context {
    Context { now, ids: loader.app.ids.clone(), actor: Actor::system("watch"), lang: Lang::Zh }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_counts_and_the_outbreak_is_in_the_last_days() {
        let (first, last) = (Date::constant(2026, 10, 1), Date::constant(2026, 11, 20));
        let all = counts(62, first, last);
        assert_eq!(all, counts(62, first, last));
        assert_ne!(all, counts(63, first, last));
        let here = |from: Date| -> i64 {
            let of = all.iter().filter(|c| c.hazard == OUTBREAK && c.place == "620102" && c.day >= from);
            of.map(|c| c.cases).sum()
        };
        assert!(here(Date::constant(2026, 11, 16)) >= 29, "{}", here(Date::constant(2026, 11, 16)));
    }
}
