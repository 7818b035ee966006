//! A firm's ledger for a period: what the law asks, row by row, and what is missing.

use super::{MOST_DAYS, operator, period, too_early};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Stat, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{CertificateCheck, Duty, LedgerKind, OperatorInfo, RecordQuery, RecordRow, Records};

/// Rows of a page.
const PAGE: usize = 50;

/// `GET /firm/records?kind=`: the own ledger. Right: view event, of the own operator.
pub(super) async fn own(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let id = operator(&viewer)?;
    page(&app, &viewer, "/firm/records", id, raw.as_deref()).await
}

/// `GET /desk/ledgers/{operator}?kind=`: a firm's ledger for who checks it. Right: view event, of the firm's region.
pub(super) async fn of_firm(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let found: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("主体", "operator")))?;
    page(&app, &viewer, &format!("/desk/ledgers/{id}"), found, raw.as_deref()).await
}

async fn page(app: &App, viewer: &Viewer, path: &str, id: Id, raw: Option<&str>) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(path, raw, "date");
    let is_own = viewer.who.operator == Some(id);
    let firm = app.supply.directory.operator(id).await.map_err(Fault::internal)?;
    let firm = firm.ok_or_else(|| Fault::not_found(&Text::of("主体", "operator")))?;
    let kinds = LedgerKind::of_forms(firm.places.iter().map(|p| p.form.as_str()));
    // the menu asks for what comes or what goes; which ledger that is depends on the firm
    let first = match links.get("way") {
        Some("out") => kinds.iter().copied().find(|k| !k.is_purchase()).unwrap_or(LedgerKind::Sales),
        _ => kinds.iter().copied().find(|k| k.is_purchase()).unwrap_or(LedgerKind::Purchase),
    };
    let kind = links.get("kind").and_then(LedgerKind::of).unwrap_or(first);
    let (from, to) = period(&links, app.now().china_date())?;
    let cx = context(app, viewer);
    let query = RecordQuery { operator: id, kind, from, to };
    let Records { mut rows, cut } = app.supply.records(&cx, &viewer.who, &query).await?;
    let (all, incomplete) = (rows.len(), rows.iter().filter(|r| !r.is_complete()).count());
    narrow(&mut rows, &links);
    sort(&mut rows, &links);
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, kind, &firm, &rows));
    }
    let skip: usize = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let total = rows.len();
    let shown: Vec<&RecordRow> = rows.iter().skip(skip).take(PAGE).collect();
    let next = (skip + shown.len() < total).then(|| (skip + shown.len()).to_string());
    let year = to.saturating_sub(jiff::Span::new().days(MOST_DAYS));
    let rule = kind.rule();
    let title = if is_own {
        lang.pick("台账", "Ledgers").to_owned()
    } else {
        format!("{} · {}", firm.name, lang.pick("台账", "ledgers"))
    };
    let figures = [
        Stat {
            figure: all.to_string(),
            label: lang.pick("本期记录", "rows in the period").to_owned(),
            href: Some(links.with(&[("only", ""), ("after", "")])),
            tone: Tone::Info,
        },
        Stat {
            figure: incomplete.to_string(),
            label: lang.pick("需要补正", "rows to mend").to_owned(),
            href: Some(links.with(&[("only", "gaps"), ("after", "")])),
            tone: if incomplete > 0 { Tone::Warn } else { Tone::Ok },
        },
    ];
    Ok(layout::page(viewer, &title, &html! {
        @if !is_own { (layout::crumbs(&[("/desk/ledgers", lang.pick("台账检查", "Ledger check")), ("", &title)])) }
        (layout::head(&title, &html! { @if is_own {
            a.button href={ "/firm/records/" (kind.word()) "/new" } { (lang.pick("记一笔", "Record one")) }
            a.button.plain href="/firm/batch" { (lang.pick("生产批次", "Batch made")) }
            a.button.plain href={ "/firm/upload#" (kind.word()) } { (lang.pick("上传表格", "Upload a sheet")) }
            a.button.plain href="/firm/batches" { (lang.pick("出入库批次", "Batch files")) }
        } @else { a.button.plain href={ "/desk/operators/" (id) } { (lang.pick("主体档案", "Operator")) } } }))
        nav.tabs aria-label=(lang.pick("台账种类", "Ledgers")) { @for k in &kinds {
            a href=(links.with(&[("kind", k.word()), ("way", if k.is_purchase() { "in" } else { "out" }), ("after", ""), ("only", "")])) aria-current=[(*k == kind).then_some("page")] { (k.rule().short().get(lang)) }
        } }
        p { strong { (rule.title().get(lang)) } " " span.soft { (rule.document.get(lang)) (rule.clause)
            @if rule.status != "verified" { " · " (lang.pick("条文待核", "wording unverified")) } } }
        (ui::stats(&figures))
        form.filters method="get" {
            input type="hidden" name="kind" value=(kind.word());
            @if let Some(way) = links.get("way") { input type="hidden" name="way" value=(way); }
            (ui::input(&Field { name: "from", label: lang.pick("自", "From"), value: &from.to_string(), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "To"), value: &to.to_string(), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "q", label: lang.pick("名称、批号、对方", "Name, lot, partner"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
            label.choice { input type="checkbox" name="only" value="gaps" checked[links.get("only") == Some("gaps")]; (lang.pick("只看缺项", "Incomplete only")) }
            button { (lang.pick("筛选", "Filter")) }
        }
        @if let Some(asked) = too_early(links.get("from"), from, to) { (ui::message(Tone::Warn, &html! { p { @match lang {
            Lang::Zh => { "一次最多显示 " (MOST_DAYS) " 天：" (asked) " 至 " (from) " 前的记录未列出，请另选截止日期查看。" }
            Lang::En => { "At most " (MOST_DAYS) " days are shown: what is between " (asked) " and " (from) " is left out. Choose an earlier end to see it." }
        } } })) }
        @if cut { (ui::message(Tone::Warn, &html! { p { (lang.pick("本期记录过多，只列出最近的部分；请缩短期间。", "The period has more records than are read at once: only the newest are listed. Choose a shorter one.")) } })) }
        @if shown.is_empty() { (ui::empty(lang.pick("本期没有符合条件的记录", "No row in this period"),
            lang.pick("可调整期间，或用手机“记一笔”、上传表格、由系统报送。", "Change the period; or record one on the phone, upload a sheet, or let your system report.")))
            @if links.get("from").is_none() { p { a href=(links.with(&[("from", &year.to_string()), ("after", "")])) { (lang.pick("查看最近一年", "Show the last year")) } } } }
        @else {
            (table(lang, kind, &shown, &links, is_own))
            (ui::pager(lang, &links, shown.len(), i64::try_from(total).ok(), next.as_deref(), true))
        }
        details { summary { (lang.pick("依法应当记录的事项", "What the law asks to be recorded")) }
            ul { @for f in &rule.fields { li { (f.title().get(lang)) " — " (duty(lang, f.duty)) " " span.soft { (f.clause) } } } }
            p.soft { (keep(lang, kind)) }
        }
    }).into_response())
}

fn duty(lang: Lang, duty: Duty) -> &'static str {
    match duty {
        Duty::Record => lang.pick("应当记录", "to be recorded"),
        Duty::Check => lang.pick("应当查验", "to be checked"),
        Duty::May => lang.pick("可以记录", "may be recorded"),
    }
}

fn keep(lang: Lang, kind: LedgerKind) -> String {
    let keep = kind.rule().keep;
    match keep.after_shelf_life_months {
        Some(months) => lang
            .pick(
                &format!(
                    "保存期限：不少于保质期满后 {months} 个月；没有明确保质期的，不少于 {} 个月。",
                    keep.otherwise_months
                ),
                &format!(
                    "Kept at least {months} months after the shelf life; {} months where none is stated.",
                    keep.otherwise_months
                ),
            )
            .to_owned(),
        None => lang
            .pick(
                &format!("保存期限：不少于 {} 个月。", keep.otherwise_months),
                &format!("Kept at least {} months.", keep.otherwise_months),
            )
            .to_owned(),
    }
}

fn narrow(rows: &mut Vec<RecordRow>, links: &ListLinks) {
    let text = links.get("q").map(str::to_lowercase);
    let gaps = links.get("only") == Some("gaps");
    rows.retain(|r| {
        let lot = &r.lot;
        let parts = [
            lot.name.as_deref(),
            lot.lot.as_deref(),
            lot.gtin.as_deref(),
            Some(&*r.partner_name),
            r.certificate.as_deref(),
        ];
        let fits = |t: &str| parts.iter().flatten().any(|p| p.to_lowercase().contains(t));
        text.as_deref().is_none_or(fits) && (!gaps || !r.is_complete())
    });
}

fn sort(rows: &mut [RecordRow], links: &ListLinks) {
    let name = |r: &RecordRow| r.lot.name.clone().unwrap_or_default();
    match links.sort.as_str() {
        "name" => rows.sort_by_key(name),
        "partner" => rows.sort_by(|a, b| a.partner_name.cmp(&b.partner_name)),
        "keep" => rows.sort_by_key(|r| r.keep_until),
        "missing" => rows.sort_by_key(|r| std::cmp::Reverse(r.missing.len())),
        // newest first as read; ascending means the oldest first
        _ if links.get("sort").is_some() => rows.sort_by_key(|r| r.date),
        _ => return,
    }
    if links.desc {
        rows.reverse();
    }
}

fn table(lang: Lang, kind: LedgerKind, rows: &[&RecordRow], links: &ListLinks, is_own: bool) -> Markup {
    let rule = kind.rule();
    let columns = [
        Column::text("日期", "Date").by("date"),
        Column::text("名称", "Name").by("name"),
        Column::num("数量", "Quantity"),
        Column::text("批号与保质期", "Lot and shelf life"),
        Column { title: rule.partner(), sort: Some("partner"), num: false },
        Column::text("证明", "Certificates"),
        Column::text("缺项", "Missing").by("missing"),
        Column::text("保存至", "Keep until").by("keep"),
    ];
    let cells: Vec<Vec<Markup>> = rows.iter().map(|r| cells(lang, kind, r, is_own)).collect();
    ui::table(lang, rule.title().get(lang), &columns, &cells, Some(links))
}

fn cells(lang: Lang, kind: LedgerKind, r: &RecordRow, is_own: bool) -> Vec<Markup> {
    let lot = &r.lot;
    let name = lot.name.as_deref().unwrap_or(lang.pick("未填名称", "no name"));
    let rule = kind.rule();
    let none = || html! { span.soft { "—" } };
    vec![
        html! { (r.date) @if rule.direction == supply::Course::Both { " " span.small.soft { (if r.comes { lang.pick("进口", "import") } else { lang.pick("销售", "sale") }) } } },
        html! { @if is_own { a href={ "/firm/lots/view?item=" (ui::encode(&lot.item)) } { (name) } } @else { (name) }
        @if let Some(spec) = &lot.spec { " " span.small.soft { (spec) } } },
        html! { @if r.quantity.is_some() { (r.amount()) } @else { (none()) } },
        html! { @match (&lot.lot, &lot.produced) { (Some(l), _) => span.break { (l) }, (None, Some(d)) => { (d) }, _ => { (none()) } }
        @if let Some(s) = &r.shelf_life { br; span.small.soft { (lang.pick("保质期 ", "shelf life ")) (s) } } },
        html! { @if r.consumer { (lang.pick("消费者", "consumer")) } @else if r.partner_name.is_empty() { (none()) } @else { span.break { (r.partner_name) } }
        @if let Some(address) = &r.address { br; span.small.soft { @if address.is_empty() { (lang.pick("地址已封存", "address sealed")) } @else { (address) } } }
        @if r.contact { br; span.small.soft { (lang.pick("联系方式已封存", "contact sealed")) } } },
        html! { @match &r.certificate { Some(number) => { @if let Some(ours) = supply::certificate_number(number) { a.break href={ "/cert/" (ours) } { (number) } } @else { span.break { (number) } }
            @match &r.check { Some(CertificateCheck::Fits) => { " " (ui::badge(Tone::Ok, lang.pick("相符", "fits"))) }, Some(CertificateCheck::Misfit(why)) => { " " (ui::badge(Tone::Bad, why.get(lang))) }, _ => {} } }, None => { (none()) } }
        @if let Some(l) = &r.licence { br; span.small.soft { (lang.pick("许可证 ", "licence ")) (l) } } },
        html! { @if r.missing.is_empty() { (ui::badge(Tone::Ok, lang.pick("齐全", "complete"))) }
        @else { @if is_own { a href={ "/firm/records/" (kind.word()) "/new?mend=" (r.event) } { (lang.pick("补正", "Mend")) } " " }
            @for f in r.missing.iter().filter_map(|id| rule.field(id)) { (ui::badge(if f.duty == Duty::Check { Tone::Info } else { Tone::Warn }, f.title().get(lang))) " " } } },
        html! { (r.keep_until) },
    ]
}

fn sheet(lang: Lang, kind: LedgerKind, firm: &OperatorInfo, rows: &[RecordRow]) -> paper::sheet::Sheet {
    let rule = kind.rule();
    let mut header: Vec<String> = rule.fields.iter().map(|f| f.title().get(lang).to_owned()).collect();
    for more in [
        Text::of("商品条码", "barcode"),
        Text::of("记录单位", "keeper"),
        Text::of("缺项", "missing"),
        Text::of("保存至", "keep until"),
        Text::of("事件编号", "event"),
    ] {
        header.push(more.get(lang).to_owned());
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut sheet = crate::export::sheet(&format!("ledger-{}", kind.word()), &header);
    for r in rows {
        let or = |t: &Option<String>| t.clone().unwrap_or_default();
        let mut cells: Vec<String> = rule
            .fields
            .iter()
            .map(|f| match f.id.as_str() {
                "name" => or(&r.lot.name),
                "spec" => or(&r.lot.spec),
                "quantity" => r.amount(),
                "lot" => r.lot.lot.clone().or_else(|| r.lot.produced.clone()).unwrap_or_default(),
                "shelf_life" => or(&r.shelf_life),
                "date" => r.date.to_string(),
                "partner" if r.consumer => lang.pick("消费者", "consumer").to_owned(),
                "partner" => r.partner_name.clone(),
                "address" => match r.address.as_deref() {
                    Some("") => lang.pick("已封存", "sealed").to_owned(),
                    other => other.unwrap_or_default().to_owned(),
                },
                "contact" if r.contact => lang.pick("已封存", "sealed").to_owned(),
                "licence" => or(&r.licence),
                "certificate" => or(&r.certificate),
                "document" => or(&r.document),
                _ => String::new(),
            })
            .collect();
        let missing: Vec<String> = r
            .missing
            .iter()
            .filter_map(|id| rule.field(id))
            .map(|f| f.title().get(lang).to_owned())
            .collect();
        cells.extend([
            or(&r.lot.gtin),
            firm.name.clone(),
            missing.join(lang.pick("、", ", ")),
            r.keep_until.to_string(),
            r.event.to_string(),
        ]);
        sheet.rows.push(crate::export::texts(cells));
    }
    sheet
}
