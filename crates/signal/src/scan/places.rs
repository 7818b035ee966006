//! Places, distances and the nested windows around every centre.

use super::settings::Settings;

/// Radius of the sphere for great circles, kilometres (SaTScan's).
pub(crate) const EARTH: f64 = 6367.0;

/// A place: coordinates are latitude and longitude in degrees, or x and y.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Identifier.
    pub id: String,
    /// Latitude or x.
    pub a: f64,
    /// Longitude or y.
    pub b: f64,
    /// The coordinates as they were written.
    pub text: [String; 2],
}

/// Distance between two places: kilometres on the sphere, or Euclidean.
pub(crate) fn distance(p: &Place, q: &Place, geographic: bool) -> f64 {
    if geographic { Spot::of(p).arc(Spot::of(q)) } else { (p.a - q.a).hypot(p.b - q.b) }
}

/// A place on the sphere: latitude in radians and its cosine, longitude in degrees.
#[derive(Debug, Clone, Copy)]
struct Spot {
    latitude: f64,
    cosine: f64,
    longitude: f64,
}

impl Spot {
    fn of(place: &Place) -> Self {
        let latitude = place.a.to_radians();
        Self { latitude, cosine: latitude.cos(), longitude: place.b }
    }

    /// The great circle to another, kilometres; the same bits from there to here.
    fn arc(self, other: Self) -> f64 {
        let dla = (other.latitude - self.latitude) / 2.0;
        let dlo = (other.longitude - self.longitude).to_radians() / 2.0;
        let h = dla.sin().powi(2) + self.cosine * other.cosine * dlo.sin().powi(2);
        2.0 * EARTH * h.sqrt().min(1.0).asin()
    }
}

/// Places whose distances are computed once for both ends and kept: 32 MB.
const KEPT: usize = 2000;

/// Great circles between all places, row by row, if they are few enough to keep.
fn arcs(places: &[Place]) -> Option<Vec<f64>> {
    let n = places.len();
    let spots: Vec<Spot> = places.iter().map(Spot::of).collect();
    (n <= KEPT).then(|| {
        let mut all = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let arc = spots[i].arc(spots[j]);
                all[i * n + j] = arc;
                all[j * n + i] = arc;
            }
        }
        all
    })
}

/// One kind of window: a circle, or an ellipse of a shape and an angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outline {
    /// Long axis over short; 1 is the circle.
    pub(crate) shape: f64,
    /// Angle of the long axis against the x axis, radians.
    pub(crate) angle: f64,
    /// Factor on the log-likelihood ratio, at most 1.
    pub(crate) penalty: f64,
}

/// The nested windows of one centre and outline.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    /// The centre.
    pub(crate) centre: u32,
    /// Index of the outline.
    pub(crate) outline: u32,
    /// Places in order of distance, as far as windows reach.
    pub(crate) order: Vec<u32>,
    /// Whether the window that ends with this place is one: not when the next place lies at the same distance.
    pub(crate) whole: Vec<bool>,
}

/// All outlines: the circle first, then the ellipses of the settings.
pub(crate) fn outlines(settings: &Settings) -> Vec<Outline> {
    let mut all = vec![Outline { shape: 1.0, angle: 0.0, penalty: 1.0 }];
    for &(shape, angles) in &settings.ellipses {
        for k in 0..angles {
            let penalty = (4.0 * shape / (shape + 1.0).powi(2)).powf(settings.penalty);
            all.push(Outline {
                shape,
                angle: std::f64::consts::PI * f64::from(k) / f64::from(angles),
                penalty,
            });
        }
    }
    all
}

/// The long half-axis of the smallest ellipse of the outline around `centre` that holds `place`.
pub(crate) fn reach(centre: &Place, place: &Place, outline: Outline, geographic: bool) -> f64 {
    if outline.shape <= 1.0 {
        return distance(centre, place, geographic);
    }
    let (dx, dy) = (place.a - centre.a, place.b - centre.b);
    let (sin, cos) = outline.angle.sin_cos();
    (dx * cos + dy * sin).hypot((dy * cos - dx * sin) * outline.shape)
}

/// The windows of every centre and outline: places join in order of distance, those at one distance together, as long
/// as no weight exceeds its limit (and the distance not the settings' maximum). Centres at one point count once.
#[expect(clippy::cast_possible_truncation, reason = "halves of a key")]
pub(crate) fn families(
    places: &[Place],
    limits: &[(Vec<f64>, f64)],
    settings: &Settings,
    outlines: &[Outline],
) -> Vec<Family> {
    let mut seen = std::collections::HashSet::new();
    let centres: Vec<usize> =
        (0..places.len()).filter(|i| seen.insert((places[*i].a.to_bits(), places[*i].b.to_bits()))).collect();
    let mut all = Vec::with_capacity(centres.len() * outlines.len());
    let arcs = if settings.geographic { arcs(places) } else { None };
    let from = |c: usize, j: usize, outline: Outline| match &arcs {
        Some(arcs) => arcs[c * places.len() + j],
        None => reach(&places[c], &places[j], outline, settings.geographic),
    };
    // bits of the distance, which order as the distances do; then the centre among places at its own point, then the others
    let mut near: Vec<u128> = Vec::with_capacity(places.len());
    let far = |key: u128| f64::from_bits((key >> 32) as u64);
    let place = |key: u128, c: usize| if key as u32 == 0 { index(c) } else { key as u32 - 1 };
    for (o, outline) in outlines.iter().enumerate() {
        for &c in &centres {
            near.clear();
            for j in 0..places.len() {
                let d = if j == c { 0.0 } else { from(c, j, *outline) };
                if settings.max_distance.is_none_or(|max| d <= max) {
                    near.push(
                        u128::from(d.to_bits()) << 32 | u128::from(if j == c { 0 } else { index(j) + 1 }),
                    );
                }
            }
            near.sort_unstable();
            let (mut order, mut whole) = (Vec::new(), Vec::new());
            let (mut sums, mut at) = (vec![0.0; limits.len()], 0);
            while at < near.len() {
                let d = far(near[at]);
                let tied = near[at..].iter().take_while(|n| far(**n) <= d + 1e-9 * d.max(1.0)).count();
                let next = at + tied;
                for (sum, (weight, _)) in sums.iter_mut().zip(limits) {
                    *sum += near[at..next].iter().map(|n| weight[place(*n, c) as usize]).sum::<f64>();
                }
                if sums.iter().zip(limits).any(|(sum, (_, limit))| *sum > limit * (1.0 + 1e-12)) {
                    break;
                }
                for (k, n) in near[at..next].iter().enumerate() {
                    order.push(place(*n, c));
                    whole.push(at + k + 1 == next);
                }
                at = next;
            }
            if !order.is_empty() {
                all.push(Family { centre: index(c), outline: index(o), order, whole });
            }
        }
    }
    all
}

/// Number of a place or outline in 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "places are fewer than 2³²")]
pub(crate) const fn index(i: usize) -> u32 {
    i as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_the_arc_of_the_sphere() {
        let at = |a: f64, b: f64| Place { id: String::new(), a, b, text: [String::new(), String::new()] };
        let degree = EARTH * std::f64::consts::PI / 180.0;
        assert!((distance(&at(30.0, 100.0), &at(31.0, 100.0), true) - degree).abs() < 1e-9);
        assert!((distance(&at(0.0, 179.5), &at(0.0, -179.5), true) - degree).abs() < 1e-9);
        assert!((distance(&at(3.0, 0.0), &at(0.0, 4.0), false) - 5.0).abs() < 1e-12);
    }
}
