//! The lengths of GS1 company prefixes: what they are taken from, and how a Digital Link reads as an EPC URN.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks};
use access::Resource;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::Text;
use epcis::ident::{PrefixLengths, canonical};
use maud::{Markup, html};
use registry::{CompanyPrefix, PrefixSource, prefix};
use std::sync::Arc;

const PATH: &str = "/desk/prefixes";
const PAGE: usize = 200;

fn may(app: &App, viewer: &Viewer, action: &str) -> Answer<()> {
    // how keys are read is the whole province's
    app.access.check(&viewer.who, action, &Resource::new("job", ""), app.now())?;
    Ok(())
}

fn source(s: PrefixSource) -> Text {
    match s {
        PrefixSource::Rulebook => Text::of("规则库（待核）", "rulebook (unverified)"),
        PrefixSource::List => Text::of("GS1 长度表", "GS1 list"),
        PrefixSource::Admin => Text::of("管理员", "administrator"),
        PrefixSource::Firm => Text::of("企业", "firm"),
    }
}

/// `GET /desk/prefixes`. Right: view job.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    may(&app, &viewer, "view")?;
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "leading");
    let all = registry::company_prefixes(&app.store).await?;
    if let Some(format) = links.get("format") {
        let mut sheet = crate::export::sheet("prefixes", &["leading", "length", "source", "at"]);
        for p in &all {
            let cells = [p.leading.clone(), p.length.to_string(), p.source.word().to_owned(), p.at.rfc3339()];
            sheet.rows.push(crate::export::texts(cells));
        }
        return crate::export::download(format, &sheet);
    }
    let q = links.get("q").unwrap_or_default();
    let after = links.get("after").unwrap_or_default();
    let fits =
        |p: &&CompanyPrefix| p.leading.starts_with(q) && (after.is_empty() || p.leading.as_str() > after);
    let found: Vec<&CompanyPrefix> = all.iter().filter(fits).take(PAGE + 1).collect();
    let shown = &found[..found.len().min(PAGE)];
    let next = (found.len() > PAGE).then(|| shown.last().map(|p| p.leading.clone())).flatten();
    let title = lang.pick("厂商识别代码长度", "Lengths of company prefixes");
    let tried = links.get("try").unwrap_or_default();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        p { (lang.pick("把 GS1 Digital Link 写成 EPC URN 时需要知道厂商识别代码有几位；不知道的不会猜，保持原样。",
            "To write a GS1 Digital Link as an EPC URN the length of the company prefix must be known; where it is not, nothing is guessed and the link stays.")) }
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("前缀开头", "Begins with"), value: q, kind: "search", ..Field::default() }))
            (ui::input(&Field { name: "try", label: lang.pick("试换算（链接或 URN）", "Try a link or URN"), value: tried, ..Field::default() }))
            button { (lang.pick("查询", "Look up")) }
        }
        @if !tried.is_empty() { (attempt(&app, &viewer, tried)) }
        @if shown.is_empty() { (ui::empty(lang.pick("没有前缀", "No prefix"), lang.pick("可在下面导入 GS1 长度表，或采用规则库中的建议。", "Import GS1's list below, or adopt what the rulebook proposes."))) }
        @else { (table(&viewer, shown)) (ui::pager(lang, &links, shown.len(), i64::try_from(all.len()).ok(), next.as_deref(), true)) }
        (forms(&viewer))
    })
    .into_response())
}

fn attempt(app: &App, viewer: &Viewer, text: &str) -> Markup {
    let lang = viewer.lang();
    let link = canonical(text);
    let urn = app.prefixes.current().to_urn(link.as_deref().unwrap_or(text));
    let none = lang.pick("（没有，或不知道前缀长度）", "(none, or the length of the prefix is not known)");
    ui::facts(
        lang,
        &[
            (
                Text::of("规范链接", "Canonical link"),
                html! { code.break { (link.as_deref().unwrap_or(none)) } },
            ),
            (Text::of("EPC URN", "EPC URN"), html! { code.break { (urn.as_deref().unwrap_or(none)) } }),
        ],
    )
}

