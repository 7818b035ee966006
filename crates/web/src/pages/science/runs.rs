//! Long computations of exposure: begun, watched, stopped, begun again, and their answers read whenever somebody wants to.

use super::asked::Asked;
use super::{exposure, exposure_parts as parts, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::session::{PostedSignedIn, SignedIn, context, context_of};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use access::Principal;
use assess::exposure::Told;
use assess::runs::{self, LISTED, Run, State as Stands};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use store::jobs::{Failure, Job};

const HERE: &str = "/desk/exposure/runs";
const RUN: Text = Text::of("计算任务", "run");

fn asked(address: &str) -> Answer<Asked> {
    let links = ListLinks::read("/desk/exposure", Some(address), "food");
    Asked::read(|name| links.get(name).unwrap_or_default().to_owned())
}

/// Works a run off with its owner's rights: the handler of [`runs::RUN_JOB`].
pub(crate) async fn work(app: &App, job: &Job) -> Result<(), Failure> {
    let now = (app.clock)();
    let Some(work) = runs::take(&app.store, job, now).await? else { return Ok(()) };
    let found = access::account::principal_by_id(&app.store, &app.access, work.account, now).await?;
    let who = found.unwrap_or_else(Principal::anonymous);
    let cx = context_of(app, &who, Lang::Zh, now);
    let read = async {
        let asked = asked(&work.question)?;
        Ok::<_, Fault>((asked.question(app, &who).await?, asked.rows(app, &who).await?))
    };
    match read.await {
        Ok((question, rows)) => {
            work.go(&app.store, app.clock, &cx, app.bench.clone(), question, rows).await?;
        }
        Err(fault) => work.refuse(&app.store, &cx, fault.text).await?,
    }
    Ok(())
}

/// `GET /desk/exposure/runs/new`: the question before it is run. Right: view sample.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let asked = asked(raw.as_deref().unwrap_or_default())?;
    let question = asked.question(&app, &viewer.who).await?;
    let title = lang.pick("作为任务运行", "Run as a job");
    let names: Vec<&str> = question.substances().map(|(s, _)| s.title.get(lang)).collect();
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        h1 { (title) }
        p { (names.join(" + ")) " · " (question.survey.title.get(lang)) " · "
            (question.survey.persons) " " (lang.pick("人", "people")) " · " (question.affordable_replicates()) " " (lang.pick("次重抽", "replicates")) " · " (question.draws) " " (lang.pick("人日", "person-days")) }
        p.soft { (lang.pick("任务在后台计算，显示进度，可随时停止；结果连同复算校验码和模型文件一并保存，以后随时可读、可复算。", "The run goes on by itself, tells how far it is and can be stopped; its answer is kept with its recipe and the model file that repeats it.")) }
        form method="post" action=(HERE) { (layout::csrf(&viewer)) input type="hidden" name="question" value=(asked.query()); button { (lang.pick("开始", "Begin")) } }
    }).into_response())
}

/// `POST /desk/exposure/runs`. Right: view sample.
pub(super) async fn begin(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let who = &posted.viewer.who;
    let asked = asked(posted.get("question"))?;
    // what cannot be asked is said here, not by the run
    asked.question(&app, who).await?;
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    let question = asked.query();
    let id = runs::begin(&mut tx, &cx, &app.access, who, (&question, &asked.substance.id)).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{HERE}/{id}")).into_response())
}

const fn named(state: Stands) -> (Tone, Text) {
    match state {
        Stands::Waiting => (Tone::Idle, Text::of("排队中", "waiting")),
        Stands::Running => (Tone::Info, Text::of("计算中", "running")),
        Stands::Stopping => (Tone::Info, Text::of("正在停止", "stopping")),
        Stands::Stopped => (Tone::Idle, Text::of("已停止", "stopped")),
        Stands::Failed => (Tone::Bad, Text::of("无法计算", "cannot be computed")),
        Stands::Done => (Tone::Ok, Text::of("完成", "done")),
        Stands::Interrupted => (Tone::Warn, Text::of("已中断", "interrupted")),
    }
}

fn badge(lang: Lang, run: &Run) -> Markup {
    let (tone, word) = named(run.state);
    html! { (ui::badge(tone, word.get(lang))) @if run.state == Stands::Running { " " (percent(run)) } }
}

fn percent(run: &Run) -> String {
    format!("{:.0} %", run.share * 100.0)
}

fn name(lang: Lang, run: &Run) -> String {
    assess::substances::find(&run.substance)
        .map_or_else(|| run.substance.clone(), |s| s.title.get(lang).to_owned())
}

