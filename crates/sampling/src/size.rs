//! How many samples: to detect, to show freedom, to estimate.
//!
//! Detection counts a sample as proof when a positive result would have been seen with the wished confidence if the
//! prevalence were at least the design prevalence. Sources: Cannon, Preventive Veterinary Medicine 49 (2001) 141; Cameron and
//! Baldock, the same 34 (1998) 1 (imperfect tests); Martin, Cameron and Greiner, the same 79 (2007) 71 (risk-based).

use crate::{Error, full_share, open_share, whole};
use base::Text;
use serde::Serialize;
use stats::special::{beta_inc, ln_choose, norm_quantile};

/// A size before and after rounding up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Size {
    /// The exact solution.
    pub real: f64,
    /// Samples to take.
    pub n: u64,
}

impl Size {
    fn up(real: f64) -> Self {
        // a solution a rounding error above a whole number is that number
        Self { real, n: whole((real - 1e-9).ceil()) }
    }
}

/// Samples to detect at least one positive in a large population: n = ln(1 − confidence) / ln(1 − Se·P*).
///
/// # Errors
/// A share outside its range.
pub fn detection(prevalence: f64, confidence: f64, sensitivity: f64) -> Result<Size, Error> {
    let seen = full_share("prevalence", prevalence)? * full_share("sensitivity", sensitivity)?;
    let miss = 1.0 - open_share("confidence", confidence)?;
    if seen >= 1.0 {
        return Ok(Size { real: 1.0, n: 1 });
    }
    let real = miss.ln() / (-seen).ln_1p();
    if !(real < 9e15) {
        return Err(Error::new(
            "prevalence",
            format!("设计流行率 {prevalence} 过低，样本数无法计数"),
            format!("{prevalence} is too low: more samples would be needed than can be counted"),
        ));
    }
    Ok(Size::up(real))
}

/// Samples to detect infection in a finite population.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finite {
    /// Units that are positive at the design prevalence, rounded up.
    pub diseased: u64,
    /// Cannon's approximation (1 − (1 − CL)^(1/D))(N − (D − 1)/2); `None` when the test is imperfect.
    pub cannon: Option<f64>,
    /// The smallest exact size; `None` when even testing all does not reach the confidence.
    pub n: Option<u64>,
    /// Confidence reached with it (or with all).
    pub confidence: f64,
}

impl Finite {
    /// Why there is no size: even testing all of the population does not reach the confidence. `None` where there is one.
    #[must_use]
    pub fn shortfall(&self, population: u64) -> Option<Text> {
        let reached = self.confidence;
        self.n.is_none().then(|| {
            Text::new(
                format!("即使检验全部 {population} 个单位，置信度也只有 {reached:.4}：请降低置信度、提高设计流行率或采用更灵敏的方法"),
                format!(
                    "even testing all {population} units reaches a confidence of {reached:.4} only: lower the confidence, raise the design prevalence or use a more sensitive test"
                ),
            )
        })
    }
}

/// Units positive at a prevalence in a population, rounded up, at least one.
#[must_use]
pub fn diseased(population: u64, prevalence: f64) -> u64 {
    whole((population as f64 * prevalence - 1e-9).ceil()).clamp(1, population.max(1))
}

/// The chance of no positive result among `n` of `population` with `diseased` positive units, each found with `sensitivity`:
/// hypergeometric, summed exactly; some thousand terms however large the population is.
#[must_use]
pub fn miss(population: u64, diseased: u64, n: u64, sensitivity: f64) -> f64 {
    let (all, d, n) = (population as f64, diseased.min(population) as f64, n.min(population) as f64);
    let total = ln_choose(all, n);
    let first = (n - (all - d)).max(0.0);
    let last = n.min(d);
    if sensitivity >= 1.0 {
        return if first > 0.0 { 0.0 } else { (ln_choose(all - d, n) - total).exp() };
    }
    // the terms rise to one peak and fall: summed from it to both sides by their ratios, until nothing is added any more
    let q = 1.0 - sensitivity;
    let ratio = |y: f64| (d - y) * (n - y) * q / ((y + 1.0) * (all - d - n + y + 1.0));
    let (mut low, mut high) = (first, last);
    while low < high {
        let mid = ((low + high) / 2.0).floor();
        if ratio(mid) <= 1.0 { high = mid } else { low = mid + 1.0 }
    }
    let peak = ln_choose(d, low) + ln_choose(all - d, n - low) - total + low * q.ln();
    let mut sum = 1.0;
    let (mut term, mut y) = (1.0, low);
    while y < last && term > NOTHING {
        term *= ratio(y);
        sum += term;
        y += 1.0;
    }
    (term, y) = (1.0, low);
    while y > first && term > NOTHING {
        y -= 1.0;
        term /= ratio(y);
        sum += term;
    }
    peak.exp() * sum
}

