//! Long computations of exposure: begun, watched, stopped, and their answers read as long as the server remembers them.

use super::asked::Asked;
use super::{exposure, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::session::{PostedSignedIn, SignedIn};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use assess::live::{Run, State as Stands};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;

const HERE: &str = "/desk/exposure/runs";
const RUN: Text = Text::of("计算任务", "run");

fn asked(address: &str) -> Answer<(ListLinks, Asked)> {
    let links = ListLinks::read("/desk/exposure", Some(address), "food");
    let asked = Asked::read(|name| links.get(name).unwrap_or_default().to_owned())?;
    Ok((links, asked))
}

/// `GET /desk/exposure/runs/new`: the question before it is run. Right: view sample.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let (_, asked) = asked(raw.as_deref().unwrap_or_default())?;
    let question = asked.question(&app, &viewer.who).await?;
    let title = lang.pick("作为任务运行", "Run as a job");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        h1 { (title) }
        p { (asked.substance.title.get(lang)) " · " (question.survey.title.get(lang)) " · "
            (question.survey.persons) " " (lang.pick("人", "people")) " · " (question.affordable_replicates()) " " (lang.pick("次重抽", "replicates")) " · " (question.draws) " " (lang.pick("人日", "person-days")) }
        p.soft { (lang.pick("任务在后台计算，显示进度，可随时停止；结果在服务器重启前可读，模型文件可复算。", "The run goes on by itself, tells how far it is and can be stopped; its answer can be read until the server restarts, and its model file repeats it.")) }
        form method="post" action=(HERE) { (layout::csrf(&viewer)) input type="hidden" name="question" value=(asked.query()); button { (lang.pick("开始", "Begin")) } }
    }).into_response())
}

/// `POST /desk/exposure/runs`. Right: view sample.
pub(super) async fn begin(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let who = &posted.viewer.who;
    let (_, asked) = asked(posted.get("question"))?;
    let (question, rows) = (asked.question(&app, who).await?, asked.rows(&app, who).await?);
    let run = app.bench.begin(app.ids.next(app.now()), who.account, asked.query(), app.now());
    let (bench, going) = (app.bench.clone(), run.clone());
    // nobody waits for it: how it stands is asked of the run
    drop(tokio::task::spawn_blocking(move || going.go(&bench, &question, &rows, 1)));
    Ok(Redirect::to(&format!("{HERE}/{}", run.id)).into_response())
}

fn badge(lang: Lang, run: &Run) -> Markup {
    match run.state() {
        Stands::Running => {
            html! { (ui::badge(Tone::Info, lang.pick("计算中", "running"))) " " (format!("{:.0} %", run.share() * 100.0)) }
        }
        Stands::Done(_) => ui::badge(Tone::Ok, lang.pick("完成", "done")),
        Stands::Stopped => ui::badge(Tone::Idle, lang.pick("已停止", "stopped")),
        Stands::Failed(_) => ui::badge(Tone::Bad, lang.pick("无法计算", "cannot be computed")),
    }
}

/// `GET /desk/exposure/runs`: one's own. Right: an account.
pub(super) async fn list(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer {
    let lang = viewer.lang();
    let title = lang.pick("暴露计算任务", "Runs of exposure");
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for run in app.bench.runs(viewer.who.account) {
        let (_, asked) = asked(&run.address)?;
        rows.push(vec![
            html! { a href={ (HERE) "/" (run.id) } { (asked.substance.title.get(lang)) } },
            html! { (run.at.china_minute()) },
            badge(lang, &run),
        ]);
    }
    let columns =
        [Column::text("物质", "Substance"), Column::text("开始", "Begun"), Column::text("状态", "State")];
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        h1 { (title) }
        @if rows.is_empty() { (ui::empty(lang.pick("没有任务", "No run"), lang.pick("在膳食暴露页选择“作为任务运行”。", "Choose “Run as a job” on the exposure page."))) }
        @else { (ui::table(lang, title, &columns, &rows, None)) }
    }).into_response())
}

fn of(app: &App, viewer: &layout::Viewer, id: &str) -> Answer<Arc<Run>> {
    let id: Option<Id> = id.parse().ok();
    id.and_then(|id| app.bench.run(viewer.who.account, id)).ok_or_else(|| Fault::not_found(&RUN))
}

/// `GET /desk/exposure/runs/{id}`: how far it is, or its answer. Right: an account; one's own.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let lang = viewer.lang();
    let run = of(&app, &viewer, &id)?;
    let (links, asked) = asked(&run.address)?;
    let state = run.state();
    let title = asked.substance.title.get(lang);
    let percent = format!("{:.0} %", run.share() * 100.0);
    let mut page = layout::page(&viewer, title, &html! {
        (tabs(lang, ""))
        (layout::crumbs(&[("/desk/exposure", lang.pick("膳食暴露", "Dietary exposure")), (HERE, lang.pick("任务", "Runs")), ("", title)]))
        (layout::head(title, &badge(lang, &run)))
        @match &state {
            Stands::Running => {
                p role="status" { progress max="1" value=(run.share().to_string()) { (percent) } " " (percent) }
                form method="post" { (layout::csrf(&viewer)) button.plain { (lang.pick("停止", "Stop")) } }
            }
            Stands::Done(answer) => { (exposure::figures(lang, answer)) (exposure::exports(lang, &links, &asked, answer)) }
            Stands::Stopped => { p { a href={ "/desk/exposure?" (run.address) } { (lang.pick("回到问题", "Back to the question")) } } }
            Stands::Failed(why) => { (ui::message(Tone::Bad, &html! { p { (why.get(lang)) } })) }
        }
    }).into_response();
    if matches!(state, Stands::Running) {
        page.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    Ok(page)
}

/// `POST /desk/exposure/runs/{id}`: stops it. Right: an account; one's own.
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    of(&app, &posted.viewer, &id)?.stop();
    Ok(Redirect::to(&format!("{HERE}/{id}")).into_response())
}
