//! The signs organs put before the numbers of their papers (发文机关代字).

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::show::{agency_name, organ_name};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks};
use access::{Resource, Role};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Department, RegionCode, Regions, Text};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const PATH: &str = "/desk/organs";

/// The top of what an administrator looks after, once the right is there.
fn top(app: &App, viewer: &Viewer) -> Answer<String> {
    let own = viewer.who.grants.iter().filter(|g| g.role == Role::Admin).map(|g| g.region.as_str());
    let top = own.min_by_key(|r| r.len()).unwrap_or_default();
    app.access.check(&viewer.who, "administer", &Resource::new("agency", top), app.now())?;
    Ok(top.to_owned())
}

/// `GET /desk/organs`. Right: administer agency.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let top = top(&app, &viewer)?;
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "region");
    let code: RegionCode = match top.as_str() {
        "" => "62".parse(),
        code => code.parse(),
    }
    .map_err(|_| Fault::not_found(&Text::of("地区", "region")))?;
    let agency = links.get("agency").and_then(|a| a.parse::<Department>().ok()).unwrap_or(Department::Market);
    let entered: BTreeMap<String, String> = flow::organ_signs(&app.store, code.as_str())
        .await?
        .into_iter()
        .filter(|s| s.agency == agency.code())
        .map(|s| (s.region, s.sign))
        .collect();
    let q = links.get("q").unwrap_or_default();
    let organs: Vec<(&RegionCode, String, String, bool)> = Regions::builtin()
        .within(&code)
        .map(|r| &r.code)
        .map(|r| {
            let own = entered.get(r.as_str());
            let sign = own.cloned().unwrap_or_else(|| agency.sign(r));
            (r, organ_name(agency.code(), r.as_str()).get(lang).to_owned(), sign, own.is_some())
        })
        .filter(|(_, name, sign, _)| name.contains(q) || sign.contains(q))
        .collect();
    if let Some(format) = links.get("format") {
        let mut sheet = crate::export::sheet("organs", &["region", "agency", "name", "sign", "entered"]);
        for (region, name, sign, own) in organs {
            let (region, entered) = (region.as_str().to_owned(), if own { "1" } else { "0" });
            let cells = [region, agency.code().to_owned(), name, sign, entered.to_owned()];
            sheet.rows.push(crate::export::texts(cells));
        }
        return crate::export::download(format, &sheet);
    }
    let rows: Vec<Vec<Markup>> = organs
        .iter()
        .map(|(region, name, sign, own)| {
            vec![
                html! { (name) div.small.soft { (region_name(lang, region.as_str())) } },
                html! { strong { (sign) } @if !own { " " span.small.soft { (lang.pick("默认", "usual")) } } },
                html! { form.inline method="post" action=(PATH) {
                    (layout::csrf(&viewer))
                    input type="hidden" name="region" value=(region.as_str());
                    input type="hidden" name="agency" value=(agency.code());
                    input name="sign" required maxlength="12" size="8" value=(sign) aria-label=(lang.pick("机关代字", "Sign"));
                    button.plain { (lang.pick("保存", "Save")) }
                } },
            ]
        })
        .collect();
    let departments: Vec<(String, String)> =
        Department::ALL.iter().map(|d| (d.code().to_owned(), agency_name(lang, d.code()))).collect();
    let title = lang.pick("发文机关代字", "Signs of organs");
    let columns =
        [Column::text("机关", "Organ"), Column::text("代字", "Sign"), Column::text("修改", "Change")];
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        p { (lang.pick("文书发布时按“代字＋文种〔年份〕序号”编号，例如 兰州市监检告〔2026〕12号；未登记的机关用默认代字。修改只影响以后的文号。",
            "A paper gets its number when it is issued: sign, kind, year, running number. An organ that has entered none bears the usual one. A change concerns later numbers only.")) }
        form.filters method="get" {
            (ui::select(&Field { name: "agency", label: lang.pick("部门", "Department"), value: agency.code(), ..Field::default() }, &departments))
            (ui::input(&Field { name: "q", label: lang.pick("机关或代字", "Organ or sign"), value: q, kind: "search", ..Field::default() }))
            button { (lang.pick("查询", "Look up")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的机关", "No organ fits"), lang.pick("请放宽条件。", "Widen the filter."))) }
        @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, &links, rows.len(), None, None, true)) }
    })
    .into_response())
}

/// `POST /desk/organs`. Right: administer agency.
pub(super) async fn set(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    let (region, agency) = (posted.get("region"), posted.get("agency"));
    flow::set_organ_sign(&mut tx, &cx, &app.access, &posted.viewer.who, region, agency, posted.get("sign"))
        .await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{PATH}?agency={}", ui::encode(agency))).into_response())
}
