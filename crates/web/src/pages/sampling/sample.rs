//! What a sample's page says of its form, its way and its clocks.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use base::clock::State as ClockState;
use base::{Id, Lang, Text};
use lab::{Book, CustodyEntry, FormDetail, Handover, Leg, Sample, SampleClock, SampleState};
use maud::{Markup, html};
use std::sync::Arc;

const SAMPLE: Text = Text::of("样品", "sample");

/// A clock as a badge with its day; unverified law is marked.
pub(super) fn clock(lang: Lang, c: &SampleClock) -> Markup {
    let tone = match c.state {
        ClockState::Met => Tone::Ok,
        ClockState::Overdue => Tone::Bad,
        ClockState::Running => Tone::Info,
        _ => Tone::Idle,
    };
    let due = c.due.as_ref().map(|d| d.date.to_string()).unwrap_or_default();
    html! {
        (ui::badge(tone, c.state.name().get(lang))) " " (lang.pick("期限 ", "due ")) b { (due) }
        @if c.due.as_ref().is_some_and(|d| d.provisional) { " " (ui::badge(Tone::Warn, lang.pick("日历待公布", "calendar not yet announced"))) }
        @if c.status == base::clock::Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("依据待核", "basis unverified"))) }
        div.small.soft { (c.what.get(lang)) " · " (c.actor.get(lang)) " · " (c.basis) " · " (c.law) }
    }
}

/// The clocks, the chain of custody and the form of a sample, for its page.
pub(crate) async fn parts(
    app: &App,
    viewer: &Viewer,
    s: &Sample,
    form: Option<&FormDetail>,
    bench: bool,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let chain = app.lab.custody(&app.store, s).await?;
    let known = lab::milestones(&app.store, &[s.id]).await?.remove(&s.id).unwrap_or_default();
    let mut clocks = lab::sample_clocks(s, &known, app.now());
    let filter = lab::SeriousFilter { sample: Some(s.id), ..lab::SeriousFilter::default() };
    let serious = app.lab.serious_findings(&app.store, &viewer.who, app.now(), &filter).await?.rows;
    clocks.extend(serious.iter().filter_map(|x| x.clock(app.now())));
    let rounds = match s.laboratory {
        Some(l) => lab::proficiency(&app.store, l).await?,
        None => Vec::new(),
    };
    let under_way = !matches!(s.state, SampleState::Submitted | SampleState::Refused);
    let weak = if under_way { lab::weak_items(&rounds) } else { Vec::new() };
    let open = matches!(s.state, SampleState::Sealed | SampleState::Sent);
    let resource = access::Resource::new("sample", s.region.as_str()).of_agency(s.agency.as_str());
    let sends = !bench && open && app.access.allows(&viewer.who, "act", &resource, app.now());
    Ok(html! { @for x in &serious { (super::serious::message(lang, x)) }
        @if !weak.is_empty() { (ui::message(Tone::Warn, &html! { p {
            (lang.pick("承检机构最近一轮能力验证未获满意的项目：", "Items in which the laboratory's latest proficiency test was not satisfactory: "))
            @for (i, p) in weak.iter().enumerate() { @if i > 0 { "、" } (p.item) "（" (p.outcome.label().get(lang)) "）" } } })) }
        div.grid.wide {
        section.card { h2 { (lang.pick("法定时限", "Clocks")) } ul.plain { @for c in &clocks { li { (clock(lang, c)) } } } }
        section.card { h2 { (lang.pick("样品流转", "Chain of custody")) }
            @if chain.is_empty() { p.soft { (lang.pick("没有交接记录（批量登记的样品只有日期）。", "No handover recorded (samples of a sheet have dates only).")) } }
            @else { (ui::timeline(&chain.iter().map(|c| (c.at.china_minute(), leg(lang, c))).collect::<Vec<_>>())) }
            @if sends { (hand_over_form(viewer, s)) }
            @if bench && open { (check_in_form(viewer, s)) }
        }
        @if let Some(f) = form { section.card { h2 { (lang.pick("抽样单", "Sampling form")) } (form_facts(lang, s, f)) } }
    } })
}

