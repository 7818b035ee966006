//! The choropleth of Gansu's counties as SVG, drawn on the server: it needs no script, prints, and is tested as text.

use crate::assets;
use base::Lang;
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// One county's outline, projected.
struct Shape {
    code: String,
    path: String,
}

struct Atlas {
    shapes: Vec<Shape>,
    width: f64,
    height: f64,
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}
#[derive(Deserialize)]
struct Feature {
    id: String,
    geometry: Geometry,
}
#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<[f64; 2]>>),
    MultiPolygon(Vec<Vec<Vec<[f64; 2]>>>),
}

/// Drawing width in user units; the picture scales to its box.
const WIDTH: f64 = 1200.0;

static ATLAS: LazyLock<Atlas> = LazyLock::new(|| project(assets::COUNTIES));

/// A coordinate as a whole unit of the drawing.
#[expect(clippy::cast_possible_truncation, reason = "coordinates of a drawing 1200 units wide")]
fn unit(v: f64) -> i32 {
    v.round() as i32
}

/// Equirectangular with the width scaled by the cosine of the middle latitude; whole units, each point relative to the
/// last, and a point that stays on its unit is dropped.
fn project(geojson: &str) -> Atlas {
    let features = serde_json::from_str::<Collection>(geojson).map(|c| c.features).unwrap_or_default();
    let rings = |f: &Feature| -> Vec<Vec<[f64; 2]>> {
        match &f.geometry {
            Geometry::Polygon(p) => p.clone(),
            Geometry::MultiPolygon(m) => m.iter().flatten().cloned().collect(),
        }
    };
    let (mut west, mut east, mut south, mut north) = (f64::MAX, f64::MIN, f64::MAX, f64::MIN);
    for [lon, lat] in features.iter().flat_map(|f| rings(f).into_iter().flatten()) {
        (west, east) = (west.min(lon), east.max(lon));
        (south, north) = (south.min(lat), north.max(lat));
    }
    let squeeze = f64::midpoint(south, north).to_radians().cos();
    let scale = WIDTH / ((east - west) * squeeze).max(1e-9);
    let shapes = features
        .iter()
        .map(|f| {
            let mut path = String::new();
            for ring in rings(f) {
                let points = ring
                    .iter()
                    .map(|[lon, lat]| (unit((lon - west) * squeeze * scale), unit((north - lat) * scale)));
                path.push_str(&outline(points));
            }
            Shape { code: f.id.clone(), path }
        })
        .collect();
    Atlas { shapes, width: WIDTH, height: ((north - south) * scale).ceil() }
}

/// One ring as path commands; nothing for a ring smaller than the drawing can show.
fn outline(points: impl Iterator<Item = (i32, i32)>) -> String {
    let mut kept: Vec<(i32, i32)> = Vec::new();
    for (x, y) in points {
        if kept.last().is_none_or(|(px, py)| (x - px).abs() + (y - py).abs() >= 2) {
            kept.push((x, y));
        }
    }
    let [(x, y), rest @ ..] = kept.as_slice() else { return String::new() };
    if rest.len() < 2 {
        return String::new();
    }
    let steps: Vec<String> =
        kept.windows(2).map(|w| format!("{} {}", w[1].0 - w[0].0, w[1].1 - w[0].1)).collect();
    format!("M{x} {y}l{}Z", steps.join(" "))
}

/// What is drawn on one county.
#[derive(Debug, Clone)]
pub(crate) struct Tint {
    /// 0 (none) to 5 (most).
    pub(crate) level: u8,
    /// Shown on hover and read out: name and figure.
    pub(crate) title: String,
    /// Where a click leads.
    pub(crate) href: Option<String>,
}

/// The level 0–5 of `value` on a scale that ends at `max`: equal steps of the square root, so that small counts
/// still show beside a capital's.
pub(crate) fn level(value: i64, max: i64) -> u8 {
    if value <= 0 || max <= 0 {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of places, far below 2^52")]
    let share = (value as f64 / max as f64).sqrt();
    (1..=5u8).find(|l| share <= f64::from(*l) / 5.0 + 1e-9).unwrap_or(5)
}

/// The shades in use on a scale that ends at `max`, each with the smallest and largest count it stands for.
pub(crate) fn legend(max: i64) -> Vec<(u8, i64, i64)> {
    let mut shades = vec![(0, 0, 0)];
    for value in 1..=max {
        let of = level(value, max);
        match shades.last_mut() {
            Some((last, _, to)) if *last == of => *to = value,
            _ => shades.push((of, value, value)),
        }
    }
    shades
}

/// The map as an SVG element. Codes are six-digit GB/T 2260 codes as in the outlines (嘉峪关 is 620200).
pub(crate) fn svg(lang: Lang, title: &str, tints: &HashMap<String, Tint>) -> String {
    let atlas = &*ATLAS;
    // a picture may hold no links; a group may
    let role = if tints.values().any(|t| t.href.is_some()) { "group" } else { "img" };
    let mut out = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"{role}\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">",
        atlas.width,
        atlas.height,
        escape(title)
    );
    for shape in &atlas.shapes {
        let tint = tints.get(&shape.code);
        let class = tint.map_or(0, |t| t.level);
        let name = tint.map(|t| t.title.clone()).unwrap_or_else(|| region_name(lang, &shape.code));
        let path = format!(
            "<path class=\"county h{class}\" d=\"{}\"><title>{}</title></path>",
            shape.path,
            escape(&name)
        );
        match tint.and_then(|t| t.href.as_ref()) {
            Some(href) => {
                let _ = write!(out, "<a href=\"{}\">{path}</a>", escape(href));
            }
            None => out.push_str(&path),
        }
    }
    out.push_str("</svg>");
    out
}

/// A region's name, or its code when the table lacks it.
pub(crate) fn region_name(lang: Lang, code: &str) -> String {
    let region = base::region::Regions::builtin();
    code.parse()
        .ok()
        .and_then(|c| region.get(&c))
        .map_or_else(|| code.to_owned(), |r| r.name.get(lang).to_owned())
}

/// Escapes text for markup and attribute values.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_has_the_86_counties_and_jiayuguan() {
        assert_eq!(ATLAS.shapes.len(), 87);
        let picture = svg(Lang::Zh, "甘肃", &HashMap::new());
        assert!(picture.len() < 120_000, "{} bytes", picture.len());
        assert!(picture.contains("嘉峪关"));
    }

    #[test]
    fn a_ring_too_small_to_draw_leaves_nothing_behind() {
        assert_eq!(outline([(5, 5), (5, 6), (6, 5)].into_iter()), "");
        assert_eq!(
            outline([(0, 0), (10, 0), (10, 10), (10, 11), (0, 0)].into_iter()),
            "M0 0l10 0 0 10 -10 -10Z"
        );
    }

    #[test]
    fn the_legend_names_every_shade_in_use_without_gap() {
        assert_eq!(legend(0), [(0, 0, 0)]);
        assert_eq!(legend(2), [(0, 0, 0), (4, 1, 1), (5, 2, 2)]);
        assert_eq!(legend(100), [(0, 0, 0), (1, 1, 4), (2, 5, 16), (3, 17, 36), (4, 37, 64), (5, 65, 100)]);
    }

    #[test]
    fn small_counts_still_show_beside_large_ones() {
        assert_eq!([0, 1, 25, 100].map(|v| level(v, 100)), [0, 1, 3, 5]);
    }
}
