//! What is on record of a matter beside its state: who did what, and what it belongs to, each by its name and leading only
//! where the reader may go.

use super::nonconformities;
use crate::entered::{Entered, operators_in};
use crate::fault::Answer;
use crate::layout::{Area, Viewer};
use crate::state::App;
use crate::ui::{self, Tone};
use base::{Id, Lang, Text};
use flow::view::MatterView;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The page of a matter, in the reader's own part of the site.
pub(crate) fn path(viewer: &Viewer, id: Id) -> String {
    match viewer.area() {
        Area::Firm => format!("/firm/duties/{id}"),
        _ => format!("/desk/matters/{id}"),
    }
}

/// The people behind logins, as this reader may know them.
pub(super) struct People {
    lang: Lang,
    /// The reader's own firm; `None` for an authority, who sees everybody by name.
    party: Option<Id>,
    known: Vec<access::Person>,
}

impl People {
    /// Those behind `logins` and `accounts`.
    pub(super) async fn of(
        app: &App,
        viewer: &Viewer,
        logins: impl IntoIterator<Item = &str>,
        accounts: &[Id],
    ) -> Answer<Self> {
        let logins: BTreeSet<&str> = logins.into_iter().collect();
        let logins: Vec<&str> = logins.into_iter().collect();
        let known = access::people_behind(&app.store, &app.access, &logins, accounts).await?;
        Ok(Self { lang: viewer.lang(), party: viewer.who.operator, known })
    }

    /// Those who took the steps of a matter.
    pub(super) async fn of_steps(app: &App, viewer: &Viewer, m: &MatterView) -> Answer<Self> {
        let absent: Vec<Id> = m.steps.iter().filter_map(|s| s.acting_for).collect();
        Self::of(app, viewer, m.steps.iter().map(|s| s.login.as_str()), &absent).await
    }

    /// Whoever has a login: a name, or what somebody is to a party of the matter.
    pub(super) fn login(&self, login: &str) -> String {
        if login.starts_with("system:") {
            return self.lang.pick("系统", "the system").to_owned();
        }
        let found = self.known.iter().find(|p| p.login == login);
        found.map_or_else(|| self.unknown(login), |p| self.shown(p))
    }

    /// Whoever has an account.
    pub(super) fn account(&self, id: Id) -> String {
        let found = self.known.iter().find(|p| p.account == id);
        found.map_or_else(|| self.unknown(&id.to_string()), |p| self.shown(p))
    }

    // an account that is gone leaves its login to the authority
    fn unknown(&self, login: &str) -> String {
        if self.party.is_some() { self.outside(None) } else { login.to_owned() }
    }

    fn shown(&self, p: &access::Person) -> String {
        if self.party.is_some() && p.operator != self.party {
            return self.outside(p.operator);
        }
        p.name.clone()
    }

    fn outside(&self, operator: Option<Id>) -> String {
        let word = match operator {
            None => Text::of("监管部门", "the authority"),
            Some(_) => Text::of("其他单位", "another firm or laboratory"),
        };
        word.get(self.lang).to_owned()
    }
}

/// The operators the forms of a matter name.
pub(super) async fn operators(app: &App, m: &MatterView) -> Answer<HashMap<Id, Text>> {
    let entered = m.steps.iter().filter_map(|s| s.form.as_ref());
    let known = entered.filter_map(|(name, body)| Some((m.forms.iter().find(|f| f.id == *name)?, body)));
    let named: Vec<Id> = known.flat_map(|(form, body)| operators_in(form, body)).collect();
    Ok(registry::operator_names(&app.store, &named).await?)
}

/// What happened, newest first; what was entered unfolds under its line.
pub(super) fn timeline(
    viewer: &Viewer,
    m: &MatterView,
    people: &People,
    operators: &HashMap<Id, Text>,
) -> Markup {
    let lang = viewer.lang();
    // the entries of the journal are read by the authorities
    let receipts = viewer.area() == Area::Desk && !viewer.is_guest();
    // a form that says no more than the note stands there already
    let more = |s: &flow::view::StepView, body: &serde_json::Map<String, serde_json::Value>| {
        body.iter().any(|(_, v)| v.as_str().is_none_or(|text| s.note.as_deref() != Some(text)))
    };
    let line = |s: &flow::view::StepView| {
        html! {
            (s.title.get(lang)) " " span.soft { (people.login(&s.login)) @if let Some(absent) = s.acting_for {
                " " (lang.pick("代", "for")) " " (people.account(absent)) } } " "
            @if receipts { a.small href={ "/desk/journal/" (s.journal) "/receipt.json" } { (lang.pick("回执", "receipt")) } }
            @if let Some(note) = &s.note { div.small { (note) } }
            @if let Some((name, body)) = s.form.as_ref().filter(|(_, body)| more(s, body)) {
                @let form = m.forms.iter().find(|f| f.id == *name);
                details.small { summary { (lang.pick("填报内容：", "As entered: ")) (form.map_or(name.as_str(), |f| f.title.get(lang))) }
                    (Entered { lang, unit: &s.unit, files: &m.files, operators }.all(form, body)) }
            }
        }
    };
    let items: Vec<(String, Markup)> = m.steps.iter().rev().map(|s| (s.at.china_minute(), line(s))).collect();
    ui::timeline(&items)
}