fn leg(lang: Lang, c: &CustodyEntry) -> Markup {
    let h = &c.handover;
    html! { strong { (c.leg.label().get(lang)) } " " (h.party)
        div.small.soft {
            @if !h.seal_no.is_empty() { (lang.pick("封条 ", "seal ")) (h.seal_no) " " }
            @if let Some(ok) = h.seal_ok { (if ok { lang.pick("完好", "whole") } else { lang.pick("破损", "broken") }) " " }
            @if !h.temperature.is_empty() { (h.temperature) " ℃ " }
            @for (id, ok) in h.checks.iter().filter(|(_, ok)| !**ok) { @let _ = ok;
                (lang.pick("不符：", "fails: ")) @if let Some(check) = Book::builtin().checks().iter().find(|c| c.id == *id) { (check.title.get(lang)) } " " }
            (h.note)
        }
    }
}

fn form_facts(lang: Lang, s: &Sample, f: &FormDetail) -> Markup {
    let v = &f.fields;
    let rows = [
        (Text::of("地址", "Address"), v.address.clone()),
        (Text::of("许可证号", "Licence"), v.licence_no.clone()),
        (Text::of("商标 / 规格", "Trade mark / size"), format!("{} {}", v.trademark, v.spec)),
        (Text::of("抽样数量", "Quantity"), format!("{} {}", v.quantity, v.unit)),
        (Text::of("备份样品", "Backup"), format!("{} {}", v.backup, v.unit)),
        (Text::of("样品费", "Paid"), format!("¥{} {}", v.paid, v.pay_method)),
        (Text::of("保质期至", "Best before"), v.expires.map(|d| d.to_string()).unwrap_or_default()),
        (Text::of("储存条件", "Storage"), v.storage.clone()),
        (Text::of("执行标准", "Standard"), v.standard.clone()),
        (Text::of("网络抽样", "On line"), v.online.clone()),
        (
            Text::of("位置", "Position"),
            v.position.as_ref().map(|(a, b)| format!("{a}, {b}")).unwrap_or_default(),
        ),
        (Text::of("备注", "Note"), v.note.clone()),
        (Text::of("联系人", "Contact"), f.contact.clone().unwrap_or_default()),
    ];
    let rows: Vec<(Text, Markup)> =
        rows.into_iter().filter(|(_, v)| !v.trim().is_empty()).map(|(l, v)| (l, html! { (v) })).collect();
    html! {
        (ui::facts(lang, &rows))
        @if !v.signed { (ui::badge(Tone::Warn, lang.pick("被抽样单位未签字", "not signed"))) }
        p { @for (i, sha) in v.photos.iter().enumerate() { a href={ "/desk/samples/" (s.id) "/photos/" (sha) } { (lang.pick("照片 ", "photo ")) (i + 1) } " " } }
    }
}

fn hand_over_form(viewer: &Viewer, s: &Sample) -> Markup {
    let lang = viewer.lang();
    let field = |name: &'static str, label: &'static str, kind: &'static str| Field {
        name,
        label,
        kind,
        ..Field::default()
    };
    html! { details { summary { (lang.pick("登记寄送或交接", "Send or hand over")) }
        form method="post" action={ "/desk/samples/" (s.id) "/custody/sent" } { (layout::csrf(viewer))
            (ui::input(&Field { required: true, ..field("party", lang.pick("承运人或接手单位", "Carrier or body that takes it"), "") }))
            (ui::input(&field("seal_no", lang.pick("封条编号", "Seal number"), "")))
            (ui::input(&field("temperature", lang.pick("温度（℃）", "Temperature, °C"), "decimal")))
            (ui::input(&field("note", lang.pick("运单号、备注", "Waybill, note"), "")))
            button { (lang.pick("登记", "Record")) }
        }
    } }
}

