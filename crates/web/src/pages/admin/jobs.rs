//! Work in the background: what waits, runs, failed, and a second chance for what failed.

use crate::fault::{Answer, Fault};
use crate::layout;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Stat, Tone};
use access::Resource;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use maud::{Markup, html};
use std::sync::Arc;
use store::jobs::{self, State as JobState};

const STATES: [(JobState, Text); 5] = [
    (JobState::Waiting, Text::of("等待", "waiting")),
    (JobState::Running, Text::of("运行中", "running")),
    (JobState::Done, Text::of("完成", "done")),
    (JobState::Dead, Text::of("失败", "failed")),
    (JobState::Superseded, Text::of("被取代", "superseded")),
];
const PAGE: u32 = 50;
/// Work in the background is the whole province's: no county's administrator looks into it.
const EVERYWHERE: &str = "";

fn label(state: JobState) -> Text {
    STATES.iter().find(|(s, _)| *s == state).map_or(Text::of("—", "—"), |(_, t)| t.clone())
}

const fn tone(state: JobState) -> Tone {
    match state {
        JobState::Waiting => Tone::Warn,
        JobState::Running => Tone::Info,
        JobState::Done => Tone::Ok,
        JobState::Dead => Tone::Bad,
        JobState::Superseded => Tone::Idle,
    }
}

/// `GET /desk/jobs`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    app.access.check(&viewer.who, "administer", &Resource::new("job", EVERYWHERE), app.now())?;
    let links = ListLinks::read("/desk/jobs", raw.as_deref(), "");
    let state = links.get("state").and_then(|s| s.parse().ok());
    let before = links.get("after").and_then(|a| a.parse().ok());
    let found = jobs::list(&app.store, state, before, PAGE + 1).await?;
    let shown = &found[..found.len().min(PAGE as usize)];
    let next = (found.len() > shown.len()).then(|| shown.last().map(|j| j.id.to_string())).flatten();
    let counts = jobs::counts(&app.store).await?;
    let figures: Vec<Stat> = STATES
        .iter()
        .map(|(s, t)| Stat {
            figure: counts.iter().filter(|c| c.1 == *s).map(|c| c.2).sum::<i64>().to_string(),
            label: t.get(lang).to_owned(),
            href: Some(format!("/desk/jobs?state={}", s.word())),
            tone: if *s == JobState::Dead { Tone::Bad } else { Tone::Info },
        })
        .collect();
    let rows: Vec<Vec<Markup>> = shown
        .iter()
        .map(|j| {
            vec![
                html! { code { (j.kind) } },
                html! { (ui::badge(tone(j.state), label(j.state).get(lang))) },
                html! { (j.attempts) " / " (j.max_attempts) },
                html! { (j.run_at.china_minute()) },
                html! { code.break.small { (j.payload) }
                @if let Some(e) = &j.error { details { summary { (lang.pick("错误", "Error")) } pre.small.break { (e) } } } },
                html! { @if j.state == JobState::Dead { form method="post" action={ "/desk/jobs/" (j.id) "/revive" } {
                    (layout::csrf(&viewer)) button.plain { (lang.pick("重新执行", "Run again")) }
                } } },
            ]
        })
        .collect();
    let title = lang.pick("后台作业", "Jobs");
    let faults: Vec<Vec<Markup>> = flow::sweep_faults(&app.store, i64::from(PAGE))
        .await?
        .iter()
        .map(|f| {
            let what = if f.what == "clock" { lang.pick("时限", "clock") } else { lang.pick("文书", "document") };
            vec![
                html! { (what) " " @match f.matter { Some(m) => { a href={ "/desk/matters/" (m) } { (m) } } None => { (f.id) } } },
                html! { (f.since.china_minute()) },
                html! { (f.tries) },
                html! { code.break.small { (f.problem) } },
            ]
        })
        .collect();
    let states = crate::pages::choices::any(
        lang,
        &crate::pages::choices::ALL,
        STATES.iter().map(|(s, t)| (s.word(), t.clone())),
    );
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (layout::head(title, &html! {}))
            (ui::stats(&figures))
            @if !faults.is_empty() { section.card {
                h2 { (lang.pick("未能办理的提醒和到期公示", "Reminders and publications that could not be brought forward")) }
                p.soft { (lang.pick("其余时限和公示照常办理；这些每 30 秒重试一次，处理好原因后自动消失。", "Every other clock and publication goes on; these are tried every 30 seconds and leave the list once their cause is mended.")) }
                (ui::table(lang, title, &[Column::text("对象", "What"), Column::text("自", "Since"), Column::num("次数", "Tries"), Column::text("原因", "Why")], &faults, None))
            } }
            form.filters method="get" {
                (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Field::default() }, &states))
                button { (lang.pick("筛选", "Filter")) }
            }
            @if rows.is_empty() { (ui::empty(lang.pick("没有作业", "No job"), lang.pick("后台工作会列在这里；失败的可以重新执行。", "Work in the background is listed here; what failed can run again."))) }
            @else {
                (ui::table(lang, title, &[Column::text("种类", "Kind"), Column::text("状态", "State"), Column::num("次数", "Attempts"),
                    Column::text("时间", "Not before"), Column::text("内容", "Payload"), Column::text("操作", "Action")], &rows, None))
                (ui::pager(lang, &links, rows.len(), None, next.as_deref(), false))
            }
        },
    ))
}

/// `POST /desk/jobs/{id}/revive`
pub(crate) async fn revive(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("作业", "job")))?;
    let cx = context(&app, viewer);
    let permit = app.access.check(&viewer.who, "administer", &Resource::new("job", EVERYWHERE), cx.now)?;
    let mut tx = app.store.begin().await?;
    jobs::revive(&mut tx, id, cx.now).await?;
    let entry = ledger::Entry {
        kind: "job.revived",
        region: EVERYWHERE.to_owned(),
        subject: format!("job:{id}"),
        body: serde_json::json!({ "job": id }),
        private: None,
    };
    ledger::append(&mut tx, &cx, &permit, entry).await.map_err(Fault::internal)?;
    tx.commit().await?;
    Ok(Redirect::to("/desk/jobs").into_response())
}
