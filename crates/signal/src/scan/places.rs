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
    if geographic {
        let (la, lb) = (p.a.to_radians(), q.a.to_radians());
        let (dla, dlo) = ((lb - la) / 2.0, (q.b - p.b).to_radians() / 2.0);
        let h = dla.sin().powi(2) + la.cos() * lb.cos() * dlo.sin().powi(2);
        2.0 * EARTH * h.sqrt().min(1.0).asin()
    } else {
        (p.a - q.a).hypot(p.b - q.b)
    }
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
/// as the weight does not exceed `limit` (and the distance not the settings' maximum). Centres at one point count once.
pub(crate) fn families(
    places: &[Place],
    weight: &[f64],
    limit: f64,
    settings: &Settings,
    outlines: &[Outline],
) -> Vec<Family> {
    let mut seen = std::collections::HashSet::new();
    let centres: Vec<usize> =
        (0..places.len()).filter(|i| seen.insert((places[*i].a.to_bits(), places[*i].b.to_bits()))).collect();
    let mut all = Vec::with_capacity(centres.len() * outlines.len());
    let mut near: Vec<(f64, u32)> = Vec::with_capacity(places.len());
    for (o, outline) in outlines.iter().enumerate() {
        for &c in &centres {
            near.clear();
            for (j, place) in places.iter().enumerate() {
                let d = if j == c { 0.0 } else { reach(&places[c], place, *outline, settings.geographic) };
                if settings.max_distance.is_none_or(|max| d <= max) {
                    near.push((d, index(j)));
                }
            }
            // the centre comes first among places at its own point
            near.sort_unstable_by(|x, y| {
                x.0.total_cmp(&y.0).then((x.1 != index(c)).cmp(&(y.1 != index(c)))).then(x.1.cmp(&y.1))
            });
            let (mut order, mut whole) = (Vec::new(), Vec::new());
            let (mut sum, mut at) = (0.0, 0);
            while at < near.len() {
                let d = near[at].0;
                let next = at + near[at..].partition_point(|n| n.0 <= d + 1e-9 * d.max(1.0));
                sum += near[at..next].iter().map(|n| weight[n.1 as usize]).sum::<f64>();
                if sum > limit * (1.0 + 1e-12) {
                    break;
                }
                for (k, n) in near[at..next].iter().enumerate() {
                    order.push(n.1);
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
