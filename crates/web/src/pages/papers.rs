//! Official papers as pages and as PDF from one text: the sampling form (抽样单), the test report (检验报告), the documents of
//! matters, the register's extract of a licence; and the labels of a sample with a code that says nothing of the firm.
//!
//! A paper that is final is issued once: its first PDF is kept, its SHA-256 stands in the journal, and the same bytes are served
//! from then on. Drafts and extracts are made anew each time.

use super::public::Held;
use super::show::{agency_name, organ_name};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Area, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Tone};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use base::{Date, Id, Lang, RegionCode, Regions, Text};
use lab::{ReportCorrection, SampleDetail};
use ledger::{Actor, Context, IssuedPaper, Permit};
use maud::{Markup, PreEscaped, html};
use paper::document::{Document, Template};
use paper::pdf::{self, Face, Paper, PdfError};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

pub(super) const PAPER: Text = Text::of("文书", "paper");

/// The font of documents, read when the first one is asked for.
#[derive(Debug, Default)]
pub struct Faces {
    configured: Option<PathBuf>,
    face: OnceLock<Face>,
}

impl Faces {
    /// The font file named by the configuration; else a usual one of this machine.
    #[must_use]
    pub const fn new(configured: Option<PathBuf>) -> Self {
        Self { configured, face: OnceLock::new() }
    }

    /// The font; one installed later is found without a restart.
    fn get(&self) -> Result<&Face, PdfError> {
        if let Some(face) = self.face.get() {
            return Ok(face);
        }
        let found = Face::find(self.configured.as_deref())?;
        Ok(self.face.get_or_init(|| found))
    }
}

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
        "licence" => (
            Text::of("许可证登记信息", "Register extract of a licence"),
            include_str!("../../../../rulebook/cn/papers/licence.zh.html"),
            include_str!("../../../../rulebook/cn/papers/licence.en.html"),
        ),
        "inspection_notice" => (
            Text::of("食品安全监督检查通知书", "Notice of inspection"),
            include_str!("../../../../rulebook/cn/papers/inspection_notice.zh.html"),
            include_str!("../../../../rulebook/cn/papers/inspection_notice.en.html"),
        ),
        "inspection_record" => (
            Text::of("现场检查笔录", "Record of the inspection"),
            include_str!("../../../../rulebook/cn/papers/inspection_record.zh.html"),
            include_str!("../../../../rulebook/cn/papers/inspection_record.en.html"),
        ),
        _ => return None,
    };
    Some(Template { title, zh: zh.to_owned(), en: en.to_owned() })
}

/// Which report replaces which: what the paper says of itself.
fn replacement(d: &SampleDetail, next: Option<&ReportCorrection>) -> Json {
    let day = |c: &ReportCorrection| c.decided.map(|at| at.china_date().to_string()).unwrap_or_default();
    let corrects = d.issued().last().and_then(|c| Some((c, c.replaced.as_ref()?)));
    json!({
        "corrects": corrects.map(|(_, old)| old.report_no.as_str()).unwrap_or_default(),
        "correction_reason": corrects.map(|(c, _)| c.reason.as_str()).unwrap_or_default(),
        "replaced_by": next.and_then(|c| c.report_no.as_deref()).unwrap_or_default(),
        "replaced_on": next.map(day).unwrap_or_default(),
    })
}

