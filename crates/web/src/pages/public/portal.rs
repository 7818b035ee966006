//! The front page of the public site.

use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::pages::notices;
use crate::state::App;
use crate::ui::{self, Field, Stat, Tone};
use axum::extract::State;
use base::Text;
use flow::view::NoticeFilter;
use maud::{Markup, html};
use std::sync::Arc;

/// Notices on the front page.
const NEWEST: usize = 8;

/// `GET /`
pub(crate) async fn show(State(app): State<Arc<App>>, viewer: Viewer) -> Answer<Markup> {
    let lang = viewer.lang();
    let newest = flow::view::notices(&app.store, &NoticeFilter::default(), None, NEWEST).await?;
    let operators: i64 = registry::operators_in(&app.store, "").await?.iter().map(|(_, n)| n).sum();
    let lots = app.supply.index.read(chain::Index::stats).items;
    let reports = lab::reports_submitted(&app.store).await?;
    let size = ledger::standing(&app.store).await?.signed;
    let stat = |figure: String, label: Text, href: Option<&str>| Stat {
        figure,
        label: label.get(lang).to_owned(),
        href: href.map(ToOwned::to_owned),
        tone: Tone::Info,
    };
    let title = lang.pick("甘肃食品安全公众服务", "Food safety in Gansu, for everybody");
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            div.grid {
                section.card { h2 { (lang.pick("查一个批次", "Look up a lot")) } (super::lot::search(lang, "", "")) }
                section.card { h2 { (lang.pick("查一家店铺或企业", "Look up a shop or producer")) }
                    form method="get" action="/shops" {
                        (ui::input(&Field { name: "q", label: lang.pick("名称、拼音首字母或信用代码", "Name, pinyin initials or credit code"), kind: "search", required: true, ..Field::default() }))
                        button { (lang.pick("查店铺", "Search")) }
                    }
                }
            }
            div.actions {
                a.button href="/petitions" { (lang.pick("我要投诉、举报", "Complain or report")) } " "
                a.button.plain href="/follow" { (lang.pick("查办理进度", "Follow what you sent")) } " "
                a.button.plain href="/licences" { (lang.pick("查许可证", "Look up a licence")) }
            }
            h2 { (lang.pick("最新公告", "Latest notices")) }
            @if newest.rows.is_empty() { (ui::empty(lang.pick("目前没有公告", "No notice at present"), lang.pick("召回与抽检公告发布后会出现在这里。", "Recall and sampling notices appear here when published."))) }
            @else { (notices::lines(&viewer, &newest.rows)) p { a href="/notices" { (lang.pick("全部公告", "All notices")) } } }
            (ui::stats(&[
                stat(operators.to_string(), Text::of("在业生产经营主体", "operators in business"), Some("/shops")),
                stat(lots.to_string(), Text::of("可追溯批次与单品", "lots and items traced"), Some("/lot")),
                stat(reports.to_string(), Text::of("监督抽检报告", "supervision reports"), Some("/results")),
                stat(size.to_string(), Text::of("已存证记录", "records under proof"), Some("/log/checkpoint")),
            ]))
            section.card { h2 { (lang.pick("怎样验证一份公告没有被改过", "How to verify that a notice was not changed")) }
                ol {
                    li { (lang.pick("打开公告，下载“回执”和“原文”。", "Open the notice; download its receipt and its text.")) }
                    li { (lang.pick("保存", "Keep the ")) a href="/verify.html" download { (lang.pick("离线验证页", "offline verifier")) } (lang.pick("，断网也能打开。", "; it opens without a network.")) }
                    li { (lang.pick("把回执放进验证页：任何一个字被改动都会显示出来。", "Give it the receipt: a single changed character shows.")) }
                }
                p { a href="/verify" { (lang.pick("现在验证", "Verify now")) } " · " a href="/limits" { (lang.pick("查食品限量标准", "Look up limits in food")) } }
            }
        },
    ))
}
