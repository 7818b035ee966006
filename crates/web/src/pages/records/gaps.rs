//! Where the ledgers of a region have gaps, firm by firm: the officer's list before a visit.

use super::period;
use crate::fault::Answer;
use crate::layout;
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Stat, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{FirmGaps, GapOrder, GapQuery, Lack, LedgerKind};

const PAGE: u32 = 50;
/// Firms of a file at most.
const EXPORTED: u32 = 100_000;
const PATH: &str = "/desk/ledgers";

/// `GET /desk/ledgers`. Right: view event, within the own regions.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "total");
    let (from, to) = period(&links, app.now().china_date())?;
    let region = links.get("region").unwrap_or_default();
    let exported = links.get("format");
    let skip: u32 = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let query = GapQuery {
        region: region.to_owned(),
        from,
        to,
        name: links.get("q").unwrap_or_default().to_owned(),
        lack: links.get("only").filter(|o| !o.is_empty()).map(|only| match only {
            "link" => Lack::Link,
            field => Lack::Field(field.to_owned()),
        }),
        order: match links.sort.as_str() {
            "name" => GapOrder::Name,
            "rows" => GapOrder::Rows,
            "region" => GapOrder::Region,
            _ => GapOrder::Gaps,
        },
        reversed: links.desc,
        skip: if exported.is_some() { 0 } else { skip },
        take: if exported.is_some() { EXPORTED } else { PAGE },
    };
    let found = app.supply.record_gaps(&viewer.who, app.now(), &query).await?;
    if let Some(format) = exported {
        return crate::export::download(format, &sheet(lang, &found.firms));
    }
    let shown = &found.firms;
    let behind = skip.saturating_add(PAGE);
    let next = (i64::from(behind) < found.count).then(|| behind.to_string());
    // before the rows are made for the first time nothing is known, which is not nothing found
    let is_made = found.as_of.is_some();
    let stat = |n: i64, zh: &str, en: &str, tone: Tone| Stat {
        figure: if is_made { n.to_string() } else { "—".to_owned() },
        label: lang.pick(zh, en).to_owned(),
        href: None,
        tone: match n {
            _ if !is_made => Tone::Info,
            0 => Tone::Ok,
            _ => tone,
        },
    };
    let fields = choices::any(
        lang,
        &choices::ALL,
        [
            ("licence", Text::of("缺许可证", "no licence")),
            ("certificate", Text::of("缺合格证明", "no certificate")),
            ("quantity", Text::of("缺数量", "no quantity")),
            ("partner", Text::of("缺对方名称", "no partner")),
            ("lot", Text::of("缺批号", "no lot")),
            ("shelf_life", Text::of("缺保质期", "no shelf life")),
            ("contact", Text::of("缺联系方式", "no contact")),
            ("link", Text::of("上下游对不上", "links that do not fit")),
        ],
    );
    let title = lang.pick("台账检查", "Ledger check");
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button.plain href="/desk/certificates" { (lang.pick("承诺达标合格证", "Certificates")) } }))
        p { (lang.pick("按各单位业态对照《食品安全法》第五十、五十一、五十三、六十五、九十八条，列出本期进货、出厂、销售记录的缺项和上下游不相符之处。",
            "By the business form of each place, what the Food Safety Law (articles 50, 51, 53, 65, 98) asks to be recorded and the records of the period lack, and where the records of partners do not meet.")) }
        (ui::stats(&[
            stat(found.count, "有记录的单位", "firms with records", Tone::Info),
            stat(found.incomplete, "缺项记录", "incomplete rows", Tone::Warn),
            stat(found.certificate, "合格证不符", "certificates that do not fit", Tone::Bad),
            stat(found.received_unshipped, "收到而无人发出", "received, never shipped", Tone::Bad),
            stat(found.shipped_unreceived, "发出而从未收到", "shipped, never received", Tone::Bad),
        ]))
        form.filters method="get" {
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region, ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::input(&Field { name: "from", label: lang.pick("自", "From"), value: &from.to_string(), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "To"), value: &to.to_string(), kind: "date", ..Field::default() }))
            (ui::select(&Field { name: "only", label: lang.pick("缺什么", "What is missing"), value: links.get("only").unwrap_or_default(), ..Field::default() }, &fields))
            (ui::input(&Field { name: "q", label: lang.pick("单位名称", "Firm"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
            button { (lang.pick("筛选", "Filter")) }
        }
        @match found.as_of {
            Some(at) => p.soft { (lang.pick("数字跟随记录更新，截至 ", "The figures follow the records; as of ")) (at.china_minute()) },
            None => { (ui::message(Tone::Info, &html! { p { (lang.pick("台账数字正在首次汇总，请稍候刷新。", "The figures are being made for the first time; look again in a moment.")) } })) }
        }
        @if !is_made {}
        @else if shown.is_empty() { (ui::empty(lang.pick("没有符合条件的单位", "No firm fits"), lang.pick("请放宽地区、期间或筛选条件。", "Widen region, period or filter."))) }
        @else {
            (table(lang, shown, &links, (&from.to_string(), &to.to_string())))
            (ui::pager(lang, &links, shown.len(), Some(found.count), next.as_deref(), true))
        }
    }).into_response())
}

