//! Strata of a draw: what separates them, how many are taken in each, and with what chance each target comes.

use crate::Problem;
use crate::sample::words;
use ::sampling::allocate::shares;
use ::sampling::inclusion::probabilities;
use base::Text;
use ledger::draw::{Entry, Record};
use serde::Serialize;
use std::collections::BTreeMap;

words! {
    /// What separates the strata of a draw.
    Strata {
        /// The region below that of the task: counties of a province or prefecture, towns of a county.
        Region = "region", "按地区（县区、乡镇）", "By region below the task";
        /// Failed in the last two years, never sampled in them, or neither.
        Risk = "risk", "按风险（两年内不合格、未抽过、其他）", "By risk: failed, never sampled, other";
        /// What kind of operator it is: a producer, a wholesaler, a small shop …
        Scale = "scale", "按业态规模", "By kind and size of operator";
    }
}

/// Failed in the last two years.
pub(super) const FAILED: &str = "failed";
/// Not sampled in the last two years.
pub(super) const NEW: &str = "new";
/// Sampled, and nothing failed.
pub(super) const OTHER: &str = "other";

/// Name of a stratum that is no region.
#[must_use]
pub fn stratum_name(key: &str) -> Option<Text> {
    match key {
        FAILED => Some(Text::of("两年内不合格", "failed within two years")),
        NEW => Some(Text::of("两年内未抽过", "not sampled within two years")),
        OTHER => Some(Text::of("其他", "other")),
        _ => None,
    }
}

/// What stands with what chance in a drawn list: all targets of one stratum and weight have the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chance {
    /// The stratum.
    pub stratum: String,
    /// Chances of each target.
    pub weight: u32,
    /// Targets of this weight that can be drawn.
    pub listed: usize,
    /// How many are drawn in the stratum.
    pub take: u32,
    /// Chance of each to be among them; absent where the stratum is too long for an exact figure.
    pub probability: Option<f64>,
}

/// The inclusion probabilities of a record, by stratum and weight; they follow from the frozen list alone.
#[must_use]
pub fn chances(record: &Record) -> Vec<Chance> {
    let mut strata: BTreeMap<&str, BTreeMap<u32, usize>> = BTreeMap::new();
    for t in record.targets.iter().filter(|t| t.excluded.is_none()) {
        *strata.entry(&t.stratum).or_default().entry(t.weight.max(1)).or_default() += 1;
    }
    let mut out = Vec::new();
    for (stratum, by_weight) in strata {
        let take = record.take.get(stratum).copied().unwrap_or(0);
        let weights: Vec<f64> =
            by_weight.iter().flat_map(|(w, n)| std::iter::repeat_n(f64::from(*w), *n)).collect();
        let n = (take as usize).min(weights.len());
        let each = probabilities(&weights, n).ok();
        let mut at = 0;
        for (weight, listed) in by_weight {
            let probability = each.as_ref().and_then(|p| p.get(at)).copied();
            at += listed;
            out.push(Chance { stratum: stratum.to_owned(), weight, listed, take, probability });
        }
    }
    out
}