fn facts(
    d: &SampleDetail,
    next: Option<&ReportCorrection>,
    form: &Json,
    laboratory: &str,
    dated: Date,
) -> Json {
    let s = &d.sample;
    let results: Vec<Json> = d
        .results
        .iter()
        .filter(|r| !r.withdrawn)
        .map(|r| {
            let n = &r.reported;
            let value = if n.subsamples.is_empty() { n.reported.clone() } else { n.subsamples.join("、") };
            // what fails only the standard the firm declares is judged by that one, as its report concludes
            let v = r.failing().or_else(|| r.verdict().map(|v| &v.verdict));
            let verdict = v.map_or_else(|| Text::of("未判定", "not judged"), |v| v.outcome.label());
            let limit = v.and_then(|v| v.limit.as_ref()).map(|l| l.show(Lang::Zh)).unwrap_or_default();
            let basis = v.filter(|v| !v.standard.is_empty()).map(|v| match v.edition.as_str() {
                "" => v.standard.clone(),
                edition => format!("{}-{edition} {}", v.standard, v.clause).trim().to_owned(),
            });
            json!({
                "analyte": n.analyte, "value": format!("{value} {}", n.unit).trim(), "limit": limit,
                "verdict_zh": verdict.zh, "verdict_en": verdict.en, "basis": basis.unwrap_or_default(), "method": n.method,
            })
        })
        .collect();
    let day = |d: Option<Date>| d.map(|d| d.to_string()).unwrap_or_default();
    let conclusion = s.conclusion.map_or_else(|| Text::of("未作出", "none yet"), |c| c.label());
    let kind = s.kind.label();
    let stage = s.placing.stage.map_or_else(|| Text::of("未填写", "not entered"), |stage| stage.label());
    let code = s.region.parse::<RegionCode>();
    // a blind sample names its department; where it was taken would say whose it is
    let (office, region) = if s.region.is_empty() {
        let named = |lang| agency_name(lang, &s.agency);
        (Text::new(named(Lang::Zh), named(Lang::En)), Text::new(String::new(), String::new()))
    } else {
        let region = code.map_or_else(
            |_| Text::new(s.region.as_str(), s.region.as_str()),
            |code| Regions::builtin().full_name(&code),
        );
        (organ_name(&s.agency, &s.region), region)
    };
    let failing: Vec<&str> = d
        .results
        .iter()
        .filter(|r| !r.withdrawn && r.failing().is_some())
        .map(|r| r.reported.analyte.as_str())
        .collect();
    json!({
        "stage_zh": stage.zh, "stage_en": stage.en, "office_zh": office.zh, "office_en": office.en,
        "failing": failing.join("、"), "unqualified": !failing.is_empty(),
        "form_no": s.form_no, "report_no": s.report_no.clone().unwrap_or_default(), "product": s.product_name,
        "lot": s.lot_no.clone().unwrap_or_default(), "produced": day(s.produced), "sampled": s.sampled.to_string(),
        "received": day(s.received), "place": s.place_name, "producer": s.producer_name, "base_qty": s.base_qty.clone().unwrap_or_default(),
        "kind_zh": kind.zh, "kind_en": kind.en, "conclusion_zh": conclusion.zh, "conclusion_en": conclusion.en,
        "governing": s.governing_on.to_string(), "laboratory": laboratory, "dated": dated.to_string(),
        "agency_zh": agency_name(Lang::Zh, &s.agency), "agency_en": agency_name(Lang::En, &s.agency),
        "region_zh": region.zh, "region_en": region.en,
        "results": results, "form": form, "replacement": replacement(d, next),
    })
}

/// What stands below every page: SHA-256 of the text, and where it is kept.
fn known(app: &App, html: &str, path: &str) -> String {
    format!("SHA-256 {} · {}{path}", hex::encode(Sha256::digest(html.as_bytes())), app.origin)
}

/// A paper to be given as PDF.
struct Made {
    /// The record it belongs to, as `kind:id`.
    subject: String,
    region: String,
    name: &'static str,
    /// Name of the file, without its ending.
    file: String,
    title: String,
    html: String,
    /// Below every page.
    known: String,
    /// Drawn as a code.
    link: String,
    date: Date,
    /// A final paper is issued: kept as it was first made.
    is_final: bool,
}

