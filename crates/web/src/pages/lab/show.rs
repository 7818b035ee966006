//! One sample: its facts, the governing date with its reason, every result with its verdict, and what the bench can do.

use super::verdict::{badges, conclusion_badge, state_badge, view};
use super::{Door, SAMPLE, correct, entry};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::namesakes::{self, Firms};
use crate::pages::sampling::sample as sampled;
use crate::pages::show::agency_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::{Path, State};
use base::{Id, Lang, Text};
use lab::{DeclaredVerdict, JudgedResult, NewResult, Sample, SampleDetail, SampleState};
use maud::{Markup, html};
use std::sync::Arc;

/// What a refused form brings back.
#[derive(Debug)]
pub(super) struct Again {
    /// The action posted.
    pub(super) action: String,
    /// What is wrong, the general sentence first.
    pub(super) faults: Vec<Text>,
    /// What was entered.
    pub(super) entered: Vec<NewResult>,
    /// The result to be corrected.
    pub(super) result: Option<Id>,
    /// The rows of a correction of the report.
    pub(super) lines: Vec<correct::Line>,
    /// Its reason.
    pub(super) reason: String,
}

/// `GET /lab/samples/{id}`
pub(crate) async fn bench(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    page(&app, &viewer, &id, Door::Bench, None).await
}

/// `GET /desk/samples/{id}`
pub(crate) async fn desk(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    page(&app, &viewer, &id, Door::Desk, None).await
}

pub(super) async fn page(
    app: &App,
    viewer: &Viewer,
    id: &str,
    door: Door,
    again: Option<&Again>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&SAMPLE))?;
    let d = app.lab.sample(&app.store, &viewer.who, app.now(), id).await?;
    let s = &d.sample;
    let title = match &s.lot_no {
        Some(lot) => format!("{} {lot}", s.product_name),
        None => s.product_name.clone(),
    };
    let (current, withdrawn): (Vec<&JudgedResult>, Vec<&JudgedResult>) =
        d.results.iter().partition(|r| !r.withdrawn);
    let declared = app.lab.declared_verdicts(&app.store, s).await?;
    let form = app.lab.form(&app.store, &viewer.who, app.now(), s).await?;
    let parts = sampled::parts(app, viewer, s, form.as_ref(), door == Door::Bench).await?;
    let proposed = if door == Door::Desk && !s.blind {
        let took = form.iter().flat_map(|f| f.fields.samplers.iter().copied());
        let reviewed = d.results.iter().filter_map(|r| r.entered_by).chain(s.approved_by);
        let reviewed = reviewed.chain(d.corrections.iter().filter_map(|c| c.decided_by));
        let staff = namesakes::named(app, took.chain(reviewed)).await?;
        let firms: Vec<Id> = s.operator.into_iter().chain(s.producer).collect();
        namesakes::open(app, viewer, Firms::These(&firms), staff).await?
    } else {
        Vec::new()
    };
    let decides = namesakes::decides(app, viewer, &s.region, &s.agency);
    let open = matches!(s.state, SampleState::Received | SampleState::Testing) && door == Door::Bench;
    Ok(layout::page(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[(door.path(), super::list::SAMPLES.get(lang)), ("", s.form_no.as_str())]))
            (layout::head(&title, &html! { (state_badge(lang, s.state)) @if let Some(c) = s.conclusion { " " (conclusion_badge(lang, c)) } }))
            @if let Some(a) = again { (ui::message(Tone::Bad, &html! { @for f in &a.faults { p { (f.get(lang)) } } })) }
            @if let Some(n) = &d.nonconformity { (ui::message(Tone::Bad, &html! { p {
                (lang.pick("报告不合格，已转核查处置：", "The report fails; disposal is under way: ")) (n.state.label().get(lang)) " "
                @if door == Door::Desk { a href={ "/desk/nonconformities/" (n.id) } { (lang.pick("查看涉事范围", "Open the scope")) } }
            } })) }
            @if s.blind { p.soft { (lang.pick("盲样：报告报送前，被抽样单位、生产者、商标、批号和抽样单编号对检验机构不显示。", "A blind sample: until the report is submitted the laboratory sees neither firm, producer, brand, lot nor form number.")) } }
            div.grid.wide {
                section.card { h2 { (lang.pick("样品信息", "The sample")) } (facts(lang, door, s)) }
                @if door == Door::Bench { section.card { h2 { (lang.pick("下一步", "Next")) } (steps(viewer, &d)) } }
            }
            (namesakes::section(viewer, decides, &proposed))
            (parts)
            p.actions { (papers(lang, door, &d, form.is_some())) }
            (correct::section(viewer, &d, door == Door::Bench, again))
            h2 { (lang.pick("检验结果", "Results")) " " span.soft { (current.len()) } }
            @if current.is_empty() { (ui::empty(lang.pick("尚无检验结果", "No result yet"), lang.pick("录入的结果会立即按适用标准判定。", "Each result is judged at once by the standard in force."))) }
            div.grid.wide { @for r in &current { (result_card(viewer, r, &declared, open, again.filter(|a| a.result == Some(r.id)))) } }
            @if !withdrawn.is_empty() { details { summary { (lang.pick("已被更正的原结果", "Results that were corrected")) " (" (withdrawn.len()) ")" }
                div.grid.wide { @for r in &withdrawn { (result_card(viewer, r, &declared, false, None)) } } } }
            @if open { (entry_form(app, viewer, s, again.filter(|a| a.action == "results"))) }
        },
    ))
}