/// What adds nothing to a sum that is at least 1.
const NOTHING: f64 = 1e-18;

/// Samples to detect at least one positive in a population of known size, by the exact hypergeometric chance.
///
/// # Errors
/// A share outside its range, no population.
pub fn detection_finite(
    population: u64,
    positive: u64,
    confidence: f64,
    sensitivity: f64,
) -> Result<Finite, Error> {
    let allowed = 1.0 - open_share("confidence", confidence)?;
    full_share("sensitivity", sensitivity)?;
    if population == 0 || positive == 0 || positive > population {
        return Err(Error::new(
            "population",
            "总体与阳性单位数须为正，且阳性单位数不超过总体",
            "population and positive units must be positive, and the latter at most the former",
        ));
    }
    let (all, d) = (population as f64, positive as f64);
    let cannon = (sensitivity >= 1.0).then(|| (1.0 - allowed.powf(1.0 / d)) * (all - (d - 1.0) / 2.0));
    let enough = |n: u64| miss(population, positive, n, sensitivity) <= allowed * (1.0 + 1e-12);
    let n = enough(population).then(|| smallest(population, enough));
    let reached = 1.0 - miss(population, positive, n.unwrap_or(population), sensitivity);
    Ok(Finite { diseased: positive, cannon, n, confidence: reached })
}

/// The smallest number in 1..=high for which a condition that stays true once true holds.
fn smallest(high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, high);
    while high - low > 1 {
        let mid = low + (high - low) / 2;
        if holds(mid) {
            high = mid;
        } else {
            low = mid;
        }
    }
    high
}

/// A survey with a test that also gives false positives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CutPoint {
    /// Samples to take.
    pub n: u64,
    /// The population counts as free while the positive results do not exceed this.
    pub cut: u64,
    /// Chance that an infected population is found: positives above the cut.
    pub herd_sensitivity: f64,
    /// Chance that a free population passes: positives not above the cut.
    pub herd_specificity: f64,
}

fn binomial_at_most(n: u64, p: f64, k: u64) -> f64 {
    if k >= n { 1.0 } else { beta_inc((n - k) as f64, k as f64 + 1.0, 1.0 - p) }
}

/// The smallest sample and cut-point at which an infected population is found with `confidence` and a free one passes with
/// `power` (Cameron and Baldock 1998, modified binomial; a finite population by their hypergeometric mixture).
///
/// # Errors
/// A share outside its range; no sample of at most `population` (or 100,000) units is enough.
pub fn freedom(
    population: Option<u64>,
    prevalence: f64,
    (sensitivity, specificity): (f64, f64),
    confidence: f64,
    power: f64,
) -> Result<CutPoint, Error> {
    let (alpha, p) = (1.0 - open_share("confidence", confidence)?, full_share("prevalence", prevalence)?);
    open_share("power", power)?;
    full_share("sensitivity", sensitivity)?;
    full_share("specificity", specificity)?;
    if sensitivity + specificity <= 1.0 {
        return Err(Error::new(
            "specificity",
            "灵敏度与特异度之和须大于 1，否则检验没有信息",
            "sensitivity and specificity must add up to more than 1, or the test says nothing",
        ));
    }
    let most = population.unwrap_or(100_000);
    let found_at_most = |n: u64, cut: u64| -> f64 {
        match population {
            None => binomial_at_most(n, p * sensitivity + (1.0 - p) * (1.0 - specificity), cut),
            Some(all) => {
                let (sum, _) = mixture(all, diseased(all, p), n, sensitivity, specificity, cut);
                sum
            }
        }
    };
    let passes = |n: u64, cut: u64| binomial_at_most(n, 1.0 - specificity, cut);
    // the cut for a size is the smallest at which a free population passes; then the size must suffice for the infected
    let cut_of = |n: u64| {
        let mut cut = 0;
        while cut < n && passes(n, cut) < power {
            cut += 1;
        }
        cut
    };
    let enough = |n: u64| found_at_most(n, cut_of(n)) <= alpha;
    let mut high = 1;
    while high < most && !enough(high) {
        high = (high * 2).min(most);
    }
    // the condition saw-tooths where the cut steps up: walk back from the first size found
    let low = high / 2;
    let Some(n) = (low.max(1)..=high).find(|n| enough(*n)) else {
        return Err(Error::new(
            "sensitivity",
            "在总体范围内没有样本量能达到：请降低置信度、提高流行率或改用更特异的检验",
            "no sample within the population is enough: lower the confidence, raise the prevalence or use a more specific test",
        ));
    };
    let cut = cut_of(n);
    Ok(CutPoint { n, cut, herd_sensitivity: 1.0 - found_at_most(n, cut), herd_specificity: passes(n, cut) })
}