/// The heading of a field, from whichever record has it.
fn field(lang: Lang, id: &str) -> String {
    let found = LedgerKind::ALL.into_iter().find_map(|k| k.rule().field(id));
    found.map_or_else(|| id.to_owned(), |f| f.title().get(lang).to_owned())
}

fn missing(lang: Lang, f: &FirmGaps) -> Vec<String> {
    let mut all: Vec<(&String, &i64)> = f.missing.iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    all.into_iter().map(|(id, n)| format!("{} {n}", field(lang, id))).collect()
}

fn table(lang: Lang, firms: &[FirmGaps], links: &ListLinks, (from, to): (&str, &str)) -> Markup {
    let columns = [
        Column::text("单位", "Firm").by("name"),
        Column::text("地区", "Region").by("region"),
        Column::num("记录", "Rows").by("rows"),
        Column::num("缺项", "Incomplete").by("total"),
        Column::text("缺什么", "What is missing"),
        Column::num("收到无发货", "Received, not shipped"),
        Column::num("发出无来源", "Shipped, no source"),
    ];
    let cells: Vec<Vec<Markup>> = firms.iter().map(|f| {
        let href = format!("{PATH}/{}?only=gaps&from={from}&to={to}", f.operator);
        vec![
            html! { a href=(href) { (f.name) } },
            html! { (region_name(lang, &f.region.chars().take(6).collect::<String>())) },
            html! { (f.rows) },
            html! { (f.incomplete) },
            html! { @for m in missing(lang, f) { (ui::badge(Tone::Warn, &m)) " " } @if f.certificate > 0 { (ui::badge(Tone::Bad, &format!("{} {}", lang.pick("合格证不符", "certificate misfit"), f.certificate))) } },
            html! { (f.received_unshipped) },
            html! { (f.shipped_unreceived) },
        ]
    }).collect();
    ui::table(lang, lang.pick("各单位台账缺项", "Gaps by firm"), &columns, &cells, Some(links))
}

fn sheet(lang: Lang, firms: &[FirmGaps]) -> paper::sheet::Sheet {
    let header: Vec<&str> = lang.pick("单位,地区代码,记录,缺项记录,缺什么,合格证不符,收到无发货,发出无来源,其他不符", "firm,region,rows,incomplete,missing,certificate_misfit,received_unshipped,shipped_unreceived,other").split(',').collect();
    let mut sheet = crate::export::sheet("ledger-gaps", &header);
    for f in firms {
        sheet.rows.push(crate::export::texts([
            f.name.clone(),
            f.region.clone(),
            f.rows.to_string(),
            f.incomplete.to_string(),
            missing(lang, f).join(lang.pick("；", "; ")),
            f.certificate.to_string(),
            f.received_unshipped.to_string(),
            f.shipped_unreceived.to_string(),
            f.other.to_string(),
        ]));
    }
    sheet
}
