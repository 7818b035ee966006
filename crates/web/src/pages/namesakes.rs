//! Recusal proposed by names (回避): who bears the name of a person the register holds at a firm, shown where somebody is about to be
//! sent there, reviews what was found there, or leads its case. A name proves nothing: whoever is in charge decides each.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::state::App;
use crate::ui::{self, Column, Tone};
use base::{Date, Id};
use lab::RecusalGround;
use maud::{Markup, html};
use registry::Namesake;
use std::collections::{BTreeMap, BTreeSet};

/// Where relations are declared and proposals decided.
pub(crate) const PATH: &str = "/desk/sampling/recusals";

/// How long somebody counts who has left a firm, in years.
const YEARS: i16 = 3;

/// Somebody who may have to keep away, by name.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// Who, and at which firm.
    pub(crate) of: Namesake,
    /// Name of the member of staff.
    pub(crate) name: String,
}

/// Of which firms.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Firms<'a> {
    /// All of a region.
    Of(&'a str),
    /// These.
    These(&'a [Id]),
}

/// Proposals nobody has decided: staff (account and name) who bear the name of a person there now or within three years, without those
/// who declared the relation and those noted as another person. None to whom the register's persons stay closed.
pub(crate) async fn open(
    app: &App,
    viewer: &Viewer,
    firms: Firms<'_>,
    staff: Vec<(Id, String)>,
) -> Answer<Vec<Proposal>> {
    let (store, now) = (&app.store, app.now());
    let today = now.china_date();
    let since = Date::new(today.year() - YEARS, today.month(), 1).unwrap_or(today);
    let (access, who) = (&app.access, &viewer.who);
    let found = match firms {
        Firms::Of(region) => registry::namesakes(store, access, who, now, region, &staff, since).await,
        Firms::These(all) => registry::namesakes_at(store, access, who, now, all, &staff, since).await,
    };
    let found = match found {
        Ok(found) => found,
        Err(registry::Error::Denied(_)) => return Ok(Vec::new()),
        Err(e) => return Err(Fault::from(e)),
    };
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let cleared = lab::cleared_namesakes(store).await?;
    let mut tx = store.snapshot().await?;
    let accounts: Vec<Id> = found.iter().map(|n| n.account).collect();
    let declared = lab::recused(&mut tx, &accounts).await?;
    let names: BTreeMap<Id, String> = staff.into_iter().collect();
    Ok(found
        .into_iter()
        .filter(|n| !cleared.contains(&(n.account, n.person)))
        .filter(|n| !declared.get(&n.account).is_some_and(|firms| firms.contains(&n.operator)))
        .map(|n| Proposal { name: names.get(&n.account).cloned().unwrap_or_default(), of: n })
        .collect())
}

/// Accounts with their names.
pub(crate) async fn named(app: &App, accounts: impl IntoIterator<Item = Id>) -> Answer<Vec<(Id, String)>> {
    let accounts: Vec<Id> = accounts.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let people = access::people_behind(&app.store, &app.access, &[], &accounts).await?;
    Ok(people.into_iter().map(|p| (p.account, p.name)).collect())
}

/// Whether the viewer decides about recusals in a region for a department.
pub(crate) fn decides(app: &App, viewer: &Viewer, region: &str, agency: &str) -> bool {
    let resource = access::Resource::new("sample", region).of_agency(agency);
    app.access.allows(&viewer.who, "decide", &resource, app.now())
}

/// The proposals as a table, each with its two answers for who `decides`; nothing without any.
pub(crate) fn section(viewer: &Viewer, decides: bool, proposed: &[Proposal]) -> Markup {
    let lang = viewer.lang();
    if proposed.is_empty() {
        return html! {};
    }
    let rows: Vec<Vec<Markup>> = proposed
        .iter()
        .map(|Proposal { of: n, name }| {
            let own = n.account == viewer.who.account;
            let act = |clear: bool, label: &str| html! { form.inline method="post" action=(PATH) { (layout::csrf(viewer))
                input type="hidden" name="sampler" value=(n.account);
                input type="hidden" name="operator" value=(n.operator);
                input type="hidden" name="region" value=(n.region);
                @if clear { input type="hidden" name="clear" value=(n.person); }
                @else { input type="hidden" name="ground" value=(RecusalGround::Employment.word()); }
                button.plain { (label) } } };
            vec![
                html! { (name) },
                html! { a href={ "/desk/operators/" (n.operator) } { (n.operator_name) } div.small.soft { (region_name(lang, &n.region)) } },
                html! { (lang.pick("登记人员同名：", "same name in the register: ")) (n.role.label().get(lang))
                    @if let Some(to) = n.to { " · " (lang.pick("任职至 ", "until ")) (to) } },
                html! {
                    @if decides || own { (act(false, lang.pick("确认回避", "Keep away"))) " " }
                    @if decides && !own { (act(true, lang.pick("不是同一人", "Another person"))) }
                    @if !decides && !own { (lang.pick("由负责人确认", "whoever is in charge decides")) }
                },
            ]
        })
        .collect();
    let columns = [
        Column::text("人员", "Who"),
        Column::text("单位", "Firm"),
        Column::text("提示依据", "Why"),
        Column::text("负责人确认", "To be decided"),
    ];
    let title = lang.pick("建议回避", "Proposed by the register");
    html! { section #proposed { h2 { (title) " " (ui::badge(Tone::Warn, &proposed.len().to_string())) }
    p.small.soft { (lang.pick("抽样、检查、检验审核或承办人员与单位登记的负责人、管理人员或近三年的前任人员同名。同名未必是同一人，由负责人逐条确认；确认前不自动回避。", "Somebody who samples, inspects, reviews or leads a case bears the name of a person the register holds at a firm, now or within three years. A name alone proves nothing: whoever is in charge decides each; until then nobody keeps away by it.")) }
    (ui::table(lang, title, &columns, &rows, None)) } }
}
