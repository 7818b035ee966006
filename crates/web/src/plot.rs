//! Plots drawn on the server: bars and intervals as SVG. A plot stands beside its table and never replaces it.

use maud::{Markup, PreEscaped, html};

const WIDTH: f64 = 640.0;
const LABEL: f64 = 190.0;
const ROW: f64 = 26.0;
const RIGHT: f64 = 90.0;

/// One row of a plot.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    /// Label on the left.
    pub(crate) label: String,
    /// The value.
    pub(crate) value: f64,
    /// Lower and upper end of its interval.
    pub(crate) ends: Option<(f64, f64)>,
    /// The value before an assumption was changed.
    pub(crate) before: Option<f64>,
}

/// A number short enough to stand beside a bar.
pub(crate) fn short(value: f64) -> String {
    if value.is_infinite() {
        return "∞".to_owned();
    }
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.1 => format!("{value:.3}"),
        _ => format!("{value:.2e}"),
    }
}

/// Horizontal bars with intervals, the former value as a hollow mark and a line at `mark` (a guidance value). Whole as a file: it
/// names its colours itself.
pub(crate) fn bars(title: &str, unit: &str, rows: &[Bar], mark: Option<(f64, &str)>) -> Markup {
    let reach = |b: &Bar| b.value.max(b.ends.map_or(0.0, |e| e.1)).max(b.before.unwrap_or(0.0));
    let top = rows.iter().map(reach).fold(0.0, f64::max);
    // a mark far beyond everything would leave no room to tell the rows apart
    let mark = mark.filter(|(at, _)| *at > 0.0 && *at <= top * 4.0);
    let top = mark.map_or(top, |(at, _)| top.max(at)).max(1e-300);
    let at = |value: f64| LABEL + (WIDTH - LABEL - RIGHT) * (value / top).clamp(0.0, 1.0);
    let height = ROW * rows.len() as f64 + 44.0;
    let n = |v: f64| format!("{v:.1}");
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (height) } width=(WIDTH) height=(height) role="img" aria-label={ (title) " (" (unit) ")" } font-size="13" font-family="sans-serif" {
            title { (title) " (" (unit) ")" }
            @for (i, bar) in rows.iter().enumerate() {
                @let y = 8.0 + ROW * i as f64;
                text x=(n(LABEL - 8.0)) y=(n(y + 15.0)) text-anchor="end" { (bar.label) }
                rect x=(n(LABEL)) y=(n(y + 3.0)) width=(n(at(bar.value) - LABEL)) height="14" fill="#2f8571" {}
                @if let Some((low, high)) = bar.ends {
                    path d={ "M" (n(at(low))) " " (n(y + 10.0)) "H" (n(at(high))) "M" (n(at(low))) " " (n(y + 5.0)) "v10M" (n(at(high))) " " (n(y + 5.0)) "v10" } stroke="#8a4b00" stroke-width="1.5" fill="none" {}
                }
                @if let Some(before) = bar.before {
                    circle cx=(n(at(before))) cy=(n(y + 10.0)) r="5" fill="none" stroke="#1f5a94" stroke-width="2" {}
                }
                text x=(n(at(reach(bar)) + 8.0)) y=(n(y + 15.0)) { (short(bar.value)) }
            }
            @let floor = 8.0 + ROW * rows.len() as f64;
            @if let Some((value, name)) = mark {
                path d={ "M" (n(at(value))) " 2V" (n(floor + 4.0)) } stroke="#a8231b" stroke-width="1.5" stroke-dasharray="5 3" {}
                text x=(n(at(value))) y=(n(floor + 16.0)) text-anchor="middle" { (name) " " (short(value)) }
            }
            text x=(n(LABEL)) y=(n(floor + 30.0)) { (unit) }
        }
    }
}

/// A point of a funnel: label, size, rate, and whether it lies outside the outer limits.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// What it is of.
    pub(crate) label: String,
    /// Horizontal place.
    pub(crate) x: f64,
    /// Vertical place.
    pub(crate) y: f64,
    /// Emphasised and labelled.
    pub(crate) outside: bool,
}

/// Points with curves (each a list of x, y from left to right).
pub(crate) fn scatter(
    title: &str,
    axes: (&str, &str),
    points: &[Point],
    curves: &[Vec<(f64, f64)>],
) -> Markup {
    const H: f64 = 340.0;
    let all = || {
        points.iter().map(|p| (p.x, p.y)).chain(curves.iter().flatten().copied()).filter(|p| p.1.is_finite())
    };
    let (right, top) = all().fold((1e-300_f64, 1e-300_f64), |m, p| (m.0.max(p.0), m.1.max(p.1)));
    let x = |v: f64| format!("{:.1}", 50.0 + (WIDTH - 80.0) * v / right);
    let y = |v: f64| format!("{:.1}", H - 44.0 - (H - 70.0) * (v / top).clamp(0.0, 1.0));
    let path = |curve: &Vec<(f64, f64)>| {
        let steps: Vec<String> = curve.iter().map(|p| format!("{} {}", x(p.0), y(p.1))).collect();
        format!("M{}", steps.join("L"))
    };
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (H) } width=(WIDTH) height=(H) role="img" aria-label=(title) font-size="12" font-family="sans-serif" {
            title { (title) }
            path d={ "M50 20V" (H - 44.0) "H" (WIDTH - 20.0) } stroke="#8fa09b" fill="none" {}
            @for curve in curves.iter().filter(|c| c.len() > 1) { path d=(path(curve)) stroke="#1f5a94" stroke-dasharray="5 3" fill="none" {} }
            @for p in points {
                circle cx=(x(p.x)) cy=(y(p.y)) r="4" fill=(if p.outside { "#a8231b" } else { "#2f8571" }) { title { (p.label) ": " (short(p.y)) } }
                @if p.outside { text x=(x(p.x)) y=(y(p.y)) dx="6" dy="-4" { (p.label) } }
            }
            text x="50" y="14" { (axes.1) } text x=(WIDTH - 20.0) y=(H - 12.0) text-anchor="end" { (axes.0) }
            text x="46" y=(y(top)) text-anchor="end" { (short(top)) } text x=(x(right)) y=(H - 28.0) text-anchor="end" { (short(right)) }
        }
    }
}

/// The plot as a file.
pub(crate) fn file(plot: &Markup) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", PreEscaped(&plot.0).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_tells_its_values_and_stays_within_its_frame() {
        let row = |value, ends| Bar { label: "a <b>".into(), value, ends, before: None };
        let drawn =
            bars("t", "µg", &[row(2.0, Some((1.0, 3.0))), row(0.0, None)], Some((4.0, "TDI"))).into_string();
        assert!(
            drawn.contains("a &lt;b&gt;") && drawn.contains("TDI 4.000") && !drawn.contains("NaN"),
            "{drawn}"
        );
        let empty = bars("t", "µg", &[row(0.0, None)], None).into_string();
        assert!(!empty.contains("NaN") && !empty.contains("inf"), "{empty}");
    }
}
