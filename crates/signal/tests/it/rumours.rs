//! Grouping of Chinese posts that state the same claim, measured on the shared rumour texts when they are at hand.

use signal::text::{Options, Report, group};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Pairs of one group, each once.
fn pairs<'a>(groups: impl Iterator<Item = Vec<&'a str>>) -> BTreeSet<(&'a str, &'a str)> {
    groups
        .flat_map(|mut g| {
            g.sort_unstable();
            let list: Vec<(&str, &str)> =
                g.iter().enumerate().flat_map(|(i, a)| g[i + 1..].iter().map(move |b| (*a, *b))).collect();
            list
        })
        .collect()
}

#[test]
fn posts_of_one_claim_come_together_and_others_stay_apart() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rumor/weibo_food_posts.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("absent: data/rumor; nothing was measured");
        return;
    };
    let posts: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let field = |p: &serde_json::Value, name: &str| p[name].as_str().unwrap_or_default().to_owned();
    let reports: Vec<Report> = posts
        .iter()
        .map(|p| Report { id: field(p, "id"), text: field(p, "text"), ..Report::default() })
        .collect();
    let mut claims: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for p in &posts {
        let claim = field(p, "claim_id");
        if !claim.is_empty() {
            claims.entry(claim).or_default().push(p["id"].as_str().unwrap());
        }
    }
    let truth = pairs(claims.into_values());
    for (what, topic) in [("default", Options::default().topic), ("0.05", 0.05), ("0.12", 0.12)] {
        let found = group(&reports, &Options { topic, ..Options::default() });
        let said = pairs(found.iter().map(|g| g.reports.iter().map(String::as_str).collect()));
        let right = said.intersection(&truth).count();
        #[expect(clippy::cast_precision_loss, reason = "numbers of pairs")]
        let (precision, recall) = (right as f64 / said.len() as f64, right as f64 / truth.len() as f64);
        let f1 = 2.0 * precision * recall / (precision + recall);
        println!(
            "{what}: {} posts, {} pairs of one claim: precision {precision:.3}, recall {recall:.3}, F1 {f1:.3}",
            posts.len(),
            truth.len()
        );
        assert!(what != "default" || f1 > 0.8, "F1 {f1}");
    }
}
