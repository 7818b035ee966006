//! Connectors to other EPCIS repositories: making, pausing and removing them, and what their turns did.

use crate::connectors::allowed;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{Connector, ConnectorChange, Direction, NewConnector};

const PATH: &str = "/desk/connectors";
const CONNECTOR: Text = Text::of("连接", "connector");
/// Turns shown.
const TURNS: i64 = 50;

fn direction(d: Direction) -> Text {
    match d {
        Direction::Pull => Text::of("取入", "pull"),
        Direction::Push => Text::of("送出", "push"),
    }
}

fn state(lang: Lang, c: &Connector) -> Markup {
    if !c.active {
        ui::badge(Tone::Idle, lang.pick("已暂停", "paused"))
    } else if c.failures > 0 {
        ui::badge(Tone::Bad, &format!("{} {}", lang.pick("连续失败", "failures in a row"), c.failures))
    } else if c.last_ok.is_some() {
        ui::badge(Tone::Ok, lang.pick("正常", "well"))
    } else {
        ui::badge(Tone::Info, lang.pick("待运行", "waiting"))
    }
}

/// `GET /desk/connectors`. Right: an account; its own connectors, all of the region for administrators.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let links = ListLinks::read(PATH, raw.as_deref(), "name");
    if let Some(format) = links.get("format") {
        let columns = [
            "name",
            "direction",
            "url",
            "query",
            "active",
            "every",
            "since",
            "position",
            "failures",
            "problem",
            "last_ok",
        ];
        let mut sheet = crate::export::sheet("connectors", &columns);
        for c in app.supply.connectors(&viewer.who, app.now()).await? {
            sheet.rows.push(crate::export::texts([
                c.name,
                c.direction.word().to_owned(),
                c.url,
                c.query,
                c.active.to_string(),
                c.every.to_string(),
                c.since.rfc3339(),
                c.reach.position.to_string(),
                c.failures.to_string(),
                c.problem.unwrap_or_default(),
                c.last_ok.map(|t| t.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    Ok(page(&app, &viewer, &links, None).await?.into_response())
}

async fn page(
    app: &App,
    viewer: &Viewer,
    links: &ListLinks,
    refused: Option<(&Posted, &Fault)>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let q = links.get("q").unwrap_or_default().to_lowercase();
    let mut found = app.supply.connectors(&viewer.who, app.now()).await?;
    found.retain(|c| c.name.to_lowercase().contains(&q));
    match links.sort.as_str() {
        "last" => found.sort_by_key(|c| c.last_ok),
        "failures" => found.sort_by_key(|c| c.failures),
        _ => {}
    }
    if links.desc {
        found.reverse();
    }
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|c| {
            vec![
                html! { a href={ (PATH) "/" (c.id) } { (c.name) } },
                html! { (direction(c.direction).get(lang)) },
                html! { span.break { (c.url) } @if !c.query.is_empty() { div.small.soft { (c.query) } } },
                state(lang, c),
                html! { @match c.last_ok { Some(at) => (at.china_minute()), None => "—" } },
                html! { (c.failures) },
            ]
        })
        .collect();
    let columns = [
        Column::text("名称", "Name").by("name"),
        Column::text("方向", "Direction"),
        Column::text("对方", "The other"),
        Column::text("状态", "State"),
        Column::text("最近成功", "Last success").by("last"),
        Column::num("连续失败", "Failures").by("failures"),
    ];
    let title = lang.pick("与其他追溯库的连接", "Connectors to other repositories");
    Ok(layout::page(
        viewer,
        title,
        &html! {
            (layout::head(title, &html! {}))
            p { (lang.pick("按 EPCIS 2.0 标准从对方取入事件，或把本库事件送到对方。以建立者的权限进行，随权限变化；重复的事件按事件散列识别，只存一次。",
                "Events are fetched from the other, or given to it, by the EPCIS 2.0 standard, with the rights of who made the connector and as they change; events met again are known by their hash and stored once.")) }
            form.filters method="get" {
                (ui::input(&Field { name: "q", label: lang.pick("名称包含", "Name contains"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
                button { (lang.pick("筛选", "Filter")) }
            }
            @if rows.is_empty() { (ui::empty(lang.pick("还没有连接", "No connector yet"), lang.pick("在下面建立一个。", "Make one below."))) }
            @else { (ui::table(lang, title, &columns, &rows, Some(links))) (ui::pager(lang, links, rows.len(), None, None, true)) }
            (form(app, viewer, refused))
        },
    ))
}

fn form(app: &App, viewer: &Viewer, refused: Option<(&Posted, &Fault)>) -> Markup {
    let lang = viewer.lang();
    let value = |name: &str| refused.map_or("", |(posted, _)| posted.get(name));
    let why =
        |name: &str| refused.filter(|(_, f)| f.field.as_deref() == Some(name)).map(|(_, f)| f.text.get(lang));
    let ways =
        [Direction::Pull, Direction::Push].map(|d| (d.word().to_owned(), direction(d).get(lang).to_owned()));
    let hosts = if app.outbound.hosts.is_empty() {
        lang.pick("任何公网主机", "any public host").to_owned()
    } else {
        app.outbound.hosts.join(", ")
    };
    html! { section.card #new { h2 { (lang.pick("建立连接", "Make a connector")) }
        @if let Some((_, fault)) = refused.filter(|(_, f)| f.field.is_none()) { (ui::message(Tone::Bad, &html! { p { (fault.text.get(lang)) } })) }
        form method="post" action=(PATH) {
            (layout::csrf(viewer))
            (ui::input(&Field { name: "name", label: lang.pick("名称", "Name"), value: value("name"), required: true, error: why("name"), ..Field::default() }))
            (ui::select(&Field { name: "direction", label: lang.pick("方向", "Direction"), value: value("direction"), required: true, error: why("direction"), ..Field::default() }, &ways))
            (ui::input(&Field { name: "url", label: lang.pick("对方 EPCIS 接口网址", "Address of the other's EPCIS binding"), hint: &format!("https://…/epcis · {}{hosts}", lang.pick("允许的主机：", "hosts allowed: ")), value: value("url"), required: true, kind: "url", error: why("url"), ..Field::default() }))
            (ui::input(&Field { name: "query", label: lang.pick("命名查询（可不填）", "Named query (optional)"), hint: lang.pick("取入：对方的查询；送出：本库的查询；不填为全部", "pull: one of the other; push: one of here; empty for everything"), value: value("query"), error: why("query"), ..Field::default() }))
            (ui::input(&Field { name: "secret", label: lang.pick("对方给的访问令牌（可不填）", "Access token from the other (optional)"), hint: lang.pick("加密保存，不再显示", "kept sealed, never shown again"), kind: "password", autocomplete: Some("off"), ..Field::default() }))
            (ui::input(&Field { name: "every", label: lang.pick("间隔（秒）", "Interval (seconds)"), value: if value("every").is_empty() { "300" } else { value("every") }, required: true, kind: "number", error: why("every"), ..Field::default() }))
            (ui::input(&Field { name: "since", label: lang.pick("只要此日起记录的（可不填）", "Only what was recorded from this day (optional)"), value: value("since"), kind: "date", error: why("since"), ..Field::default() }))
            button { (lang.pick("建立", "Make")) }
        }
    } }
}

/// `POST /desk/connectors`. Right: capture event to pull, export event to push.
pub(super) async fn create(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    match made(&app, &posted).await {
        Ok(id) => Ok(Redirect::to(&format!("{PATH}/{id}")).into_response()),
        Err(fault) if fault.status.is_client_error() && fault.status != StatusCode::FORBIDDEN => {
            let links = ListLinks::read(PATH, None, "name");
            let body = page(&app, &posted.viewer, &links, Some((&posted, &fault))).await?;
            Ok((fault.status, body).into_response())
        }
        Err(fault) => Err(fault),
    }
}

async fn made(app: &App, posted: &Posted) -> Answer<Id> {
    let bad = |field: &str, zh: &'static str, en: &'static str| Fault::bad(field, Text::of(zh, en));
    let since = crate::pages::choices::day("since", posted.get("since"))?;
    let since = since.map(|day| base::Instant::china(day, 0, 0));
    let new = NewConnector {
        name: posted.get("name").to_owned(),
        direction: posted
            .get("direction")
            .parse()
            .map_err(|_| bad("direction", "请选择方向。", "Choose a direction."))?,
        url: posted.get("url").to_owned(),
        query: posted.get("query").to_owned(),
        secret: Some(posted.get("secret").to_owned()),
        every: posted
            .get("every")
            .parse()
            .map_err(|_| bad("every", "间隔应为整数秒。", "The interval is whole seconds."))?,
        since,
    };
    allowed(app, &new.url, new.secret.as_deref().is_some_and(|s| !s.is_empty()))?;
    let cx = context(app, &posted.viewer);
    Ok(app.supply.create_connector(&cx, &posted.viewer.who, &new).await?.id)
}

/// `GET /desk/connectors/{id}`. Right: the own one, or administer job.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&CONNECTOR))?;
    let c = app.supply.connector(&viewer.who, app.now(), id).await?;
    let turns = app.supply.past_turns(id, TURNS).await?;
    let all = lang.pick("全部", "everything");
    let facts = [
        (Text::of("方向", "Direction"), html! { (direction(c.direction).get(lang)) }),
        (Text::of("对方", "The other"), html! { code.break { (c.url) } }),
        (Text::of("查询", "Query"), html! { @if c.query.is_empty() { (all) } @else { (c.query) } }),
        (Text::of("间隔", "Interval"), html! { (c.every) (lang.pick(" 秒", " s")) }),
        (Text::of("状态", "State"), state(lang, &c)),
        (Text::of("下次", "Next turn"), html! { (c.run_at.china_minute()) }),
        (
            Text::of("已到", "Reached"),
            html! { @match c.direction {
                Direction::Pull => (c.since.rfc3339()),
                Direction::Push => { (lang.pick("采集位置 ", "capture ")) (c.reach.position) }
            } },
        ),
    ];
    let rows: Vec<Vec<Markup>> = turns
        .iter()
        .map(|t| {
            vec![
                html! { (t.started.china_minute()) },
                html! { (t.tally.events) },
                html! { (t.tally.stored) },
                html! { (t.tally.duplicates) },
                html! { (t.tally.refused) },
                html! { span.break.small { (t.tally.problem.as_deref().unwrap_or("—")) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("开始", "Began"),
        Column::num("事件", "Events"),
        Column::num("新存", "New"),
        Column::num("重复", "Known"),
        Column::num("拒绝", "Refused"),
        Column::text("问题", "Problem"),
    ];
    let button = |action: &str, label: &str| {
        html! { form method="post" action={ (PATH) "/" (c.id) "/" (action) } { (layout::csrf(&viewer)) input type="hidden" name="version" value=(c.version); button.plain { (label) } } }
    };
    Ok(layout::page(
        &viewer,
        &c.name,
        &html! {
            (layout::crumbs(&[(PATH, lang.pick("连接", "Connectors")), ("", &c.name)]))
            (layout::head(&c.name, &html! {
                @if c.active { (button("pause", lang.pick("暂停", "Pause"))) } @else { (button("resume", lang.pick("恢复", "Resume"))) }
                (button("remove", lang.pick("删除", "Remove")))
            }))
            @if let Some(p) = c.problem.as_ref().filter(|_| c.failures > 0) { (ui::message(Tone::Bad, &html! { p { (p) } })) }
            (ui::facts(lang, &facts))
            (edit(&viewer, &c))
            h2 { (lang.pick("最近的运行", "Last turns")) }
            @if rows.is_empty() { (ui::empty(lang.pick("还没有带来事件的运行", "No turn has brought events yet"), lang.pick("没有新事件的运行不列出。", "Turns without new events are not listed."))) }
            @else { (ui::table(lang, lang.pick("最近的运行", "Last turns"), &columns, &rows, None)) }
        },
    ))
}

/// The form that changes a connector.
fn edit(viewer: &Viewer, c: &Connector) -> Markup {
    let lang = viewer.lang();
    let every = c.every.to_string();
    let secret = if c.has_secret {
        lang.pick("不填为不变；更改网址时须重新填写", "empty: as it is; needed again with another address")
    } else {
        lang.pick("加密保存，不再显示", "kept sealed, never shown again")
    };
    html! { details { summary { (lang.pick("更改", "Change")) }
        form.card method="post" action={ (PATH) "/" (c.id) "/edit" } {
            (layout::csrf(viewer))
            input type="hidden" name="version" value=(c.version);
            (ui::input(&Field { name: "name", label: lang.pick("名称", "Name"), value: &c.name, required: true, ..Field::default() }))
            (ui::input(&Field { name: "url", label: lang.pick("对方 EPCIS 接口网址", "Address of the other's EPCIS binding"), value: &c.url, required: true, kind: "url", ..Field::default() }))
            (ui::input(&Field { name: "query", label: lang.pick("命名查询（可不填）", "Named query (optional)"), value: &c.query, ..Field::default() }))
            (ui::input(&Field { name: "every", label: lang.pick("间隔（秒）", "Interval (seconds)"), value: &every, required: true, kind: "number", ..Field::default() }))
            (ui::input(&Field { name: "secret", label: lang.pick("对方给的访问令牌", "Access token from the other"), hint: secret, kind: "password", autocomplete: Some("off"), ..Field::default() }))
            @if c.has_secret { label.choice { input type="checkbox" name="drop_secret" value="1"; (lang.pick("不再使用令牌", "no token any more")) } }
            button { (lang.pick("保存", "Save")) }
        }
    } }
}

/// What the form changes.
async fn changed(app: &App, posted: &Posted, id: Id) -> Answer<()> {
    let before = app.supply.connector(&posted.viewer.who, app.now(), id).await?;
    let secret = match (posted.get("secret"), posted.get("drop_secret")) {
        ("", "1") => Some(String::new()),
        ("", _) => None,
        (text, _) => Some(text.to_owned()),
    };
    let has_secret = secret.as_deref().map_or(before.has_secret, |s| !s.is_empty());
    allowed(app, posted.get("url"), has_secret)?;
    let every = posted
        .get("every")
        .parse()
        .map_err(|_| Fault::bad("every", Text::of("间隔应为整数秒。", "The interval is whole seconds.")))?;
    let change = ConnectorChange {
        name: Some(posted.get("name").to_owned()),
        url: Some(posted.get("url").to_owned()),
        query: Some(posted.get("query").to_owned()),
        secret,
        every: Some(every),
    };
    let cx = context(app, &posted.viewer);
    app.supply.change_connector(&cx, &posted.viewer.who, id, posted.version()?, &change).await?;
    Ok(())
}

/// `POST /desk/connectors/{id}/{action}`: edit, pause, resume or remove. Right: the own one, or administer job.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&CONNECTOR))?;
    let (state, to) = match action.as_str() {
        "edit" => {
            changed(&app, &posted, id).await?;
            return Ok(Redirect::to(&format!("{PATH}/{id}")).into_response());
        }
        "pause" => ("paused", format!("{PATH}/{id}")),
        "resume" => ("active", format!("{PATH}/{id}")),
        "remove" => ("removed", PATH.to_owned()),
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    };
    let cx = context(&app, &posted.viewer);
    app.supply.set_connector(&cx, &posted.viewer.who, id, posted.version()?, state).await?;
    Ok(Redirect::to(&to).into_response())
}
