//! Correcting a submitted report: the form in which one person says what was wrong, and what another sees before issuing it.

use super::entry;
use super::show::Again;
use super::verdict::conclusion_badge;
use crate::layout::{self, Viewer};
use crate::session::Posted;
use crate::ui::{self, Field, Tone};
use base::{Id, Lang};
use lab::{
    CorrectionState, JudgedResult, NewResult, ReportCorrection, ResultChange, SampleDetail, SampleState,
};
use maud::{Markup, html};

/// Most rows read from the form.
const MOST: usize = 160;
/// Rows for results that were left out.
const SPARE: usize = 2;

/// A row of the form as it was filled in.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// The result it is about.
    pub(super) of: Option<Id>,
    /// It is to be struck out.
    pub(super) strike: bool,
    /// What it should say.
    pub(super) new: NewResult,
}

/// The rows of the posted form.
pub(super) fn read(posted: &Posted) -> Vec<Line> {
    (0..MOST)
        .filter_map(|n| {
            let line = Line {
                of: posted.get(&format!("of.{n}")).parse().ok(),
                strike: posted.get(&format!("strike.{n}")) == "1",
                new: entry::row(posted, n).unwrap_or_default(),
            };
            (line.of.is_some() || line.new != NewResult::default()).then_some(line)
        })
        .collect()
}

/// What the rows change in a report.
pub(super) fn changes(lines: &[Line], results: &[JudgedResult]) -> Vec<ResultChange> {
    let change = |line: &Line| {
        let old = line.of.and_then(|id| results.iter().find(|r| r.id == id));
        let same = old.is_some_and(|r| entry::same(&r.reported, &line.new));
        match (line.of, line.strike) {
            (Some(_), true) => Some(ResultChange { result: line.of, corrected: None }),
            (None, true) => None,
            _ if same => None,
            _ => Some(ResultChange { result: line.of, corrected: Some(line.new.clone()) }),
        }
    };
    lines.iter().filter_map(change).collect()
}

/// `report-1` for the first report, where a later one replaced it.
pub(crate) fn earlier(lang: Lang, base: &str, d: &[&ReportCorrection]) -> Markup {
    html! { @for (n, c) in d.iter().enumerate() { @if let Some(old) = &c.replaced {
        li { a href={ (base) "/report-" (n + 1) } { (lang.pick("原检验报告 ", "Report ")) (old.report_no) }
            " · " a href={ (base) "/report-" (n + 1) ".pdf" } { "PDF" } " "
            (ui::badge(Tone::Idle, lang.pick("已被替代", "replaced"))) }
    } } }
}

/// What the corrected reports say, for whoever acts on the failure: number for number, with the reason.
pub(crate) fn told(lang: Lang, all: &[ReportCorrection]) -> Markup {
    html! { @for c in all { @if let (Some(old), Some(no)) = (&c.replaced, &c.report_no) {
        (ui::message(Tone::Warn, &html! { p {
            (lang.pick("检验报告已更正：", "The report was corrected: ")) (old.report_no) " → " strong { (no) } " "
            @if let Some(was) = old.conclusion { (conclusion_badge(lang, was)) " → " }
            @if let Some(is) = c.conclusion { (conclusion_badge(lang, is)) }
            @if let Some(at) = c.decided { " · " (at.china_minute()) } br;
            (lang.pick("更正原因：", "Why: ")) (c.reason)
        } }))
    } } }
}

fn value(n: &NewResult) -> String {
    let value = if n.subsamples.is_empty() { n.reported.clone() } else { n.subsamples.join(" | ") };
    format!("{} {value} {}", n.analyte, n.unit).trim().to_owned()
}

fn change(lang: Lang, d: &SampleDetail, c: &ResultChange) -> Markup {
    let old = c.result.and_then(|id| d.results.iter().find(|r| r.id == id)).map(|r| value(&r.reported));
    html! { li {
        @match (&old, &c.corrected) {
            (Some(old), Some(new)) => { s { (old) } " → " strong { (value(new)) } @if !new.method.is_empty() { " " span.soft { (new.method) } } }
            (Some(old), None) => { s { (old) } " " span.soft { (lang.pick("删去", "struck out")) } }
            (None, Some(new)) => { strong { (value(new)) } " " span.soft { (lang.pick("补充", "added")) } }
            (None, None) => {}
        }
    } }
}