/// The papers there are: a sample registered without a form has none to show, one without an approved report no report.
fn papers(lang: Lang, door: Door, d: &SampleDetail, has_form: bool) -> Markup {
    let s = &d.sample;
    let issued: Vec<_> = d.issued().collect();
    let base = format!("{}/{}/papers", door.path(), s.id);
    html! {
        a href={ (base) "/label" } { (lang.pick("标签", "Labels")) }
        @if has_form { " · " a href={ (base) "/form" } { (lang.pick("抽样单", "Sampling form")) } " (" a href={ (base) "/form.pdf" } { "PDF" } ")" }
        @if s.approved_at.is_some() { " · " a href={ (base) "/report" } { (lang.pick("检验报告", "Test report")) } " (" a href={ (base) "/report.pdf" } { "PDF" } ")" }
        @if !issued.is_empty() { ul { (correct::earlier(lang, &base, &issued)) } }
    }
}

fn facts(lang: Lang, door: Door, s: &Sample) -> Markup {
    let day = |d: Option<base::Date>| d.map_or_else(|| "—".to_owned(), |d| d.to_string());
    let number = if s.blind {
        Text::of("盲样编号", "Blind number")
    } else {
        Text::of("抽样单编号", "Form number")
    };
    let mut rows = vec![
        (number, html! { code { (s.form_no) } " · " (s.kind.label().get(lang)) }),
        (Text::of("判定名称", "Judged as"), html! { (s.food) }),
    ];
    if !s.blind {
        rows.extend(whose(lang, door, s));
    }
    rows.extend([
        (Text::of("生产日期", "Produced"), html! { (day(s.produced)) }),
        (Text::of("抽样日期", "Sampled"), html! { (s.sampled) }),
        (Text::of("收样日期", "Received"), html! { (day(s.received)) }),
        (
            Text::of("适用标准日期", "Governing date"),
            html! { strong { (s.governing_on) } div.small.soft { (s.governing_reason().get(lang)) } },
        ),
        (Text::of("任务来源", "Ordered by"), html! { (agency_name(lang, &s.agency)) }),
    ]);
    if let Some(qty) = &s.base_qty {
        rows.push((Text::of("抽样基数", "Quantity there"), html! { (qty) }));
    }
    for (fact, value) in &s.facts.0 {
        rows.push((fact.label(), html! { (value) }));
    }
    if let Some(no) = &s.report_no {
        rows.push((Text::of("报告书编号", "Report number"), html! { code { (no) } }));
    }
    ui::facts(lang, &rows)
}

