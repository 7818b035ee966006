//! The firm's first page: what is due, what is on hand, what was told lately, what does not fit.

use super::{lot_link, operator};
use crate::fault::Answer;
use crate::layout;
use crate::pages::show::clock_badge;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Stat, Tone};
use axum::extract::State;
use base::Lang;
use chain::GapKind;
use flow::view::{MatterFilter, TaskFilter, TaskState, Turn, Whose};
use lab::{NonconformityFilter, NonconformityState};
use maud::{Markup, html};
use std::sync::Arc;
use supply::GapView;

/// Rows of each list on this page.
const FEW: usize = 5;
/// Gaps shown.
const GAPS: usize = 20;

/// `GET /firm`. Right: view lot, of the own operator.
pub(super) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let own = operator(&viewer)?;
    let (now, who) = (app.now(), &viewer.who);
    let cx = crate::session::context(&app, &viewer);
    let holdings = app.supply.lots_of(&cx, who, own, None, 0, FEW).await?;
    let gaps = app.supply.gaps(&cx, who, own).await?;
    let jobs = app.supply.capture_jobs(who, now, None, 5).await?;
    let filter = MatterFilter {
        operator: Some(own),
        running: Some(true),
        turn: Some(Turn::Operator),
        ..MatterFilter::default()
    };
    let (engine, access) = (&app.engine, &app.access);
    let matters = flow::view::matters(&app.store, engine, access, who, now, &filter, None, FEW).await?;
    let filter = TaskFilter { whose: Whose::All, state: TaskState::Open, ..TaskFilter::default() };
    let tasks = flow::view::tasks_for(&app.store, engine, access, who, now, &filter, None, FEW).await?;
    let due = matters.rows.len() + tasks.rows.len();
    let open = NonconformityFilter {
        operator: Some(own),
        state: Some(NonconformityState::Open),
        limit: u32::try_from(FEW).unwrap_or(5),
        ..NonconformityFilter::default()
    };
    let failed = app.lab.nonconformities(&app.store, who, now, &open).await?;
    let names = registry::operator_names(&app.store, &[own]).await?;
    let title = match names.get(&own) {
        Some(name) => format!("{}{}", lang.pick("本单位：", "My firm: "), name.get(lang)),
        None => lang.pick("本单位", "My firm").to_owned(),
    };
    let title = title.as_str();
    let stat = |figure: String, zh: &str, en: &str, href: &str, tone: Tone| Stat {
        figure,
        label: lang.pick(zh, en).to_owned(),
        href: Some(href.to_owned()),
        tone,
    };
    let more = if matters.next.is_some() || tasks.next.is_some() { "+" } else { "" };
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (layout::head(title, &html! { a.button href="/firm/upload" { (lang.pick("上传台账", "Upload a ledger")) }
                a.button.plain href="/firm/matters/new" { (lang.pick("申请许可、备案、信用修复", "Apply for a licence, a filing, a repair")) } }))
            (ui::stats(&[
                stat(format!("{due}{more}"), "待办义务", "duties to do", "/firm/duties", if due > 0 { Tone::Warn } else { Tone::Ok }),
                stat(format!("{}{}", failed.rows.len(), if failed.next.is_some() { "+" } else { "" }), "抽检不合格，处置中", "failed samples under way", "/firm/results?state=open", if failed.rows.is_empty() { Tone::Ok } else { Tone::Bad }),
                stat(holdings.total.to_string(), "批次", "lots", "/firm/lots", Tone::Info),
                stat(gaps.len().to_string(), "对不上的记录", "records that do not fit", "#gaps", if gaps.is_empty() { Tone::Ok } else { Tone::Warn }),
            ]))
            section {
                h2 { (lang.pick("待办义务", "Duties")) }
                @if due == 0 { p.soft { (lang.pick("目前没有需要办理的事项。", "Nothing to do now.")) } }
                @else { ul.tasks {
                    @for m in &matters.rows { li {
                        h3 { a href={ "/firm/duties/" (m.id) } { (m.title.get(lang)) } }
                        p { @if let Some(due) = &m.due { (due.title.get(lang)) " " (clock_badge(lang, due)) " " } (ui::badge(Tone::Info, m.state_title.get(lang))) }
                    } }
                    @for t in &tasks.rows { li {
                        h3 { a href={ "/desk/tasks/" (t.id) } { (t.kind_title.get(lang)) " · " (t.title.get(lang)) } }
                        p { @if let Some(due) = &t.due { (clock_badge(lang, due)) } }
                    } }
                } p { a href="/firm/duties" { (lang.pick("全部义务", "All duties")) } } }
            }
            section {
                h2 { (lang.pick("最近的批次", "Newest lots")) }
                @if holdings.rows.is_empty() {
                    (ui::empty(lang.pick("还没有批次", "No lots yet"), lang.pick("上传进货台账，或由您的系统通过 EPCIS 接口报送。", "Upload a purchase ledger, or let your system send EPCIS.")))
                } @else {
                    (super::lots::table(lang, &holdings.rows, &holdings.legend, None))
                    p { a href="/firm/lots" { (lang.pick("全部批次", "All lots")) } }
                }
            }
            section {
                h2 { (lang.pick("最近的采集", "Latest captures")) }
                @if jobs.is_empty() { p.soft { (lang.pick("还没有采集记录。", "Nothing captured yet.")) } }
                @else { (super::captures::table(lang, &jobs, None)) }
            }
            section #gaps {
                h2 { (lang.pick("对不上的记录", "Records that do not fit")) }
                @if gaps.is_empty() { p.soft { (lang.pick("上下游记录相互吻合。", "Your records and your partners' fit together.")) } }
                @else {
                    (gap_table(lang, &gaps))
                    @if gaps.len() > GAPS { p.soft { (lang.pick("仅显示最早的 20 条。", "The oldest 20 are shown.")) } }
                }
            }
        },
    ))
}