fn check_in_form(viewer: &Viewer, s: &Sample) -> Markup {
    let lang = viewer.lang();
    html! { form #check-in method="post" action={ "/lab/samples/" (s.id) "/custody/check_in" } { (layout::csrf(viewer))
        h3 { (lang.pick("收样验收", "Check on arrival")) }
        @for c in Book::builtin().checks() { fieldset { legend { (c.title.get(lang)) }
            label.choice { input type="radio" name={ "check." (c.id) } value="1" required; (lang.pick("符合", "yes")) }
            label.choice { input type="radio" name={ "check." (c.id) } value="0"; (lang.pick("不符", "no")) }
        } }
        (ui::input(&Field { name: "received", label: lang.pick("到样日期", "Date of arrival"), hint: lang.pick("不填为今天；补录时填写实际到样日期", "empty: today; else the day it came"), kind: "date", ..Field::default() }))
        (ui::input(&Field { name: "temperature", label: lang.pick("到样温度（℃）", "Temperature on arrival, °C"), kind: "decimal", ..Field::default() }))
        (ui::input(&Field { name: "note", label: lang.pick("说明（有不符项须填，样品将拒收）", "Note (needed when a check fails: the sample is refused)"), ..Field::default() }))
        button { (lang.pick("完成验收", "Finish the check")) }
    } }
}

fn handover(posted: &Posted) -> Handover {
    Handover {
        party: posted.get("party").to_owned(),
        seal_no: posted.get("seal_no").to_owned(),
        seal_ok: None,
        temperature: posted.get("temperature").to_owned(),
        checks: posted
            .fields
            .iter()
            .filter_map(|(k, v)| Some((k.strip_prefix("check.")?.to_owned(), v == "1")))
            .collect(),
        note: posted.get("note").to_owned(),
        received: None,
    }
}

/// `POST /desk/samples/{id}/custody/{leg}`. Right: act sample.
pub(super) async fn hand_over(
    State(app): State<Arc<App>>,
    Path((id, leg)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let sample: Id = id.parse().map_err(|_| Fault::not_found(&SAMPLE))?;
    let leg = Leg::read(&leg).ok_or_else(|| Fault::not_found(&Text::of("操作", "action")))?;
    let mut tx = app.store.begin().await?;
    app.lab.hand_over(&mut tx, &context(&app, viewer), &viewer.who, sample, leg, handover(&posted)).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/samples/{sample}")).into_response())
}

/// `POST /lab/samples/{id}/custody/check_in`. Right: act sample, of the laboratory.
pub(super) async fn check_in(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let sample: Id = id.parse().map_err(|_| Fault::not_found(&SAMPLE))?;
    let received = crate::pages::lab::day(&posted, "received", Text::of("到样日期", "Date of arrival"))?;
    let checked = Handover { received, ..handover(&posted) };
    let mut tx = app.store.begin().await?;
    app.lab.check_in(&mut tx, &context(&app, viewer), &viewer.who, sample, checked).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/lab/samples/{sample}")).into_response())
}

/// `GET /desk/samples/{id}/photos/{sha256}`: a photo of the form of a sample the viewer sees. Right: view sample.
pub(super) async fn photo(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((id, sha256)): Path<(String, String)>,
) -> Answer {
    let missing = || Fault::not_found(&Text::of("照片", "photo"));
    let id: Id = id.parse().map_err(|_| missing())?;
    let detail = app.lab.sample(&app.store, &viewer.who, app.now(), id).await?;
    let form = app.lab.form(&app.store, &viewer.who, app.now(), &detail.sample).await?.ok_or_else(missing)?;
    if !form.fields.photos.contains(&sha256) {
        return Err(missing());
    }
    let found = app.attachments.find(&app.store, &sha256).await?.ok_or_else(missing)?;
    let mut response = app.attachments.get(&sha256).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&found.media_type).map_err(Fault::internal)?);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}