/// A paper as an answer, shown in the browser. A missing font is said with its remedy.
async fn file(app: &App, lang: Lang, made: Made) -> Answer {
    let name = format!("inline; filename=\"{}.pdf\"", made.file);
    let bytes = bytes(app, lang, made).await?;
    let headers = [(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

/// The bytes of a paper: those issued before, else made now and, when it is final, issued.
async fn bytes(app: &App, lang: Lang, made: Made) -> Answer<Vec<u8>> {
    let content = hex::encode(Sha256::digest(format!("{}\n{}", made.title, made.html)));
    let (subject, region) = (made.subject.clone(), made.region.clone());
    let issued = IssuedPaper { subject, region, name: made.name, language: lang.pick("zh", "en"), content };
    if made.is_final
        && let Some(sha256) = issued.find(&app.store).await?
    {
        return Ok(app.attachments.get(&sha256).await?);
    }
    let unavailable = |e: &PdfError| Fault::new(StatusCode::SERVICE_UNAVAILABLE, e.text());
    let face = app.faces.get().map_err(|e| unavailable(&e))?.clone();
    let is_final = made.is_final;
    let write = move || {
        let Made { title, html, known, link, date, .. } = &made;
        let language = lang.pick("zh-CN", "en");
        pdf::write(&face, &Paper { title, html, footer: known, link, language, date: *date })
    };
    let bytes =
        tokio::task::spawn_blocking(write).await.map_err(Fault::internal)?.map_err(|e| unavailable(&e))?;
    if !is_final {
        return Ok(bytes);
    }
    let kept = app.attachments.keep(bytes).await?;
    let cx = Context { now: app.now(), ids: app.ids.clone(), actor: Actor::system("papers"), lang };
    let permit = Permit::system("a final paper is kept as it was first made");
    let mut tx = app.store.begin().await?;
    let sha256 = issued.issue(&mut tx, &cx, &permit, &app.attachments, &kept).await?;
    tx.commit().await?;
    Ok(app.attachments.get(&sha256).await?)
}

/// The name of a paper of a sample: which of its reports, and whether as it was issued, without the mark that another replaced it.
fn report_named(name: &str) -> Option<(Option<usize>, bool)> {
    let nth = |text: &str| text.parse().ok().filter(|n| *n > 0).map(Some);
    match name.split_once('-') {
        None => (name == "report").then_some((None, false)),
        Some(("report", n)) => Some((nth(n)?, false)),
        Some(("original", n)) => Some((nth(n)?, true)),
        Some(_) => None,
    }
}

/// `GET /desk/samples/{id}/papers/{name}` and `/lab/samples/{id}/papers/{name}`: `report`, `report.pdf` once the report is
/// approved; `report-1` the first where a corrected one replaced it, marked so, and `original-1` as it was issued; `form`, `form.pdf`;
/// `label`. Right: view sample.
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
    let (paper, is_pdf) = name.strip_suffix(".pdf").map_or((name.as_str(), false), |n| (n, true));
    let asked = paper.to_owned();
    let (nth, original) =
        if paper == "form" { (None, false) } else { report_named(paper).ok_or_else(missing)? };
    let paper = if asked == "form" { "form" } else { "report" };
    let template = template(paper).ok_or_else(missing)?;
    let issued: Vec<ReportCorrection> = d.issued().cloned().collect();
    let next = nth.and_then(|n| issued.get(n - 1)).filter(|_| !original);
    let d = match nth {
        Some(n) => d.as_reported(n).ok_or_else(missing)?,
        None => d,
    };
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
        (None, _) => serde_json::to_value(lab::FormFields::default()).map_err(Fault::internal)?,
    };
    let laboratory = match s.laboratory {
        Some(l) => registry::operator(&app.store, l).await?.map(|o| o.name).unwrap_or_default(),
        None => String::new(),
    };
    let dated = d.report_issued().filter(|_| paper == "report").map_or(s.sampled, |at| at.china_date());
    let made: Document =
        template.render(&facts(&d, next, &form, &laboratory, dated)).map_err(Fault::internal)?;
    let (title, body) = (made.title.get(lang).to_owned(), made.html(lang).to_owned());
    let base = if viewer.area() == Area::Laboratory { "/lab/samples" } else { "/desk/samples" };
    let path = format!("{base}/{id}/papers/{asked}");
    if is_pdf {
        let number = s.report_no.as_deref().filter(|_| paper == "report").unwrap_or(&s.form_no);
        let number: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let made = Made {
            subject: format!("sample:{id}"),
            region: s.region.clone(),
            name: paper,
            file: format!("{paper}-{number}"),
            // the same paper whoever asks for it
            known: known(&app, &body, &format!("/desk/samples/{id}/papers/{asked}")),
            link: format!("{}/desk/samples/{id}/papers/{asked}", app.origin),
            title,
            html: body,
            date: dated,
            // a form is kept once it is filled in, a report is there once it is approved; what a laboratory sees of a blind
            // sample is an extract
            is_final: !s.blind,
        };
        return file(&app, lang, made).await;
    }
    let page = layout::narrow(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[(&format!("{base}/{id}"), s.form_no.as_str()), ("", title.as_str())]))
            (layout::head(&title, &html! { a.button href={ (path) ".pdf" } { "PDF" } }))
            @if let (Some(next), Some(n)) = (next, nth) { (ui::message(Tone::Warn, &html! { p {
                (lang.pick("本报告已由更正报告替代，不再使用：", "Replaced by a corrected report, no longer to be used: "))
                a href={ (base) "/" (id) "/papers/report" } { (next.report_no.as_deref().unwrap_or_default()) } " · "
                a href={ (base) "/" (id) "/papers/original-" (n) ".pdf" } { (lang.pick("签发时的原件 PDF", "PDF as it was issued")) }
            } })) }
            article.doc { (PreEscaped(&body)) }
            p.small.soft { code.break { (known(&app, &body, &path)) } }
        },
    );
    Ok(page.into_response())
}