/// Lot, place and producer, for those who may see whose a sample is.
fn whose(lang: Lang, door: Door, s: &Sample) -> Vec<(Text, Markup)> {
    vec![
        (Text::of("盲样编号", "Blind number"), html! { code { (s.blind_no()) } }),
        (
            Text::of("批次", "Lot"),
            html! {
                @match &s.item {
                    Some(item) if door == Door::Desk => a.break href={ "/trace/scope?lot=" (ui::encode(item)) } { (s.lot_no.as_deref().unwrap_or(item)) },
                    Some(item) => span.break { (s.lot_no.as_deref().unwrap_or(item)) },
                    None => "—",
                }
                @if s.lot_unknown { " " (ui::badge(Tone::Warn, lang.pick("追溯记录中没有该批次", "unknown to the trace record"))) }
            },
        ),
        (
            Text::of("被抽样场所", "Place sampled"),
            html! {
                @match s.operator {
                    Some(o) if door == Door::Desk => a href={ "/desk/operators/" (o) } { (s.place_name) },
                    _ => (s.place_name),
                }
                " · " (region_name(lang, &s.region))
            },
        ),
        (
            Text::of("生产者", "Producer"),
            html! { @match s.producer {
                Some(o) if door == Door::Desk => a href={ "/desk/operators/" (o) } { (s.producer_name) },
                _ => (if s.producer_name.is_empty() { "—" } else { &s.producer_name }),
            } },
        ),
    ]
}

fn result_card(
    viewer: &Viewer,
    r: &JudgedResult,
    declared: &[DeclaredVerdict],
    open: bool,
    again: Option<&Again>,
) -> Markup {
    let lang = viewer.lang();
    let n = &r.reported;
    let value = if n.subsamples.is_empty() { n.reported.clone() } else { n.subsamples.join(" | ") };
    let verdict = r.verdict();
    html! { section.card id={ "r" (r.id) } {
        h3 { (n.analyte) " " b { (value) " " (n.unit) } " " @if let Some(v) = verdict { (badges(lang, &v.verdict)) }
            @if r.withdrawn { " " (ui::badge(Tone::Idle, lang.pick("已被更正", "corrected"))) } }
        @if let Some(v) = verdict { (view(lang, &v.verdict, false)) }
        @for d in declared.iter().filter(|d| d.result == r.id) { details { summary { (lang.pick("按明示企业标准 ", "By the declared standard ")) (d.verdict.standard) " " (badges(lang, &d.verdict)) }
            p.small.soft { (lang.pick("另行判定，不改变按国家标准的判定；不符合本标准的，样品结论为不合格，并启动核查处置。", "A verdict apart that leaves the one by the law as it is; what fails this standard makes the sample nonconforming and opens its disposal.")) " " a href={ "/declared/" (d.standard) } { (lang.pick("查看标准", "The standard")) } }
            (view(lang, &d.verdict, false)) } }
        p.small.soft {
            @if let Some(lod) = &n.lod { (lang.pick("检出限 ", "LOD ")) (lod) " · " }
            @if let Some(loq) = &n.loq { (lang.pick("定量限 ", "LOQ ")) (loq) " · " }
            @if !n.method.is_empty() { (n.method) " · " }
            (lang.pick("录入 ", "entered ")) (r.entered.china_minute())
        }
        @if r.verdicts.len() > 1 { details { summary { (lang.pick("以前的判定", "Earlier verdicts")) }
            ul { @for old in r.verdicts.iter().rev().skip(1) { li {
                (old.judged.china_minute()) " " (badges(lang, &old.verdict)) " " span.soft { (old.reason) }
            } } }
        } }
        @if open { details open[again.is_some()] { summary { (lang.pick("更正", "Correct")) }
            form method="post" action={ "/lab/samples/" (r.sample) "/correct" } {
                (layout::csrf(viewer))
                input type="hidden" name="result" value=(r.id);
                @let filled = again.map_or_else(|| vec![n.clone()], |a| a.entered.clone());
                (entry::rows(lang, &format!("c{}-", r.id), &filled, 0, &|_| html! {}))
                button.plain { (lang.pick("更正并重新判定", "Correct and judge")) }
            }
        } }
    } }
}