/// What does not fit, in the firm's words, and what to do about it.
const fn gap_words(lang: Lang, kind: GapKind) -> (&'static str, &'static str) {
    match kind {
        GapKind::ReceivedUnshipped => (
            lang.pick("收到了无人报送发货的货物", "Received what nobody recorded shipping"),
            lang.pick(
                "请供货者补报发货，或核对供货者代码",
                "Ask the supplier to report the shipment, or check the supplier code",
            ),
        ),
        GapKind::SentUnreceived => (
            lang.pick(
                "发出、使用或售出了没有来源的货物",
                "Shipped, used or sold what was never received or made",
            ),
            lang.pick("请补报进货或生产", "Report the purchase or production"),
        ),
        GapKind::NotReceived => (
            lang.pick("已发货，对方尚未报送收货", "Shipped, not yet recorded as received"),
            lang.pick("请提醒收货者报送", "Remind the recipient"),
        ),
        GapKind::ReceiptMissing => (
            lang.pick("对方报送已发货给您，您没有收货记录", "Shipped to you, no receipt recorded"),
            lang.pick("请补报进货，或说明未收到", "Report the purchase, or that it did not arrive"),
        ),
        GapKind::ShipmentMissing => (
            lang.pick("对方报送从您处收货，您没有发货记录", "Received from you, no shipment recorded"),
            lang.pick("请补报销售", "Report the sale"),
        ),
        GapKind::SeenUnreceived => (
            lang.pick("此处出现过从未进货或生产的货物", "Seen here, never received or made"),
            lang.pick("请补报进货或生产", "Report the purchase or production"),
        ),
        GapKind::Overdrawn => (
            lang.pick("发出多于进货", "More went out than came in"),
            lang.pick("请核对数量和单位", "Check quantities and units"),
        ),
    }
}

fn gap_table(lang: Lang, gaps: &[GapView]) -> Markup {
    let rows: Vec<Vec<Markup>> = gaps
        .iter()
        .take(GAPS)
        .map(|g| {
            let (what, remedy) = gap_words(lang, g.kind);
            vec![
                html! { (g.time.china_date()) },
                html! { (lot_link(lang, &g.lot)) },
                html! { (what) },
                html! { @if let Some(q) = &g.quantity { (crate::pages::scope::quantity(q)) } @else { "—" } },
                html! { (remedy) },
            ]
        })
        .collect();
    let columns = [
        Column::text("日期", "Date"),
        Column::text("批次", "Lot"),
        Column::text("情况", "What"),
        Column::num("数量", "Quantity"),
        Column::text("办法", "Remedy"),
    ];
    ui::table(lang, lang.pick("对不上的记录", "Records that do not fit"), &columns, &rows, None)
}