/// Chance of at most `cut` positive results among `n` of `all` with `d` infected; and the mass summed (1 up to rounding).
fn mixture(all: u64, d: u64, n: u64, se: f64, sp: f64, cut: u64) -> (f64, f64) {
    let (a, d, m) = (all as f64, d as f64, n as f64);
    let total = ln_choose(a, m);
    let (mut sum, mut mass) = (0.0, 0.0);
    let mut y = (m - (a - d)).max(0.0);
    while y <= m.min(d) {
        let weight = (ln_choose(d, y) + ln_choose(a - d, m - y) - total).exp();
        mass += weight;
        if weight > 1e-18 {
            let sick = whole(y);
            let mut inner = 0.0;
            for true_positive in 0..=sick.min(cut) {
                let chance = point(sick, se, true_positive);
                inner += chance * binomial_at_most(n - sick, 1.0 - sp, cut - true_positive);
            }
            sum += weight * inner;
        }
        y += 1.0;
    }
    (sum, mass)
}

fn point(n: u64, p: f64, k: u64) -> f64 {
    if p >= 1.0 {
        return if k == n { 1.0 } else { 0.0 };
    }
    (ln_choose(n as f64, k as f64) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

/// A survey of clusters (markets, farms) and of units within each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TwoStage {
    /// Clusters to visit.
    pub clusters: u64,
    /// Units to take in each.
    pub units: u64,
    /// Chance to find an infected cluster.
    pub cluster_sensitivity: f64,
    /// Chance to find the population infected.
    pub sensitivity: f64,
    /// What it costs.
    pub cost: f64,
}

/// What a two-stage survey must find and what it costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stages {
    /// Clusters in the population; `None` when very many.
    pub clusters: Option<u64>,
    /// Units in a cluster; `None` when very many.
    pub units: Option<u64>,
    /// Share of clusters infected at the design prevalence.
    pub between: f64,
    /// Share of units positive in an infected cluster.
    pub within: f64,
    /// Sensitivity of the test of one unit.
    pub sensitivity: f64,
    /// Wished sensitivity of the whole.
    pub confidence: f64,
    /// Cost of visiting a cluster.
    pub visit: f64,
    /// Cost of a unit.
    pub test: f64,
}

/// The cheapest two-stage survey: for every number of units in a cluster the smallest number of clusters, and of these the one
/// that costs least (the fewest clusters when equal).
///
/// # Errors
/// A share outside its range; no survey of the clusters there are is enough.
pub fn two_stage(s: Stages) -> Result<TwoStage, Error> {
    full_share("between", s.between)?;
    full_share("within", s.within)?;
    full_share("sensitivity", s.sensitivity)?;
    let allowed = 1.0 - open_share("confidence", s.confidence)?;
    let most = s.units.unwrap_or(500).min(500);
    let mut best: Option<TwoStage> = None;
    for units in 1..=most {
        let missed = match s.units {
            Some(all) => miss(all, diseased(all, s.within), units, s.sensitivity),
            None => (1.0 - s.within * s.sensitivity).powf(units as f64),
        };
        let found = 1.0 - missed;
        let (clusters, miss_all) = match s.clusters {
            Some(all) => {
                let d = diseased(all, s.between);
                let enough = |n: u64| miss(all, d, n, found) <= allowed * (1.0 + 1e-12);
                if !enough(all) {
                    continue;
                }
                let n = smallest(all, enough);
                (n, miss(all, d, n, found))
            }
            None => {
                let n = detection(s.between, s.confidence, found)?.n;
                (n, (1.0 - s.between * found).powf(n as f64))
            }
        };
        let cost = clusters as f64 * (s.visit + units as f64 * s.test);
        let next =
            TwoStage { clusters, units, cluster_sensitivity: found, sensitivity: 1.0 - miss_all, cost };
        if best.is_none_or(|b| (cost, clusters) < (b.cost, b.clusters)) {
            best = Some(next);
        }
    }
    best.ok_or_else(|| {
        Error::new(
            "confidence",
            "现有群体数量下达不到该置信度：请降低置信度或提高灵敏度",
            "the clusters there are do not suffice: lower the confidence or use a more sensitive test",
        )
    })
}

