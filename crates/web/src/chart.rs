//! A series with what was expected of it, as SVG drawn on the server: bars for the counts, the band from the expectation to the bound,
//! the bound as a line and a mark on every alarm. The same numbers stand in a table beside it.

use crate::map::escape;
use base::Lang;
use std::fmt::Write as _;
use watch::{Line, Mark};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 44.0;
const BOTTOM: f64 = 26.0;
const TOP: f64 = 18.0;

/// Largest tick of a scale that holds a value: 1, 2 or 5 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|t| *t >= value).unwrap_or(10.0 * power)
}

/// A count or an expectation as shown: whole, or with one decimal.
pub(crate) fn figure(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// The days of a period.
pub(crate) fn period(m: &Mark) -> String {
    if m.from == m.to { m.to.to_string() } else { format!("{} – {}", m.from, m.to) }
}

/// The picture.
pub(crate) fn series(lang: Lang, title: &str, line: &Line) -> String {
    let marks = &line.marks;
    let most = marks.iter().map(|m| m.observed.max(m.bound.unwrap_or(0.0)).max(m.expected.unwrap_or(0.0)));
    let top = nice(most.fold(1.0, f64::max));
    let count = u32::try_from(marks.len().max(1)).map_or(1.0, f64::from);
    let wide = (WIDTH - LEFT - 6.0) / count;
    let x = |i: usize| LEFT + wide * u32::try_from(i).map_or(0.0, f64::from);
    let y = |v: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - v / top);
    let mut out = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">",
        escape(title)
    );
    for share in [0.0, 0.5, 1.0] {
        let (at, value) = (y(top * share), figure(top * share));
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{WIDTH}\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            LEFT - 6.0,
            at + 4.0
        );
    }
    for (class, low) in [("band", true), ("bound", false)] {
        let mut run = Vec::new();
        for i in 0..=marks.len() {
            let edge = marks.get(i).and_then(|m| Some((m.expected?, m.bound?)));
            if let Some((expected, bound)) = edge {
                run.push((x(i), x(i + 1), y(expected.min(bound)), y(bound)));
            } else if !run.is_empty() {
                let over: String = run.iter().map(|r| format!("L{:.1} {:.1}H{:.1}", r.0, r.3, r.1)).collect();
                let under: String =
                    run.iter().rev().map(|r| format!("L{:.1} {:.1}H{:.1}", r.1, r.2, r.0)).collect();
                let path = over.replacen('L', "M", 1);
                let path = if low { format!("{path}{under}Z") } else { path };
                let _ = write!(out, "<path class=\"{class}\" d=\"{path}\"/>");
                run.clear();
            }
        }
    }
    for (i, m) in marks.iter().enumerate() {
        let said = format!(
            "{} · {} {}{}{}",
            period(m),
            lang.pick("报告", "counted"),
            figure(m.observed),
            m.expected.map_or(String::new(), |e| format!(
                " · {} {}",
                lang.pick("预期", "expected"),
                figure(e)
            )),
            m.bound.map_or(String::new(), |b| format!(" · {} {}", lang.pick("上限", "bound"), figure(b))),
        );
        let class = if m.alarm { "bar alarm" } else { "bar" };
        let (left, from) = (x(i) + wide * 0.15, y(m.observed));
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{from:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            wide * 0.7,
            (y(0.0) - from).max(0.5),
            escape(&said)
        );
        if m.alarm {
            let middle = x(i) + wide / 2.0;
            let _ = write!(
                out,
                "<path class=\"mark\" d=\"M{:.1} {:.1}h8l-4 7Z\"/>",
                middle - 4.0,
                (from - 11.0).max(2.0)
            );
        }
    }
    let step = marks.len().div_ceil(6).max(1);
    for (i, m) in marks.iter().enumerate().step_by(step) {
        let _ = write!(out, "<text x=\"{:.1}\" y=\"{:.0}\">{}</text>", x(i), HEIGHT - 8.0, m.to);
    }
    out.push_str("</svg>");
    out
}

/// The picture as a file of its own: it names its colours itself.
pub(crate) fn file(lang: Lang, title: &str, line: &Line) -> String {
    const STYLE: &str = "<style>text{font:12px sans-serif;fill:#4c5b58}.grid{stroke:#d3dad8;fill:none}.bar{fill:#8fa09b}.bar.alarm,.mark{fill:#a8231b}.band{fill:#1f5a94;opacity:.18}.bound{stroke:#1f5a94;stroke-width:1.5;fill:none}</style>";
    let picture = series(lang, title, line);
    let inside = picture.find('>').map_or(0, |end| end + 1);
    let (head, rest) = picture.split_at(inside);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}<title>{}</title>{STYLE}{rest}", escape(title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::signal::watch::Step;

    #[test]
    fn every_count_is_a_bar_and_every_alarm_is_marked_and_said() {
        let mark = |day: &str, observed: f64, bound: Option<f64>| Mark {
            from: day.parse().unwrap(),
            to: day.parse().unwrap(),
            observed,
            expected: bound.map(|b| b / 2.0),
            bound,
            alarm: bound.is_some_and(|b| observed > b),
        };
        let marks = vec![
            mark("2026-01-01", 2.0, None),
            mark("2026-01-02", 3.0, Some(5.0)),
            mark("2026-01-03", 17.0, Some(5.0)),
        ];
        let line = Line { method: "ears-c3".to_owned(), step: Step::Day, marks };
        let picture = series(Lang::Zh, "<a>", &line);
        assert_eq!(picture.matches("<rect").count(), 3);
        assert_eq!(picture.matches("class=\"mark\"").count(), 1);
        assert!(picture.contains("2026-01-03 · 报告 17 · 预期 2.5 · 上限 5"), "{picture}");
        assert!(picture.contains("&lt;a&gt;") && picture.contains(">20<"));
        let alone = file(Lang::Zh, "<a>", &line);
        assert!(alone.contains("<title>&lt;a&gt;</title><style>") && alone.ends_with("</svg>"), "{alone}");
    }
}