/// What was sent back and why, on top of the page until whoever it concerns has answered.
pub(super) fn sent_back(viewer: &Viewer, m: &MatterView, operators: &HashMap<Id, Text>) -> Markup {
    let lang = viewer.lang();
    let last = m.steps.iter().rev().find(|s| s.kind == "transition" && (s.moved || s.by_party || s.returned));
    let last = last.filter(|s| s.returned && m.closed_at.is_none());
    html! { @if let Some(s) = last {
        (ui::message(Tone::Warn, &html! {
            p { strong { (s.title.get(lang)) } " " span.small { (s.at.china_minute()) } }
            @if let Some((name, body)) = &s.form {
                (Entered { lang, unit: "", files: &m.files, operators }.all(m.forms.iter().find(|f| f.id == *name), body))
            }
        }))
    } }
}

/// What a matter belongs to.
pub(super) struct Relatives {
    /// Titles of the matters above and below that the reader may open.
    family: BTreeMap<Id, Text>,
    /// The record the matter is about, in words, with its page where the reader has one.
    subject: Option<(String, Option<String>)>,
}

impl Relatives {
    pub(super) async fn of(app: &App, viewer: &Viewer, m: &MatterView) -> Answer<Self> {
        // a matter of another region is named, but linked only where the reader may open it
        let mut family = BTreeMap::new();
        for id in m.children.iter().map(|c| c.0).chain(m.parent) {
            let found = flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, app.now(), id);
            if let Ok(found) = found.await {
                family.insert(id, found.title);
            }
        }
        // most matters are about a record; one that is about nothing else names itself
        let subject = match m.subject.split_once(':') {
            Some((_, id)) if id == m.id.to_string() => None,
            Some((kind, id)) => Some(subject(app, viewer, kind, id).await?),
            None => Some((m.subject.clone(), None)),
        };
        Ok(Self { family, subject })
    }
}

/// A record in words, and its page in the reader's part of the site.
async fn subject(app: &App, viewer: &Viewer, kind: &str, id: &str) -> Answer<(String, Option<String>)> {
    let lang = viewer.lang();
    let firm = viewer.area() == Area::Firm;
    let named = |zh: &str, en: &str, name: &str| match name {
        "" => lang.pick(zh, en).to_owned(),
        name => format!("{}{}{name}", lang.pick(zh, en), lang.pick("：", ": ")),
    };
    let record: Option<Id> = id.parse().ok();
    Ok(match (kind, record) {
        ("nonconformity", Some(record)) => {
            let found = app.lab.nonconformity(&app.store, &viewer.who, app.now(), record).await.ok();
            let name = found.as_ref().map(nonconformities::name_of).unwrap_or_default();
            let area = if firm { "/firm/results" } else { "/desk/nonconformities" };
            (named("不合格记录", "Nonconformity", &name), found.map(|_| format!("{area}/{record}")))
        }
        ("operator", Some(record)) => {
            let names = registry::operator_names(&app.store, &[record]).await?;
            let name = names.get(&record).map(|n| n.get(lang).to_owned()).unwrap_or_default();
            let open = !firm || viewer.who.operator == Some(record);
            (named("主体", "Operator", &name), open.then(|| format!("/desk/operators/{record}")))
        }
        ("sample", Some(record)) => {
            let found = app.lab.sample(&app.store, &viewer.who, app.now(), record).await.ok();
            let name = found.as_ref().map(|d| d.sample.product_name.clone()).unwrap_or_default();
            (named("样品", "Sample", &name), found.map(|_| format!("/desk/samples/{record}")))
        }
        ("site", Some(record)) => {
            (named("场所", "Place", ""), (!firm).then(|| format!("/desk/sites/{record}")))
        }
        ("lot", _) => {
            let name = super::scope::lot_name(None, id);
            (named("批次", "Lot", &name), (!firm).then(|| format!("/trace/scope?lot={}", ui::encode(id))))
        }
        _ => (format!("{kind}:{id}"), None),
    })
}