/// `GET /desk/exposure/runs`: one's own. Right: an account.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(HERE, raw.as_deref(), "");
    let state = links.get("state").and_then(|word| Stands::ALL.into_iter().find(|s| s.word() == word));
    let after: Option<Id> = links.get("after").and_then(|id| id.parse().ok());
    let (found, more) = runs::list(&app.store, &viewer.who, app.now(), state, after).await?;
    if let Some(format) = links.get("format") {
        let columns = ["id", "substance", "question", "state", "begun", "finished", "recipe"];
        let mut sheet = crate::export::sheet("exposure-runs", &columns);
        for run in &found {
            sheet.rows.push(crate::export::texts([
                run.id.to_string(),
                run.substance.clone(),
                run.question.clone(),
                run.state.word().to_owned(),
                run.created.rfc3339(),
                run.finished.map(|t| t.rfc3339()).unwrap_or_default(),
                run.recipe.clone(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let title = lang.pick("暴露计算任务", "Runs of exposure");
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|run| {
            vec![
                html! { a href={ (HERE) "/" (run.id) } { (name(lang, run)) } },
                html! { (run.created.china_minute()) },
                badge(lang, run),
                html! { @if let Some(at) = run.finished { (at.china_minute()) } @else { "—" } },
                html! { span.mono.small { (run.recipe.get(..19).unwrap_or("—")) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("物质", "Substance"),
        Column::text("开始", "Begun"),
        Column::text("状态", "State"),
        Column::text("结束", "Ended"),
        Column::text("复算校验码", "Code for repeating"),
    ];
    let mut states = vec![(String::new(), lang.pick("全部", "all").to_owned())];
    states.extend(Stands::ALL.iter().map(|s| (s.word().to_owned(), named(*s).1.get(lang).to_owned())));
    let next = found.last().filter(|_| more && found.len() == LISTED).map(|run| run.id.to_string());
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        h1 { (title) }
        form.filters method="get" {
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Field::default() }, &states))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有任务", "No run"), lang.pick("在膳食暴露页选择“作为任务运行”。", "Choose “Run as a job” on the exposure page."))) }
        @else {
            (ui::table(lang, title, &columns, &rows, None))
            (ui::pager(lang, &links, rows.len(), None, next.as_deref(), true))
        }
    }).into_response())
}

async fn of(app: &App, who: &Principal, id: &str) -> Answer<(Run, Option<Told>)> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&RUN))?;
    Ok(runs::one(&app.store, who, app.now(), id).await?)
}

/// `GET /desk/exposure/runs/{id}`: how far it is, or its answer. Right: an account; one's own.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let (run, told) = of(&app, &viewer.who, &id).await?;
    let here = format!("{HERE}/{}", run.id);
    let links = ListLinks::read(&here, raw.as_deref(), "");
    if let (Some(format), Some(told)) = (links.get("format"), &told) {
        return crate::export::download(format, &parts::sheet(told));
    }
    let title = name(lang, &run);
    let button = |word: &'static str, zh: &'static str, en: &'static str| html! { form method="post" { (layout::csrf(&viewer)) input type="hidden" name="action" value=(word); button.plain { (lang.pick(zh, en)) } } };
    let mut page = layout::page(&viewer, &title, &html! {
        (tabs(lang, ""))
        (layout::crumbs(&[("/desk/exposure", lang.pick("膳食暴露", "Dietary exposure")), (HERE, lang.pick("任务", "Runs")), ("", &title)]))
        (layout::head(&title, &badge(lang, &run)))
        p.small { (lang.pick("开始于 ", "begun ")) (run.created.china_minute()) @if let Some(at) = run.finished { " · " (lang.pick("结束于 ", "ended ")) (at.china_minute()) }
            " · " a href={ "/desk/exposure?" (run.question) } { (lang.pick("按现有结果重新提问", "Ask it again of today's results")) } }
        @if run.state.goes_on() {
            p role="status" { progress max="1" value=(run.share.to_string()) { (percent(&run)) } " " (percent(&run)) }
        }
        @if matches!(run.state, Stands::Waiting | Stands::Running) { (button("stop", "停止", "Stop")) }
        @if run.state == Stands::Failed { (ui::message(Tone::Bad, &html! { p { (run.said.get(lang)) } })) }
        @if run.state == Stands::Interrupted { (ui::message(Tone::Warn, &html! { p { (lang.pick(
            "计算它的进程已不在（例如服务器重启），没有得到结果。可以重新开始。",
            "The process that computed it is gone (the server was restarted, say) and left no answer. It can be begun again.")) } })) }
        @if run.state.can_begin() { (button("again", "重新开始", "Begin again")) }
        @if let Some(told) = &told {
            p.small.soft { (lang.pick("以下是当时的答案；之后报送的结果未计入。", "What was told then; results submitted since do not count.")) }
            (exposure::figures(lang, told))
            (exposure::exports(lang, &links, &here, "", told))
        }
    }).into_response();
    if run.state.goes_on() {
        page.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    Ok(page)
}

/// `GET /desk/exposure/runs/{id}/model.json`: the one file that gives the answer elsewhere. Right: an account; one's own.
pub(super) async fn model(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let (run, _) = of(&app, &viewer.who, &id).await?;
    let survey = asked(&run.question)?.survey(&app, &viewer.who).await?;
    let model = runs::model(&app.store, &viewer.who, run.id, &survey).await?;
    Ok(exposure::file(model.to_json(), "application/json", "exposure-model.json"))
}

/// `GET /desk/exposure/runs/{id}/plot.svg`. Right: an account; one's own.
pub(super) async fn plot(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (_, told) = of(&app, &viewer.who, &id).await?;
    let told = told.ok_or_else(|| Fault::not_found(&RUN))?;
    let links = ListLinks::read(HERE, raw.as_deref(), "");
    Ok(exposure::drawn(viewer.lang(), links.get("plot"), &told))
}

/// `POST /desk/exposure/runs/{id}`: stops it, or begins it again. Right: view sample; one's own.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let run: Id = id.parse().map_err(|_| Fault::not_found(&RUN))?;
    let (cx, who) = (context(&app, &posted.viewer), &posted.viewer.who);
    let mut tx = app.store.begin().await?;
    match posted.get("action") {
        "again" => runs::again(&mut tx, &cx, &app.access, who, run).await?,
        _ => runs::stop(&mut tx, &cx, &app.access, who, run).await?,
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("{HERE}/{run}")).into_response())
}