/// A paper of a record, by one of the templates of the rulebook.
pub(super) struct Sheet {
    /// The record it belongs to, as `kind:id`.
    pub(super) subject: String,
    /// Region code.
    pub(super) region: String,
    /// Name of its template.
    pub(super) name: &'static str,
    /// Name of the file, without its ending.
    pub(super) file: String,
    /// Its page; the PDF is beside it.
    pub(super) path: String,
    /// The page above it, with its title.
    pub(super) above: (String, String),
    /// What the template says.
    pub(super) facts: Json,
    /// It does not change any more: its first PDF is kept.
    pub(super) is_final: bool,
}

/// A paper of a record, as a page to print or as PDF.
pub(super) async fn sheet(app: &App, viewer: &Viewer, of: Sheet, is_pdf: bool) -> Answer {
    let lang = viewer.lang();
    let template = template(of.name).ok_or_else(|| Fault::not_found(&PAPER))?;
    let document: Document = template.render(&of.facts).map_err(Fault::internal)?;
    let (title, html) = (document.title.get(lang).to_owned(), document.html(lang).to_owned());
    let known = known(app, &html, &of.path);
    if is_pdf {
        let made = Made {
            link: format!("{}{}", app.origin, of.path),
            subject: of.subject,
            region: of.region,
            name: of.name,
            file: of.file,
            known,
            title,
            html,
            date: app.now().china_date(),
            is_final: of.is_final,
        };
        return file(app, lang, made).await;
    }
    let (above, above_title) = &of.above;
    let page = layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[(above.as_str(), above_title.as_str()), ("", title.as_str())]))
            (layout::head(&title, &html! { a.button href={ (of.path) ".pdf" } { "PDF" } }))
            article.doc { (PreEscaped(&html)) }
            p.small.soft { code.break { (known) } }
        },
    );
    Ok(page.into_response())
}

/// A body below the number it was issued under.
fn under_number(number: Option<&str>, html: &str) -> String {
    let number = super::documents::numbered(number).into_string();
    format!("{number}{html}")
}

/// The document of a matter as a paper; final once it is published.
fn of_document(app: &App, lang: Lang, d: &flow::view::DocumentView, now: base::Instant) -> Made {
    let html = under_number(d.number.as_deref(), d.html.get(lang));
    let is_final = d.status != "draft";
    let (state, path) = if is_final {
        ("", format!("/notices/{}", d.slug))
    } else {
        (lang.pick("草稿 · ", "draft · "), format!("/desk/documents/{}", d.id))
    };
    // a document for the parties alone has no public page
    let path = if is_final && d.audience != "public" { format!("/desk/documents/{}", d.id) } else { path };
    Made {
        subject: format!("document:{}", d.id),
        region: d.region.clone(),
        name: "document",
        file: d.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
        known: format!("{state}{}", known(app, &html, &path)),
        link: format!("{}{path}", app.origin),
        title: d.title.get(lang).to_owned(),
        html,
        date: d.published_at.unwrap_or(now).china_date(),
        is_final,
    }
}

/// `GET /desk/documents/{id}/document.pdf`: a document of a matter. Right: view document.
pub(crate) async fn document(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PAPER))?;
    let d = flow::view::document(&app.store, &app.access, &viewer.who, app.now(), id).await?;
    file(&app, lang, of_document(&app, lang, &d, app.now())).await
}

/// Issues the PDF of a document that was published just now. A machine without a font publishes the page alone; the PDF is
/// then issued with the first request after a font is there.
pub(super) async fn issue_document(app: &App, viewer: &Viewer, id: Id) -> Answer<()> {
    if let Err(missing) = app.faces.get() {
        tracing::warn!(%missing, document = %id, "published without PDF");
        return Ok(());
    }
    let d = flow::view::document(&app.store, &app.access, &viewer.who, app.now(), id).await?;
    bytes(app, Lang::Zh, of_document(app, Lang::Zh, &d, app.now())).await?;
    Ok(())
}

