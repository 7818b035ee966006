//! Scanning again without the place found, so that a strong cluster does not hide a weaker one.
//!
//! Zhang, Assunção, Kulldorff, *J. Probab. Stat.* 2010:642379 (sequential removal). Each scan is one of its own over the places
//! that are left: their cases, their population, half of which makes the greatest circle.

use super::input::{Files, IDS};
use super::settings::{Again, Settings};
use super::{Report, Run, once};
use crate::table::{Problem, Table};
use std::collections::HashSet;

/// The tables whose rows name the cluster they belong to.
const BY_CLUSTER: [&str; 3] = ["clusters.csv", "cluster_locations.csv", "strata.csv"];

/// The most likely cluster of every scan; risks and replicates are those of the first.
///
/// # Errors
/// As of a single scan.
pub(super) fn scan(
    settings: &Settings,
    rule: Again,
    files: &Files,
    run: &Run<'_>,
) -> Result<Report, Problem> {
    let mut files = files.clone();
    let mut report = first_only(once(settings, &files, run)?, 1);
    for rank in 2..=rule.most {
        let Some(last) = report.clusters.last().filter(|c| c.p_value.is_some_and(|p| p <= rule.until)) else {
            break;
        };
        let gone: HashSet<&str> = last.places.iter().map(String::as_str).collect();
        for table in [
            files.locations.as_mut(),
            Some(&mut files.cases),
            files.controls.as_mut(),
            files.population.as_mut(),
            files.max_circle.as_mut(),
            files.adjustments.as_mut(),
        ]
        .into_iter()
        .flatten()
        {
            if let Some(place) = table.column(&IDS) {
                table.rows.retain(|row| !gone.contains(row[place].as_str()));
            }
        }
        // what is left is nothing to compare
        if files.locations.as_ref().is_none_or(|l| l.rows.len() < 2) || files.cases.rows.len() < 2 {
            break;
        }
        let next = first_only(once(settings, &files, run)?, rank);
        if next.clusters.is_empty() {
            break;
        }
        report.clusters.extend(next.clusters);
        for (name, table) in &mut report.tables {
            if let Some((_, more)) =
                next.tables.iter().find(|t| t.0 == *name && BY_CLUSTER.contains(&t.0.as_str()))
            {
                table.rows.extend(more.rows.iter().cloned());
            }
        }
    }
    Ok(report)
}

/// Only the most likely cluster, by that rank.
fn first_only(mut report: Report, rank: u32) -> Report {
    report.clusters.truncate(1);
    for (_, table) in report.tables.iter_mut().filter(|t| BY_CLUSTER.contains(&t.0.as_str())) {
        keep_first(table, rank);
    }
    report
}

fn keep_first(table: &mut Table, rank: u32) {
    if let Some(cluster) = table.column(&["cluster"]) {
        table.rows.retain(|row| row[cluster] == "1");
        table.rows.iter_mut().for_each(|row| row[cluster] = rank.to_string());
    }
}
