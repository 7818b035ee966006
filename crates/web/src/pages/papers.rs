//! Official papers of a sample as pages to print: the sampling form (抽样单), the test report (检验报告); and the
//! labels of a sample with a code that says nothing of the firm.

use super::show::agency_name;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Area, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Date, Id, Lang, Text};
use lab::SampleDetail;
use maud::{Markup, PreEscaped, html};
use paper::document::{Document, Template};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const PAPER: Text = Text::of("文书", "paper");

fn template(name: &str) -> Option<Template> {
    let (title, zh, en) = match name {
        "report" => (
            Text::of("检验报告", "Test report"),
            include_str!("../../../../rulebook/cn/papers/report.zh.html"),
            include_str!("../../../../rulebook/cn/papers/report.en.html"),
        ),
        "form" => (
            Text::of("食品安全抽样检验抽样单", "Sampling form"),
            include_str!("../../../../rulebook/cn/papers/form.zh.html"),
            include_str!("../../../../rulebook/cn/papers/form.en.html"),
        ),
        _ => return None,
    };
    Some(Template { title, zh: zh.to_owned(), en: en.to_owned() })
}

fn facts(d: &SampleDetail, form: &Json, laboratory: &str, dated: Date) -> Json {
    let s = &d.sample;
    let results: Vec<Json> = d
        .results
        .iter()
        .filter(|r| !r.withdrawn)
        .map(|r| {
            let n = &r.reported;
            let value = if n.subsamples.is_empty() { n.reported.clone() } else { n.subsamples.join("、") };
            let v = r.verdict().map(|v| &v.verdict);
            let verdict = v.map_or_else(|| Text::of("未判定", "not judged"), |v| v.outcome.label());
            let limit = v.and_then(|v| v.limit.as_ref()).map(|l| l.show(Lang::Zh)).unwrap_or_default();
            let basis = v.filter(|v| !v.standard.is_empty()).map(|v| format!("{}-{}", v.standard, v.edition));
            json!({
                "analyte": n.analyte, "value": format!("{value} {}", n.unit).trim(), "limit": limit,
                "verdict_zh": verdict.zh, "verdict_en": verdict.en, "basis": basis.unwrap_or_default(), "method": n.method,
            })
        })
        .collect();
    let day = |d: Option<Date>| d.map(|d| d.to_string()).unwrap_or_default();
    let conclusion = s.conclusion.map_or_else(|| Text::of("未作出", "none yet"), |c| c.label());
    let kind = s.kind.label();
    json!({
        "form_no": s.form_no, "report_no": s.report_no.clone().unwrap_or_default(), "product": s.product_name,
        "lot": s.lot_no.clone().unwrap_or_default(), "produced": day(s.produced), "sampled": s.sampled.to_string(),
        "received": day(s.received), "place": s.place_name, "producer": s.producer_name, "base_qty": s.base_qty.clone().unwrap_or_default(),
        "kind_zh": kind.zh, "kind_en": kind.en, "conclusion_zh": conclusion.zh, "conclusion_en": conclusion.en,
        "governing": s.governing_on.to_string(), "laboratory": laboratory, "dated": dated.to_string(),
        "agency_zh": agency_name(Lang::Zh, &s.agency), "agency_en": agency_name(Lang::En, &s.agency),
        "region_zh": region_name(Lang::Zh, &s.region), "region_en": region_name(Lang::En, &s.region),
        "results": results, "form": form,
    })
}

/// What stands below every page: SHA-256 of the text, and where it is kept.
fn known(app: &App, html: &str, path: &str) -> String {
    format!("SHA-256 {} · {}{path}", hex::encode(Sha256::digest(html.as_bytes())), app.origin)
}

/// `GET /desk/samples/{id}/papers/{name}` and `/lab/samples/{id}/papers/{name}`: `report` once the report is
/// approved; `form`; `label`. Right: view sample.
pub(crate) async fn sample(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((id, name)): Path<(String, String)>,
) -> Answer {
    let lang = viewer.lang();
    let missing = || Fault::not_found(&PAPER);
    let id: Id = id.parse().map_err(|_| missing())?;
    let d = app.lab.sample(&app.store, &viewer.who, app.now(), id).await?;
    if name == "label" {
        return Ok(labels(&app, &viewer, &d)?.into_response());
    }
    let paper = name.as_str();
    let template = template(paper).ok_or_else(missing)?;
    let s = &d.sample;
    let form = app.lab.form(&app.store, &viewer.who, app.now(), s).await?;
    if paper == "report" && s.approved_at.is_none() {
        return Err(Fault::new(
            StatusCode::CONFLICT,
            Text::of(
                "报告尚未批准，没有检验报告。",
                "The report is not approved yet; there is none to print.",
            ),
        ));
    }
    let form = match (&form, paper) {
        (None, "form") => return Err(missing()),
        (Some(f), _) => serde_json::to_value(&f.fields).map_err(Fault::internal)?,
        (None, _) => json!({}),
    };
    let laboratory = match s.laboratory {
        Some(l) => registry::operator(&app.store, l).await?.map(|o| o.name).unwrap_or_default(),
        None => String::new(),
    };
    let dated = s.approved_at.filter(|_| paper == "report").map_or(s.sampled, |at| at.china_date());
    let made: Document = template.render(&facts(&d, &form, &laboratory, dated)).map_err(Fault::internal)?;
    let (title, body) = (made.title.get(lang).to_owned(), made.html(lang).to_owned());
    let base = if viewer.area() == Area::Laboratory { "/lab/samples" } else { "/desk/samples" };
    let path = format!("{base}/{id}/papers/{paper}");
    let page = layout::narrow(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[(&format!("{base}/{id}"), s.form_no.as_str()), ("", title.as_str())]))
            (layout::head(&title, &html! {}))
            article.doc { (PreEscaped(&body)) }
            p.small.soft { code.break { (known(&app, &body, &path)) } }
        },
    );
    Ok(page.into_response())
}

/// Two labels, test portion and backup, with nothing that names the firm.
fn labels(app: &App, viewer: &Viewer, d: &SampleDetail) -> Answer<Markup> {
    let lang = viewer.lang();
    let s = &d.sample;
    let code = format!("{}/lab/samples/{}", app.origin, s.id);
    let picture = paper::qr::svg(&code).map_err(|e| Fault::bad("", e.text()))?;
    let title = lang.pick("样品标签", "Labels");
    let portions = [Text::of("检验样品", "Test portion"), Text::of("复检备份样品", "Backup portion")];
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::head(title, &html! {}))
            p.soft { (lang.pick("打印后贴在样品上。标签不含被抽样单位和生产者信息（盲样）。", "Print and stick on the sample. The label names neither the sampled firm nor the producer (blind).")) }
            div.grid { @for portion in &portions { section.card {
                h2 { (portion.get(lang)) }
                div style="max-width:12rem" { (PreEscaped(&picture)) }
                p { code { (s.blind_no()) } br; (s.food) " · " (s.sampled) br;
                    (lang.pick("封条完好前请勿开启；储存条件见抽样单。", "Do not open unless the seal is whole; keep as the form says.")) }
            } } }
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_of_the_papers_are_templates() {
        for name in ["report", "form"] {
            assert!(!template(name).unwrap().check().unwrap().is_empty(), "{name}");
        }
    }
}