/// `GET /notices/{slug}/document.pdf`: a published document, for everybody.
pub(crate) async fn notice(State(app): State<Arc<App>>, viewer: Viewer, Path(slug): Path<String>) -> Answer {
    let lang = viewer.lang();
    let n = flow::view::notice(&app.store, &slug).await?;
    let html = under_number(n.number.as_deref(), n.html.get(lang));
    let path = format!("/notices/{}", n.slug);
    let made = Made {
        subject: format!("document:{}", n.id),
        region: n.region.clone(),
        name: "document",
        file: "notice".to_owned(),
        known: known(&app, &html, &path),
        link: format!("{}{path}", app.origin),
        title: n.title.get(lang).to_owned(),
        html,
        date: n.published_at.china_date(),
        is_final: true,
    };
    file(&app, lang, made).await
}

/// What the register says of a licence today. It changes with the day and is therefore not issued.
pub(super) async fn licence(app: &App, viewer: &Viewer, held: &Held) -> Answer {
    let lang = viewer.lang();
    let (l, holder) = (&held.licence, &held.holder);
    let today = app.now().china_date();
    let status = match l.status {
        registry::LicenceStatus::Valid if l.in_force(today) => Text::of("有效", "in force"),
        registry::LicenceStatus::Valid if l.expires.is_some_and(|d| d < today) => {
            Text::of("已过期", "expired")
        }
        registry::LicenceStatus::Valid => Text::of("尚未生效", "not yet in force"),
        other => other.label(),
    };
    let day = |d: Option<Date>| d.map(|d| d.to_string()).unwrap_or_default();
    let facts = json!({
        "number": l.number, "holder": holder.name, "class": l.class, "issued": day(l.issued), "expires": day(l.expires),
        "region_zh": region_name(Lang::Zh, &holder.region), "region_en": region_name(Lang::En, &holder.region),
        "status_zh": status.zh, "status_en": status.en, "dated": today.to_string(),
    });
    let template = template("licence").ok_or_else(|| Fault::not_found(&PAPER))?;
    let document: Document = template.render(&facts).map_err(Fault::internal)?;
    let html = document.html(lang).to_owned();
    let path = format!("/licences/{}", crate::ui::encode(&l.number));
    let made = Made {
        subject: format!("licence:{}", l.id),
        region: holder.region.clone(),
        name: "licence",
        file: "licence".to_owned(),
        known: known(app, &html, &path),
        link: format!("{}{path}", app.origin),
        title: document.title.get(lang).to_owned(),
        html,
        date: today,
        is_final: false,
    };
    file(app, lang, made).await
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
    fn the_form_of_a_blind_sample_leaves_the_place_out() {
        let mut facts = json!({
            "form_no": "01J8", "kind_zh": "监督抽检", "kind_en": "supervision", "office_zh": "市场监管", "office_en": "market",
            "stage_zh": "流通", "stage_en": "sale", "place": "", "region_zh": "", "region_en": "", "product": "大米", "lot": "",
            "produced": "", "producer": "", "base_qty": "", "sampled": "2026-11-20",
            "form": { "address": "", "licence_no": "", "trademark": "", "spec": "", "expires": "", "standard": "", "quantity": "2",
                "backup": "1", "unit": "kg", "storage": "", "paid": "", "pay_method": "", "seal_no": "F-1", "note": "", "signed": true },
        });
        let template = template("form").unwrap();
        let blind: Document = template.render(&facts).unwrap();
        for (lang, word) in [(Lang::Zh, "所在地"), (Lang::En, "Region")] {
            assert!(!blind.html(lang).contains(word), "{}", blind.html(lang));
        }
        facts["region_zh"] = json!("兰州市");
        facts["region_en"] = json!("Lanzhou");
        let open: Document = template.render(&facts).unwrap();
        assert!(open.html(Lang::Zh).contains("兰州市") && open.html(Lang::En).contains("Lanzhou"));
    }

    #[test]
    fn the_templates_of_the_papers_are_templates() {
        for name in ["report", "form", "licence", "inspection_notice", "inspection_record"] {
            assert!(!template(name).unwrap().check().unwrap().is_empty(), "{name}");
        }
    }
}
