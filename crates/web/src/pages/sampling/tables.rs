//! The tables of the statistics page as files: every figure that is shown can be taken along.

use super::class_name;
use super::figures::Steady;
use crate::export::{sheet, texts};
use crate::map::region_name;
use base::{Id, Lang};
use lab::{Book, Hazard, LabFigures, PerThousand, Rate, SampleKind};
use paper::sheet::Sheet;
use std::collections::BTreeMap;

/// A share with six decimals; empty where there is nothing to share.
fn share(part: i64, of: i64) -> String {
    if of == 0 { String::new() } else { format!("{:.6}", part as f64 / of as f64) }
}

/// Batches per thousand people, with the version of the rule.
pub(super) fn per_thousand(lang: Lang, per: &[PerThousand], year: i16) -> Sheet {
    let header =
        ["region", "name", "year", "reported", "people", "per_1000", "planned", "planned_per_1000", "rule"];
    let mut out = sheet("batches_per_1000", &header);
    for c in per {
        out.rows.push(texts([
            c.region.clone(),
            region_name(lang, &c.region),
            year.to_string(),
            c.reported.to_string(),
            c.people.to_string(),
            c.rate.to_string(),
            c.planned.to_string(),
            c.rate_planned.to_string(),
            Book::builtin().version(),
        ]));
    }
    out
}

/// Targeted and representative sampling, apart.
pub(super) fn kinds(lang: Lang, kinds: &[(SampleKind, Option<Rate>)]) -> Sheet {
    let mut out = sheet("kinds", &["kind", "concluded", "failed", "pass_rate", "low_95", "high_95"]);
    for (kind, rate) in kinds {
        let figures = match rate {
            Some(r) => [
                r.judged.to_string(),
                r.failed.to_string(),
                format!("{:.6}", r.pass),
                format!("{:.6}", r.low),
                format!("{:.6}", r.high),
            ],
            None => ["0".to_owned(), "0".to_owned(), String::new(), String::new(), String::new()],
        };
        out.rows.push(texts([kind.label().get(lang).to_owned()].into_iter().chain(figures)));
    }
    out
}

/// Problem foods by hazards, a row a cell.
pub(super) fn hazards(lang: Lang, cells: &[Hazard]) -> Sheet {
    let mut out = sheet(
        "hazards",
        &["class", "name", "analyte", "judged", "failed_law", "failed_declared_only", "failed_share"],
    );
    for c in cells {
        out.rows.push(texts([
            c.class.clone(),
            class_name(lang, &c.class),
            c.analyte.clone(),
            c.judged.to_string(),
            c.failed.to_string(),
            c.declared.to_string(),
            share(c.failing(), c.judged),
        ]));
    }
    out
}

/// Rates of small regions drawn towards what all share; no row where too few regions have samples.
pub(super) fn steadied(lang: Lang, steady: &[(Rate, Steady)]) -> Sheet {
    let mut out = sheet(
        "steadied",
        &["region", "name", "concluded", "failed", "failed_share", "steadied", "low_95", "high_95"],
    );
    let digits = |v: Option<f64>| v.map_or_else(String::new, |v| format!("{v:.6}"));
    for (r, s) in steady {
        out.rows.push(texts([
            r.key.clone(),
            region_name(lang, &r.key),
            r.judged.to_string(),
            r.failed.to_string(),
            share(r.failed, r.judged),
            digits(Some(s.mean)),
            digits(s.low),
            digits(s.high),
        ]));
    }
    out
}

/// Laboratories compared.
pub(super) fn laboratories(figures: &[LabFigures], labs: &BTreeMap<Id, String>) -> Sheet {
    let mut out = sheet(
        "laboratories",
        &[
            "laboratory",
            "name",
            "samples",
            "failed",
            "failed_share",
            "overturned",
            "median_days",
            "late",
            "results",
            "not_detected_share",
            "near_limit_share",
            "flags",
        ],
    );
    for l in figures {
        let flags: Vec<String> = l.flags.iter().map(|(word, z)| format!("{word} {z:+.1}")).collect();
        out.rows.push(texts([
            l.laboratory.to_string(),
            labs.get(&l.laboratory).cloned().unwrap_or_default(),
            l.samples.to_string(),
            l.failed.to_string(),
            share(l.failed, l.samples),
            l.overturned.to_string(),
            l.days.map_or_else(String::new, |d| format!("{d:.1}")),
            l.late.to_string(),
            l.results.to_string(),
            share(l.not_detected, l.results),
            share(l.near, l.results),
            flags.join("; "),
        ]));
    }
    out
}