/// How many are taken in each stratum: as asked, or `count` shared by the chances in each, never more than there are.
pub(super) fn takes(
    targets: &[Entry],
    count: u32,
    asked: &BTreeMap<String, u32>,
) -> Result<BTreeMap<String, u32>, Box<Problem>> {
    let mut able: BTreeMap<&str, (u32, f64)> = BTreeMap::new();
    for t in targets.iter().filter(|t| t.excluded.is_none()) {
        let stratum = able.entry(&t.stratum).or_default();
        stratum.0 += 1;
        stratum.1 += f64::from(t.weight);
    }
    let refuse = |zh: String, en: String| {
        let what = Text::of("各层数量", "places in each stratum");
        Box::new(Problem::new("take", what, count.to_string(), Text::new(zh, en)))
    };
    if !asked.is_empty() {
        for (stratum, n) in asked {
            let has = able.get(stratum.as_str()).map_or(0, |s| s.0);
            if *n > has {
                return Err(refuse(
                    format!("层“{stratum}”只有 {has} 家可抽，不足 {n} 家"),
                    format!("stratum {stratum} has {has} that can be drawn, {n} are asked for"),
                ));
            }
        }
        let sum: u32 = asked.values().sum();
        if sum != count {
            return Err(refuse(
                format!("各层合计 {sum} 家，与抽取数量 {count} 不符"),
                format!("the strata add up to {sum}, {count} are to be drawn"),
            ));
        }
        return Ok(asked.clone());
    }
    let names: Vec<&str> = able.keys().copied().collect();
    let most: Vec<u32> = names.iter().map(|n| able[n].0).collect();
    let mut sizes: Vec<f64> = names.iter().map(|n| able[n].1).collect();
    let mut out = vec![0_u32; names.len()];
    let mut left = count.min(most.iter().sum());
    // what a full stratum cannot take goes to the others
    while left > 0 {
        let before = left;
        for (i, part) in shares(left, &sizes).into_iter().enumerate() {
            let part = part.min(most[i] - out[i]);
            out[i] += part;
            left -= part;
            if out[i] == most[i] {
                sizes[i] = 0.0;
            }
        }
        if left == before {
            break;
        }
    }
    Ok(names.into_iter().map(str::to_owned).zip(out).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Id, Instant};
    use ledger::draw::{FORMAT, Inspector, draw};

    fn list(strata: &[(&str, &[u32])]) -> Vec<Entry> {
        let all = strata.iter().flat_map(|(s, weights)| weights.iter().map(move |w| (*s, *w)));
        all.zip(1..)
            .map(|((s, w), i)| Entry { id: Id(i), stratum: s.to_owned(), weight: w, excluded: None })
            .collect()
    }

    fn record(strata: &[(&str, &[u32])], take: &[(&str, u32)]) -> Record {
        Record {
            format: FORMAT.to_owned(),
            draw: Id(7),
            region: "6201".to_owned(),
            frozen: Instant(1),
            by: Some(Strata::Risk.word().to_owned()),
            take: take.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect(),
            source: "test".to_owned(),
            source_due: Instant(2),
            commitment: String::new(),
            targets: list(strata),
            samplers: [8, 9].map(|i| Inspector { id: Id(i), recused: Vec::new() }).to_vec(),
            root: String::new(),
            drawn: None,
        }
        .freeze()
    }

    /// Every order in which targets can come, with its chance.
    fn enumerate(weights: &[f64], n: usize, drawn: &mut Vec<usize>, chance: f64, out: &mut [f64]) {
        if drawn.len() == n {
            drawn.iter().for_each(|i| out[*i] += chance);
            return;
        }
        let left: f64 = (0..weights.len()).filter(|i| !drawn.contains(i)).map(|i| weights[i]).sum();
        for i in 0..weights.len() {
            if !drawn.contains(&i) {
                drawn.push(i);
                enumerate(weights, n, drawn, chance * weights[i] / left, out);
                drawn.pop();
            }
        }
    }

    #[test]
    fn over_many_seeds_every_stratum_gives_its_take_with_the_chances_of_enumeration() {
        let parts: [(&str, &[u32]); 3] =
            [(FAILED, &[2, 2, 2]), (NEW, &[1, 1, 1, 1, 1]), (OTHER, &[1, 2, 4, 1])];
        let r = record(&parts, &[(FAILED, 2), (NEW, 1), (OTHER, 2)]);
        let mut want = Vec::new();
        for (stratum, weights) in parts {
            let weights: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
            let mut out = vec![0.0; weights.len()];
            enumerate(&weights, r.take[stratum] as usize, &mut Vec::new(), 1.0, &mut out);
            want.extend(out);
        }
        for c in chances(&r) {
            let at = r.targets.iter().position(|t| t.stratum == c.stratum && t.weight == c.weight).unwrap();
            assert!((c.probability.unwrap() - want[at]).abs() < 1e-9, "{c:?} {}", want[at]);
        }
        let rounds = 4000_u32;
        let mut hits = [0.0; 12];
        for i in 0..rounds {
            let picks = draw(&r, &format!("seed {i}"));
            assert_eq!(picks.len(), 5);
            for p in picks {
                hits[usize::try_from(p.target.0 - 1).unwrap()] += 1.0;
            }
        }
        // chi-square of the cells hit and not hit, bounded by 12 degrees of freedom: 0.1 % at 32.9
        let n = f64::from(rounds);
        let chi: f64 = hits.iter().zip(&want).map(|(h, p)| (h - n * p).powi(2) / (n * p * (1.0 - p))).sum();
        assert!(chi < 32.9, "{hits:?} {want:?} {chi}");
    }

    #[test]
    fn the_number_is_shared_by_chances_and_a_full_stratum_gives_way() {
        let all = list(&[(FAILED, &[2, 2]), (NEW, &[1; 10]), (OTHER, &[1; 2])]);
        let none = BTreeMap::new();
        let take = |count| takes(&all, count, &none).unwrap();
        assert_eq!(take(8).values().sum::<u32>(), 8);
        assert_eq!(take(8)[FAILED], 2);
        assert_eq!(take(14).into_values().collect::<Vec<_>>(), [2, 10, 2]);
        assert_eq!(take(99).values().sum::<u32>(), 14, "no more than there are");
        let asked = BTreeMap::from([(NEW.to_owned(), 3)]);
        assert_eq!(takes(&all, 3, &asked).unwrap(), asked);
        assert_eq!(takes(&all, 4, &asked).unwrap_err().field, "take");
        assert_eq!(takes(&all, 3, &BTreeMap::from([(OTHER.to_owned(), 3)])).unwrap_err().field, "take");
    }
}