fn table(viewer: &Viewer, shown: &[&CompanyPrefix]) -> Markup {
    let lang = viewer.lang();
    let rows: Vec<Vec<Markup>> = shown
        .iter()
        .map(|p| {
            vec![
                html! { code { (p.leading) "…" } },
                html! { (p.length) },
                html! { (source(p.source).get(lang)) },
                html! { (p.at.china_date()) },
                html! { form method="post" action={ (PATH) "/" (p.leading) "/remove" } { (layout::csrf(viewer)) button.plain { (lang.pick("删除", "Remove")) } } },
            ]
        })
        .collect();
    let columns = [
        Column::text("开头", "Begins with"),
        Column::num("位数", "Digits"),
        Column::text("来源", "Source"),
        Column::text("日期", "Since"),
        Column::text("操作", "Action"),
    ];
    ui::table(lang, lang.pick("厂商识别代码长度", "Lengths of company prefixes"), &columns, &rows, None)
}

fn forms(viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    html! {
        section.card { h2 { (lang.pick("导入 GS1 长度表", "Import GS1's list")) }
            p.small.soft { (lang.pick("GS1 发布的 GCPPrefixFormatList（XML 或 JSON）；整表替换上次导入的。", "The GCPPrefixFormatList that GS1 publishes (XML or JSON); it replaces the one imported before.")) }
            form method="post" action={ (PATH) "/import" } enctype="multipart/form-data" {
                (layout::csrf(viewer))
                div.field { label for="file" { (lang.pick("文件", "File")) } input #file type="file" name="file" required accept=".xml,.json"; }
                button { (lang.pick("导入", "Import")) }
            }
        }
        section.card { h2 { (lang.pick("登记一个前缀", "Enter one")) }
            form method="post" action=(PATH) {
                (layout::csrf(viewer))
                (ui::input(&Field { name: "leading", label: lang.pick("前几位数字", "Leading digits"), required: true, kind: "text", ..Field::default() }))
                (ui::input(&Field { name: "length", label: lang.pick("厂商识别代码位数（6–12）", "Digits of the company prefix (6–12)"), required: true, kind: "number", ..Field::default() }))
                button { (lang.pick("登记", "Enter")) }
            }
        }
        section.card { h2 { (lang.pick("采用规则库的建议", "Adopt what the rulebook proposes")) }
            p.small { (lang.pick("以下来自对 GB 12904 的记忆，未经核对，采用前请与中国物品编码中心的资料核对：", "From memory of GB 12904, not verified; compare with the papers of the Article Numbering Center before you adopt them: ")) }
            ul { @for (leading, length, basis) in prefix::proposed() { li { code { (leading) "…" } " " (length) (lang.pick(" 位", " digits")) " " span.small.soft { (basis) } } } }
            form method="post" action={ (PATH) "/adopt" } { (layout::csrf(viewer)) button.plain { (lang.pick("采用", "Adopt")) } }
        }
    }
}

/// `POST /desk/prefixes`, `/import` and `/adopt`. Right: administer job.
pub(super) async fn set(
    State(app): State<Arc<App>>,
    path: Option<Path<String>>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let (source, rows) = match path.as_ref().map(|p| p.0.as_str()) {
        None => {
            let bad = || {
                Fault::bad("length", Text::of("位数应为整数。", "The number of digits is a whole number."))
            };
            let length = posted.get("length").parse().map_err(|_| bad())?;
            (PrefixSource::Admin, vec![(posted.get("leading").to_owned(), length)])
        }
        Some("adopt") => {
            let proposed = prefix::proposed().map(|(leading, length, _)| (leading.to_owned(), length));
            (PrefixSource::Rulebook, proposed.collect())
        }
        Some("import") => {
            let file = posted.files.iter().find(|f| f.field == "file");
            let file = file.ok_or_else(|| Fault::bad("file", Text::of("请选择文件。", "Choose a file.")))?;
            let rows = PrefixLengths::read_list(&file.bytes).map_err(|e| {
                Fault::bad(
                    "file",
                    Text::new(
                        format!("不是 GS1 的前缀长度表：{e}"),
                        format!("This is not GS1's list of prefix lengths: {e}"),
                    ),
                )
            })?;
            (PrefixSource::List, rows)
        }
        Some(_) => return Err(Fault::not_found(&Text::of("页面", "page"))),
    };
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    registry::set_prefixes(&mut tx, &cx, &app.access, &posted.viewer.who, source, &rows).await?;
    tx.commit().await?;
    app.prefixes.load(&app.store).await?;
    Ok(Redirect::to(PATH).into_response())
}

/// `POST /desk/prefixes/{leading}/remove`. Right: administer job.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(leading): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    registry::remove_prefix(&mut tx, &cx, &app.access, &posted.viewer.who, &leading).await?;
    tx.commit().await?;
    app.prefixes.load(&app.store).await?;
    Ok(Redirect::to(PATH).into_response())
}
