//! Line charts as SVG without script: readable in print, in black and white, and by a screen reader.

use std::fmt::Write as _;

/// A line and its name.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// In ascending order of x.
    pub(super) points: Vec<(f64, f64)>,
}

/// One chart.
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
    /// The y axis from 1 in powers of ten, else from 0 to 1.
    pub(super) logarithmic: bool,
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 66.0;
/// Distinguishable to the colour-blind (Okabe & Ito), and by dash in print.
const STYLES: [(&str, &str); 5] =
    [("#d55e00", ""), ("#0072b2", ""), ("#0072b2", "6 3"), ("#009e73", "2 3"), ("#777777", "1 5")];

/// Charts side by side with one legend.
pub(super) fn charts(title: &str, charts: &[Chart], x_title: &str) -> String {
    let step = WIDTH + LEFT + 28.0;
    #[expect(clippy::cast_precision_loss, reason = "two charts")]
    let width = step * charts.len() as f64 + 16.0;
    let height = TOP + HEIGHT + 108.0;
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\"><title>{title}</title><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><text x=\"{LEFT}\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{title}</text>"
    );
    let mut left = LEFT;
    for chart in charts {
        one(&mut out, chart, left, x_title);
        left += step;
    }
    let mut x = LEFT;
    let y = TOP + HEIGHT + 76.0;
    for (line, (colour, dash)) in charts.iter().take(1).flat_map(|c| &c.lines).zip(STYLES) {
        let (end, text) = (x + 26.0, x + 32.0);
        let _ = write!(
            out,
            "<line x1=\"{x:.1}\" x2=\"{end:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dash}\"/><text x=\"{text:.1}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            line.name
        );
        #[expect(clippy::cast_precision_loss, reason = "letters of a name")]
        let letters = line.name.len() as f64;
        x = text + 7.0 * letters + 18.0;
    }
    out.push_str("</svg>\n");
    out
}

fn one(out: &mut String, chart: &Chart, left: f64, x_title: &str) {
    let points = || chart.lines.iter().flat_map(|l| &l.points);
    let widest = points().map(|p| p.0).fold(1.0, f64::max);
    let highest = if chart.logarithmic { points().map(|p| p.1).fold(10.0, f64::max) } else { 1.0 };
    let at_x = |x: f64| left + WIDTH * x / widest;
    let at_y = |y: f64| {
        let part = if chart.logarithmic { y.max(1.0).log10() / highest.log10() } else { y };
        TOP + HEIGHT * (1.0 - part)
    };
    let _ = write!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" font-weight=\"bold\">{}</text>",
        TOP - 12.0,
        chart.title
    );
    let ticks: Vec<(f64, String)> = if chart.logarithmic {
        [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
            .into_iter()
            .filter(|t| *t <= highest)
            .map(|t| (t, format!("{t:.0}")))
            .collect()
    } else {
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0].into_iter().map(|t| (t, format!("{:.0}%", t * 100.0))).collect()
    };
    let right = left + WIDTH;
    for (tick, text) in ticks {
        let y = at_y(tick);
        let _ = write!(
            out,
            "<line x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            left - 6.0,
            y + 4.0
        );
    }
    if let Some(line) = chart.lines.first() {
        for (x, _) in &line.points {
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x:.0}</text>",
                at_x(*x),
                TOP + HEIGHT + 18.0
            );
        }
    }
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_title}</text>",
        left + WIDTH / 2.0,
        TOP + HEIGHT + 38.0
    );
    for (line, (colour, dash)) in chart.lines.iter().zip(STYLES) {
        let path: Vec<String> =
            line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", at_x(*x), at_y(*y))).collect();
        let _ = write!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dash}\" points=\"{}\"><title>{}</title></polyline>",
            path.join(" "),
            line.name
        );
    }
}