/// A group of a risk-based design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskGroup {
    /// Share of the population.
    pub population: f64,
    /// Risk relative to the reference group (1).
    pub relative: f64,
    /// Share of the samples.
    pub sampling: f64,
}

/// What a risk-based design needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskBased {
    /// Adjusted risk of each group: relative risk over the population's mean.
    pub adjusted: Vec<f64>,
    /// Effective probability of infection of each group: design prevalence times adjusted risk.
    pub epi: Vec<f64>,
    /// Samples in all.
    pub size: Size,
    /// Sensitivity of the surveillance with that many, shared out as stated (parts of samples allowed).
    pub reached: f64,
    /// Samples a representative design would need.
    pub representative: u64,
}

/// Samples for freedom from disease with samples directed to groups of higher risk.
///
/// # Errors
/// A share outside its range, no groups, shares of a list that do not add up to 1.
pub fn risk_based(
    groups: &[RiskGroup],
    prevalence: f64,
    sensitivity: f64,
    target: f64,
) -> Result<RiskBased, Error> {
    full_share("design_prevalence", prevalence)?;
    full_share("test_sensitivity", sensitivity)?;
    let missing = 1.0 - open_share("target_sse", target)?;
    for (field, sum) in [
        ("population_share", groups.iter().map(|g| g.population).sum::<f64>()),
        ("sampling_share", groups.iter().map(|g| g.sampling).sum::<f64>()),
    ] {
        if (sum - 1.0).abs() > 1e-6 {
            return Err(Error::new(
                field,
                format!("各组占比之和为 {sum}，应为 1"),
                format!("the shares add up to {sum}, not to 1"),
            ));
        }
    }
    let mean: f64 = groups.iter().map(|g| g.relative * g.population).sum();
    let adjusted: Vec<f64> = groups.iter().map(|g| g.relative / mean).collect();
    let epi: Vec<f64> = adjusted.iter().map(|a| prevalence * a).collect();
    if epi.iter().any(|e| *e > 1.0) {
        return Err(Error::new(
            "relative_risk",
            "某组的有效感染概率超过 1：请降低设计流行率或相对风险",
            "a group's probability of infection exceeds 1: lower the design prevalence or the relative risk",
        ));
    }
    let hit: f64 = groups.iter().zip(&epi).map(|(g, e)| g.sampling * e).sum::<f64>() * sensitivity;
    let size = Size::up(missing.ln() / (-hit).ln_1p());
    let reached = 1.0
        - groups
            .iter()
            .zip(&epi)
            .map(|(g, e)| (size.n as f64 * g.sampling * (-sensitivity * e).ln_1p()).exp())
            .product::<f64>();
    let representative = detection(prevalence, target, sensitivity)?.n;
    Ok(RiskBased { adjusted, epi, size, reached, representative })
}