fn entry_form(app: &App, viewer: &Viewer, s: &Sample, again: Option<&Again>) -> Markup {
    let lang = viewer.lang();
    html! { section.card id="enter" {
        h2 { (lang.pick("录入结果", "Enter results")) }
        p.soft { (lang.pick("可一次录入多项，空行不计；未检出填 ND 或“<检出限”；采样方案的多个结果用 | 分开。",
            "Several at once, empty rows do not count; not detected: ND or “<LOD”; values of a sampling plan with | between them.")) }
        (entry::analytes(app.rules, &s.food, s.governing_on))
        form method="post" action={ "/lab/samples/" (s.id) "/results" } {
            (layout::csrf(viewer))
            (entry::rows(lang, "", again.map_or(&[], |a| a.entered.as_slice()), entry::ROWS, &|_| html! {}))
            button { (lang.pick("保存并判定", "Save and judge")) }
        }
    } }
}

/// What the bench can do next, each step with its reason when it is not yet possible.
fn steps(viewer: &Viewer, d: &SampleDetail) -> Markup {
    let lang = viewer.lang();
    let s = &d.sample;
    let entered_own = d.results.iter().any(|r| !r.withdrawn && r.entered_by == Some(viewer.who.account));
    let post = |action: &str, body: &Markup, plain: bool, label: &str| {
        html! { form method="post" action={ "/lab/samples/" (s.id) "/" (action) } {
            (layout::csrf(viewer)) (body) button class=[plain.then_some("plain")] { (label) }
        } }
    };
    let none = html! {};
    match s.state {
        SampleState::Refused => {
            html! { p { (lang.pick("样品已拒收，本单终止。", "The sample was refused; this is its end.")) } }
        }
        SampleState::Sealed | SampleState::Sent => html! {
            p { (lang.pick("逐项验收；有不符项的样品拒收。", "Check it point by point; a sample that fails a point is refused.")) }
            p { a.button href="#check-in" { (lang.pick("收样验收", "Check on arrival")) } }
        },
        SampleState::Received => {
            html! { p { (lang.pick("录入检验结果。", "Enter the results.")) } p { a.button href="#enter" { (lang.pick("录入结果", "Enter results")) } } }
        }
        SampleState::Testing if entered_own => {
            html! { p { (lang.pick("您录入了本样品的结果，报告须由另一人批准。", "You entered results of this sample, so another person approves the report.")) }
            p { a.button.plain href="#enter" { (lang.pick("继续录入", "Enter more results")) } } }
        }
        SampleState::Testing => html! {
            p { (lang.pick("核对全部结果后批准报告；批准后结果不能再改。", "Check every result, then approve; results no longer change after that.")) }
            (post("approve", &ui::input(&Field { name: "report_no", label: lang.pick("报告书编号", "Report number"), hint: lang.pick("不填则用盲样编号", "empty: the blind number"), ..Field::default() }), false, lang.pick("批准报告", "Approve the report")))
        },
        SampleState::Approved => html! {
            p { (lang.pick("报送后，监督抽检的不合格报告会立即转当地核查处置。", "Once submitted, a failing supervision report opens its disposal at once.")) }
            (post("submit", &none, false, lang.pick("报送报告", "Submit the report")))
            details { summary { (lang.pick("退回检验", "Return to testing")) }
                (post("return", &ui::input(&Field { name: "reason", label: lang.pick("原因", "Reason"), required: true, ..Field::default() }), true, lang.pick("退回", "Return"))) }
        },
        SampleState::Submitted => {
            html! { p { (lang.pick("报告已报送", "Submitted")) @if let Some(at) = s.submitted_at { " " (at.china_minute()) } }
            p.small.soft { (lang.pick("发现报告有误的，见下方“报告更正”。", "Where the report is wrong, see \"corrections of the report\" below.")) } }
        }
    }
}
