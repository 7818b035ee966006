//! Whose hand a past visit was, where the record does not say: those who worked around there about that time, in shares.
//!
//! Inspectors keep to a district for weeks or months. Without this, what strict inspectors found in the months before a window would
//! count against the places they came to, and those visits could teach nothing.

use super::visits::Visit;
use std::collections::HashMap;

/// Width of the Gaussian kernel over distance; nothing counts beyond two and a half widths.
const KM: f64 = 1.0;
/// Days after which a visit says half as much about who works there.
const HALF: f64 = 60.0;
/// Kilometres of a degree of latitude.
const DEGREE: f64 = 111.2;

/// Visits with a known inspector, by cells of the kernel's reach.
pub(super) struct Hands<'a> {
    grid: HashMap<(i32, i32), Vec<&'a Visit>>,
    /// Share of each inspector among all visits known.
    common: Vec<f64>,
}

#[expect(clippy::cast_possible_truncation, reason = "degrees on earth")]
fn cell(at: (f64, f64)) -> (i32, i32) {
    let size = 2.5 * KM / DEGREE;
    // a cell is nowhere narrower than the reach, up to 60 degrees of latitude
    ((at.0 / size).floor() as i32, (at.1 * 0.5 / size).floor() as i32)
}

impl<'a> Hands<'a> {
    pub(super) fn of(known: &[&'a Visit], inspectors: usize) -> Self {
        let mut grid: HashMap<(i32, i32), Vec<&Visit>> = HashMap::new();
        let mut common = vec![0.0; inspectors];
        for visit in known {
            let Some(inspector) = visit.inspector else { continue };
            common[inspector as usize] += 1.0;
            if let Some(at) = visit.at {
                grid.entry(cell(at)).or_default().push(visit);
            }
        }
        let all = common.iter().sum::<f64>();
        common.iter_mut().for_each(|c| *c /= all.max(1.0));
        Self { grid, common }
    }

    /// The share of each inspector in a visit: all of it his who is on record; else by those who came to other places around, drawn to
    /// the common shares as by one visit. Only who came counts, not what was found. Empty when no inspector is known at all.
    pub(super) fn shares(&self, visit: &Visit) -> Vec<(usize, f64)> {
        if let Some(inspector) = visit.inspector {
            return vec![(inspector as usize, 1.0)];
        }
        let mut shares = self.common.clone();
        let all: f64 = shares.iter().sum();
        if all <= 0.0 {
            return Vec::new();
        }
        let mut total = 1.0;
        if let Some(at) = visit.at {
            let (x, y) = cell(at);
            let east = at.0.to_radians().cos();
            for near in (x - 1..=x + 1).flat_map(|a| (y - 1..=y + 1).map(move |b| (a, b))) {
                for other in self.grid.get(&near).into_iter().flatten() {
                    let (Some(p), Some(inspector)) = (other.at, other.inspector) else { continue };
                    let d2 = ((p.0 - at.0) * DEGREE).powi(2) + ((p.1 - at.1) * DEGREE * east).powi(2);
                    if d2 < (2.5 * KM).powi(2) {
                        let days = f64::from((other.day - visit.day).abs());
                        let w = (-d2 / (2.0 * KM * KM)).exp() * 0.5_f64.powf(days / HALF);
                        shares[inspector as usize] += w;
                        total += w;
                    }
                }
            }
        }
        shares.into_iter().enumerate().map(|(i, s)| (i, s / total)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::{expected, habits};
    use super::*;

    fn visit(day: i32, at: (f64, f64), inspector: Option<u32>) -> Visit {
        Visit {
            id: String::new(),
            day,
            place: 0,
            found: Some(false),
            inspector,
            results: Vec::new(),
            codes: Vec::new(),
            texts: Vec::new(),
            at: Some(at),
            numbers: Vec::new(),
            tabled: false,
        }
    }

    #[test]
    fn an_unknown_hand_is_most_likely_his_who_worked_around_there_last() {
        let (north, south) = ((41.99, -87.69), (41.75, -87.60));
        let past: Vec<Visit> = (0..40)
            .map(|i| visit(100 + i % 20, if i < 20 { north } else { south }, Some(u32::from(i >= 20))))
            .collect();
        let known: Vec<&Visit> = past.iter().collect();
        let hands = Hands::of(&known, 2);
        let shares = |at, day| hands.shares(&visit(day, at, None));
        let near = shares((41.992, -87.691), 130);
        assert!(near[0].1 > 0.9 && (near.iter().map(|s| s.1).sum::<f64>() - 1.0).abs() < 1e-12, "{near:?}");
        // years later the district may be another's: only the common share is left
        assert!((shares((41.992, -87.691), 3_000)[0].1 - 0.5).abs() < 1e-6);
        assert_eq!(shares((40.0, -80.0), 130), [(0, 0.5), (1, 0.5)]);
        // who is on record is himself, and where nobody is there are no shares
        assert_eq!(hands.shares(&visit(130, north, Some(1))), [(1, 1.0)]);
        assert!(Hands::of(&[], 2).shares(&visit(130, north, None)).is_empty());
    }

    #[test]
    fn where_a_strict_hand_is_likely_more_is_expected() {
        let (strict, mild) = ((41.99, -87.69), (41.75, -87.60));
        let past: Vec<Visit> = (0..400)
            .map(|i| {
                let (at, inspector, found) =
                    if i % 2 == 0 { (strict, 0, i % 4 == 0) } else { (mild, 1, i % 40 == 1) };
                Visit { found: Some(found), ..visit(100 + i / 20, at, Some(inspector)) }
            })
            .collect();
        let known: Vec<&Visit> = past.iter().collect();
        let (own, hands) = (habits(&known, 2, 0), Hands::of(&known, 2));
        let chance = |at, inspector| expected(&own, &hands, &visit(121, at, inspector)).chance;
        assert!((chance(strict, Some(0)) - 0.5).abs() < 0.05 && chance(mild, Some(1)) < 0.1);
        assert!((chance(strict, None) - chance(strict, Some(0))).abs() < 0.02);
        assert!((chance(mild, None) - chance(mild, Some(1))).abs() < 0.02);
        assert!((chance((40.0, -80.0), None) - 0.28).abs() < 0.03);
        // without any inspector on record everybody counts against the common chance
        let nobody: Vec<Visit> = past.iter().map(|v| Visit { inspector: None, ..v.clone() }).collect();
        let known: Vec<&Visit> = nobody.iter().collect();
        let common = expected(&habits(&known, 0, 0), &Hands::of(&known, 0), known[0]).chance;
        assert!((common - 0.275).abs() < 0.01, "{common}");
    }
}