/// Samples to estimate a proportion to within `margin` with `confidence`: z²p(1−p)/d², times the design effect, reduced for a
/// finite population by n/(1 + (n − 1)/N).
///
/// # Errors
/// A share outside its range, a design effect below zero.
pub fn estimation(
    proportion: f64,
    margin: f64,
    confidence: f64,
    population: Option<u64>,
    effect: f64,
) -> Result<Size, Error> {
    open_share("proportion", proportion)?;
    open_share("margin", margin)?;
    open_share("confidence", confidence)?;
    if !(effect > 0.0) {
        return Err(Error::new("design_effect", "设计效应须大于 0", "the design effect must be above 0"));
    }
    let z = norm_quantile(0.5 + confidence / 2.0);
    let n = effect * z * z * proportion * (1.0 - proportion) / (margin * margin);
    Ok(Size::up(population.map_or(n, |all| n / (1.0 + (n - 1.0) / all as f64))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn textbook_sizes() {
        // the rule of three: 59 for 5 %, 299 for 1 %, 45 for 99 % at 10 %
        for (p, cl, want) in [(0.05, 0.95, 59), (0.01, 0.95, 299), (0.1, 0.99, 44), (1.0, 0.95, 1)] {
            assert_eq!(detection(p, cl, 1.0).unwrap().n, want, "{p} {cl}");
        }
        assert_eq!(estimation(0.5, 0.05, 0.95, None, 1.0).unwrap().n, 385);
        assert_eq!(estimation(0.5, 0.05, 0.95, Some(1000), 1.0).unwrap().n, 278);
        assert_eq!(detection(0.0, 0.95, 1.0).unwrap_err().field, "prevalence");
    }

    #[test]
    fn the_exact_chance_of_missing_is_that_of_enumeration() {
        // all subsets of n out of a small population
        for (all, d, n) in [(8_u64, 3, 2), (10, 1, 4), (9, 5, 4), (7, 2, 6)] {
            for se in [1.0, 0.8] {
                let (mut sum, mut count) = (0.0, 0.0);
                for mask in 0_u32..1 << all {
                    if u64::from(mask.count_ones()) == n {
                        let hit = (mask & ((1 << d) - 1)).count_ones();
                        sum += (1.0_f64 - se).powi(i32::try_from(hit).unwrap());
                        count += 1.0;
                    }
                }
                let got = miss(all, d, n, se);
                assert!((got - sum / count).abs() < 1e-12, "{all} {d} {n} {se}: {got} {}", sum / count);
            }
        }
    }

    #[test]
    fn a_large_population_takes_some_thousand_terms_and_gives_the_same_sum() {
        let plain = |all: u64, sick: u64, n: u64, se: f64| -> f64 {
            let (a, d, m) = (all as f64, sick as f64, n as f64);
            let term = |y: f64| {
                (ln_choose(d, y) + ln_choose(a - d, m - y) - ln_choose(a, m) + y * (-se).ln_1p()).exp()
            };
            (0..=n.min(sick)).filter(|y| n - y <= all - sick).map(|y| term(y as f64)).sum()
        };
        for (all, d, n, se) in [
            (5_000, 200, 100, 0.7),
            (5_000, 2_500, 4_000, 0.1),
            (900, 899, 30, 0.99),
            (20_000, 3, 19_999, 0.5),
        ] {
            let (got, want) = (miss(all, d, n, se), plain(all, d, n, se));
            assert!((got / want - 1.0).abs() < 1e-9, "{all} {d} {n} {se}: {got} {want}");
        }
        // as many as can be asked for: close to independent draws
        let got = miss(100_000_000, 50_000_000, 40, 0.5);
        assert!((got / 0.75_f64.powi(40) - 1.0).abs() < 1e-4, "{got}");
        assert!(miss(100_000_000, 50_000_000, 60_000_000, 0.001) < 1e-300);
    }

    #[test]
    fn a_test_with_false_positives_needs_a_cut_and_a_perfect_one_does_not() {
        let perfect = freedom(None, 0.05, (1.0, 1.0), 0.95, 0.95).unwrap();
        assert_eq!((perfect.n, perfect.cut), (59, 0));
        let real = freedom(None, 0.05, (0.95, 0.98), 0.95, 0.95).unwrap();
        assert!(
            real.cut > 0 && real.n > 59 && real.herd_sensitivity >= 0.95 && real.herd_specificity >= 0.95
        );
        let small = freedom(Some(400), 0.05, (1.0, 1.0), 0.95, 0.95).unwrap();
        assert_eq!(Some(small.n), detection_finite(400, 20, 0.95, 1.0).unwrap().n);
        assert!((mixture(60, 6, 20, 0.9, 0.95, 20).0 - 1.0).abs() < 1e-9);
        assert!(freedom(None, 0.05, (0.5, 0.5), 0.95, 0.95).is_err());
    }

    #[test]
    fn the_cheapest_two_stage_survey_moves_to_fewer_clusters_as_visits_cost_more() {
        let base = Stages {
            clusters: None,
            units: None,
            between: 0.05,
            within: 0.2,
            sensitivity: 0.9,
            confidence: 0.95,
            visit: 1.0,
            test: 1.0,
        };
        let cheap = two_stage(base).unwrap();
        let dear = two_stage(Stages { visit: 50.0, ..base }).unwrap();
        assert!(dear.clusters < cheap.clusters && dear.units > cheap.units, "{cheap:?} {dear:?}");
        for s in [cheap, dear] {
            assert!(s.sensitivity >= 0.95);
        }
        let few = two_stage(Stages { clusters: Some(40), units: Some(30), ..base }).unwrap();
        assert!(few.clusters <= 40 && few.sensitivity >= 0.95);
    }

    #[test]
    fn a_size_no_sample_reaches_says_so_in_words() {
        let found = detection_finite(100, 1, 0.95, 0.5).unwrap();
        assert_eq!(found.n, None);
        assert!(found.shortfall(100).unwrap().en.contains("even testing all 100 units"));
        assert_eq!(detection_finite(100, 1, 0.95, 1.0).unwrap().shortfall(100), None);
        let error = detection(1e-300, 0.95, 1.0).unwrap_err();
        assert!(error.field == "prevalence" && error.text.en.contains("too low"), "{error:?}");
    }
}