/// The corrections of a report: what was issued, what waits, and, at the bench, the form of a new one.
pub(super) fn section(viewer: &Viewer, d: &SampleDetail, bench: bool, again: Option<&Again>) -> Markup {
    let lang = viewer.lang();
    let s = &d.sample;
    if s.state != SampleState::Submitted || (d.corrections.is_empty() && !bench) {
        return html! {};
    }
    let waiting = d.corrections.iter().find(|c| c.state == CorrectionState::Proposed);
    html! { section.card #corrections { h2 { (lang.pick("报告更正", "Corrections of the report")) }
        @if d.corrections.is_empty() { p.soft { (lang.pick("报告没有更正过。", "The report was never corrected.")) } }
        @for c in &d.corrections {
            h3 { (lang.pick("第 ", "No. ")) (c.seq) (lang.pick(" 次更正", "")) " " (state_badge(lang, c.state)) }
            p { (lang.pick("更正原因：", "Why: ")) (c.reason) }
            ul { @for one in &c.changes { (change(lang, d, one)) } }
            @if let (Some(old), Some(no)) = (&c.replaced, &c.report_no) { p {
                (lang.pick("原报告 ", "Report ")) code { (old.report_no) } @if let Some(was) = old.conclusion { " " (conclusion_badge(lang, was)) }
                (lang.pick(" 由更正报告 ", " is replaced by ")) code { (no) } @if let Some(is) = c.conclusion { " " (conclusion_badge(lang, is)) }
                @if let Some(at) = c.decided { " · " (at.china_minute()) }
            } }
            @if let Some(why) = &c.note { p.soft { (lang.pick("退回原因：", "Not pursued: ")) (why) } }
        }
        @if bench { @match waiting {
            Some(c) => (decide(viewer, s.id, c)),
            None => (form(viewer, d, again.filter(|a| a.action == "propose_correction"))),
        } }
    } }
}

fn state_badge(lang: Lang, state: CorrectionState) -> Markup {
    let tone = match state {
        CorrectionState::Proposed => Tone::Warn,
        CorrectionState::Issued => Tone::Ok,
        CorrectionState::Dropped => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

fn decide(viewer: &Viewer, sample: Id, c: &ReportCorrection) -> Markup {
    let lang = viewer.lang();
    let own = c.proposed_by == viewer.who.account;
    let post = |action: &str, body: Markup, plain: bool, label: &str| {
        html! { form method="post" action={ "/lab/samples/" (sample) "/" (action) } { (layout::csrf(viewer))
        input type="hidden" name="correction" value=(c.id); (body)
        button class=[plain.then_some("plain")] { (label) } } }
    };
    let number = ui::input(&Field {
        name: "report_no",
        label: lang.pick("更正报告编号", "Number of the corrected report"),
        hint: lang.pick("不填则在原编号后加 -G 和序号", "empty: the first number with -G and a number"),
        ..Field::default()
    });
    let why = ui::input(&Field {
        name: "reason",
        label: lang.pick("退回原因", "Why not"),
        required: true,
        ..Field::default()
    });
    html! {
        @if own { p { (lang.pick("更正由您提出，须由另一人审核签发；签发前原报告仍然有效。", "You proposed it; another person issues the corrected report. Until then the report stands.")) } }
        @else {
            p { (lang.pick("核对后签发更正报告：原报告保留原样并标明被替代，重新判定；结论改变的，当地核查处置和公示随之更正。", "Check, then issue the corrected report: the old one stays on record as replaced, the verdict is drawn anew, and disposal and publication follow.")) }
            (post("issue_correction", number, false, lang.pick("签发更正报告", "Issue the corrected report")))
        }
        details { summary { (lang.pick("不予更正", "Do not pursue")) }
            (post("drop_correction", why, true, lang.pick("退回", "Drop it"))) }
    }
}

fn form(viewer: &Viewer, d: &SampleDetail, again: Option<&Again>) -> Markup {
    let lang = viewer.lang();
    let standing = d.results.iter().filter(|r| !r.withdrawn);
    let mut lines: Vec<Line> = again.map_or_else(
        || standing.map(|r| Line { of: Some(r.id), strike: false, new: r.reported.clone() }).collect(),
        |a| a.lines.clone(),
    );
    let own = lines.iter().filter(|l| l.of.is_none()).count();
    lines.resize(lines.len() + SPARE.saturating_sub(own), Line::default());
    let extra = |n: usize| {
        let line = lines.get(n).cloned().unwrap_or_default();
        html! { @if let Some(of) = line.of {
            input type="hidden" name={ "of." (n) } value=(of);
            label.choice { input type="checkbox" name={ "strike." (n) } value="1" checked[line.strike]; (lang.pick("删去这一项", "Strike this one out")) }
        } }
    };
    let filled: Vec<NewResult> = lines.iter().map(|l| l.new.clone()).collect();
    let reason = Field {
        name: "reason",
        label: lang.pick("更正原因", "Why it is corrected"),
        hint: lang.pick(
            "写入更正报告；已公示的，随公示更正一并公开",
            "the corrected report says it; where the result is published, so does the correction",
        ),
        value: again.map_or("", |a| a.reason.as_str()),
        required: true,
        ..Field::default()
    };
    html! { details open[again.is_some()] { summary { (lang.pick("更正这份报告", "Correct this report")) }
        p { (lang.pick("改正有误的结果，漏报的填在空行，不应有的勾选删去；没有改动的保持原样。另一人签发后生效。", "Put right what is wrong, add what was left out, strike out what does not belong; leave the rest. It takes effect when another person issues it.")) }
        form method="post" action={ "/lab/samples/" (d.sample.id) "/propose_correction" } { (layout::csrf(viewer))
            (entry::rows(lang, "g-", &filled, 0, &extra))
            (ui::input(&reason))
            button { (lang.pick("提交更正，待审核签发", "Propose the correction")) }
        }
    } }
}
