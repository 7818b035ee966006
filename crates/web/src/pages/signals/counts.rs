//! Counts from a file: reports of foodborne illness, and whatever else is kept elsewhere.

use super::{HOME, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::pages::{choices, upload};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::Text;
use maud::{Markup, html};
use std::sync::Arc;

const HERE: &str = "/desk/signals/counts";

/// `GET /desk/signals/counts`. Right: view signal; the template is for everybody signed in.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    super::may_view(&app, &viewer.who)?;
    let lang = viewer.lang();
    let links = ListLinks::read(HERE, raw.as_deref(), "");
    if let Some(format) = links.get("format") {
        let columns = watch::count_columns().template();
        return crate::export::download(format, &crate::export::sheet("counts", &columns));
    }
    let title = lang.pick("导入计数", "Import counts");
    let rows: Vec<Vec<Markup>> = app
        .watch
        .plan
        .hazards
        .iter()
        .map(|h| {
            let own = matches!(h.kind.as_str(), "complaint" | "failure");
            vec![
                html! { code { (h.id) } },
                html! { (h.title.get(lang)) },
                html! { @if own { (lang.pick("平台自动统计", "counted by the platform itself")) }
                    @else if app.watch.entered_hazards().any(|e| e.id == h.id) { a href="/desk/signals/reports" { (lang.pick("逐件登记", "entered one by one")) } (lang.pick("或由文件导入", ", or by file")) }
                    @else { (lang.pick("由文件导入", "by file")) } },
            ]
        })
        .collect();
    let columns =
        [Column::text("代码", "Code"), Column::text("危害", "Hazard"), Column::text("来源", "Where from")];
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        h1 { (title) }
        @if let Some(done) = links.get("done") { (ui::message(ui::Tone::Ok, &html! { p { (lang.pick("已导入并判定，改变的序列数：", "Imported and judged; series that changed: ")) (done) } })) }
        (upload::form(&viewer, &upload::Import {
            title: Text::of("病例、舆情等逐日计数", "Daily counts of illness, rumours and the like"),
            action: HERE,
            template: HERE,
            hint: Text::of("每行一个日期、县区、危害及当日全部例数；文件首末日期之间没有行的日子计为零。再次导入相同日期即为更正，历史保留。不得含个人信息。",
                "A row a day, county and hazard with all cases of the day; days without a row between the first and the last date count zero. Importing the same days again corrects them and keeps what was said before. No personal data."),
            more: html! {
                (ui::select(&Field { name: "region", label: lang.pick("文件覆盖的地区", "Region the file speaks for"), required: true, ..Field::default() }, &choices::regions(lang, &viewer.who, &Text::of("请选择", "Choose"))))
                (ui::input(&Field { name: "source", label: lang.pick("数据来源", "Source of the data"), hint: lang.pick("如：食源性疾病监测报告系统", "such as: foodborne illness reporting"), required: true, ..Field::default() }))
            },
        }))
        section { h2 { (lang.pick("可用的危害", "Hazards there are")) } (ui::table(lang, lang.pick("危害", "Hazards"), &columns, &rows, None)) }
    }).into_response())
}

/// `POST /desk/signals/counts`. Right: import signal.
pub(super) async fn import(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let Some(file) = posted.files.first() else {
        return Err(Fault::bad("file", Text::of("请选择要导入的文件", "choose the file to import")));
    };
    let cx = context(&app, viewer);
    let book = sheets::read(file).await?.map_err(|text| Fault::bad("file", text))?;
    let mut tx = app.store.begin().await?;
    let (region, source) = (posted.get("region"), posted.get("source"));
    let done = app.watch.import_counts(&mut tx, &cx, &viewer.who, region, source, &book).await;
    match done {
        Ok(done) => {
            tx.commit().await?;
            let system = ledger::Context { actor: ledger::Actor::system("watch"), ..cx };
            app.watch.judge_touched(&app.store, &system, &done.touched, 1).await?;
            Ok(Redirect::to(&format!("{HERE}?done={}", done.touched.len())).into_response())
        }
        Err(watch::Error::Rows(rows)) => {
            tx.rollback().await?;
            let text = Text::of(
                "没有导入：请更正下列单元格后重新上传。",
                "Nothing was imported: correct these cells and upload again.",
            );
            let title = lang.pick("没有导入", "Nothing was imported");
            let page = layout::page(
                viewer,
                title,
                &html! {
                    (layout::crumbs(&[(HOME, lang.pick("监测信号", "Signals")), (HERE, lang.pick("导入计数", "Import counts")), ("", title)]))
                    h1 { (title) } (upload::refused(viewer, &text, &rows))
                },
            );
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(e) => Err(e.into()),
    }
}