/// The matters above and below, what was frozen with it, and the papers and pages of its kind.
pub(super) fn links(viewer: &Viewer, m: &MatterView, related: &Relatives) -> Markup {
    let lang = viewer.lang();
    let matter = |id: Id, label: &str| {
        html! { @if related.family.contains_key(&id) { a href=(path(viewer, id)) { (label) } } @else { (label) } }
    };
    let parent = |id: Id| related.family.get(&id).map_or_else(|| id.to_string(), |t| t.get(lang).to_owned());
    html! { ul {
        @if let Some(id) = m.parent { li { (lang.pick("上级办件：", "Follows from: ")) (matter(id, &parent(id))) } }
        @for (id, _, title, state) in &m.children { li { (matter(*id, title.get(lang))) " " (ui::badge(Tone::Info, state.get(lang))) } }
        // the manifest of a package has a page of its own
        @for l in m.links.iter().filter(|l| l.kind != "manifest") {
            @let label = if l.label.is_empty() { &l.target } else { &l.label };
            li { @match l.target.strip_prefix("matter:").and_then(|id| id.parse().ok()) {
                Some(id) => (matter(id, label)),
                None if viewer.who.operator.is_some() => { (relation(lang, &l.kind)) (label) }
                None => (record_link(&l.target, &format!("{}{label}", relation(lang, &l.kind)))),
            } }
        }
        @if matches!(m.procedure.as_str(), "complaint" | "report") && viewer.who.operator.is_none() {
            li { a href={ "/desk/matters/" (m.id) "/reporter" } { (lang.pick("投诉举报人身份（单独保管）", "Who complained or reported (kept apart)")) } }
        }
        @if m.procedure == "criminal_transfer" {
            li { a href={ "/transfers/" (m.id) } { (lang.pick("移送材料、签名与核验", "The package, signatures, verification")) } }
        }
        @if m.procedure == "inspection" && viewer.who.operator.is_none() { li { a href={ "/desk/inspections/send/" (m.id) } { (lang.pick("检查人员", "Officers sent")) } }
            li { a href={ "/desk/inspections/log/" (m.id) } { (lang.pick("现场记录日志", "Log of the phones")) } }
            li { a href={ "/desk/inspections/sheet/" (m.id) "/notice" } { (lang.pick("检查通知书", "Notice to print")) } }
            li { a href={ "/desk/inspections/sheet/" (m.id) "/record" } { (lang.pick("现场检查笔录", "Record to print")) } } }
        @if m.procedure == "inspection_plan" { li { a href={ "/desk/inspections/plans/" (m.id) } { (lang.pick("双随机抽取", "Draw at random")) } } }
        @if let Some(draw) = m.all_facts.get("retest_draw").and_then(|v| v.as_str()) {
            li { a href={ "/draws/" (draw) } { (lang.pick("复检机构抽取记录（公开，可离线核验）", "Record of the draw of the laboratory (public, can be verified offline)")) } }
        }
        @if let Some((words, page)) = &related.subject { li { @match page { Some(page) => a href=(page) { (words) }, None => (words) } } }
    } }
}

/// What a link of some kinds is, said before its label.
const fn relation(lang: Lang, kind: &str) -> &'static str {
    match (kind.as_bytes(), lang) {
        (b"scope", Lang::Zh) => "涉及范围（固定副本）：",
        (b"scope", Lang::En) => "The scope as frozen: ",
        (b"lot", Lang::Zh) => "批次：",
        (b"lot", Lang::En) => "Lot: ",
        _ => "",
    }
}

/// A record reference `kind:id` as a link to its page.
pub(crate) fn record_link(target: &str, label: &str) -> Markup {
    let href = match target.split_once(':') {
        Some(("nonconformity", id)) => format!("/desk/nonconformities/{id}"),
        Some(("sample", id)) => format!("/desk/samples/{id}"),
        Some(("operator", id)) => format!("/desk/operators/{id}"),
        Some(("site", id)) => format!("/desk/sites/{id}"),
        Some(("matter", id)) => format!("/desk/matters/{id}"),
        Some(("lot", item)) => format!("/trace/scope?lot={}", ui::encode(item)),
        _ => return html! { (label) },
    };
    html! { a href=(href) { (label) } }
}
