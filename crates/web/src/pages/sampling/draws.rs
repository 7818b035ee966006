//! Draws: the list frozen, the value of the public source, the outcome, and the record anybody can repeat.

use super::{class_name, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::namesakes::{self, Firms};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Instant, Lang, Text};
use field::{GaveUp, StoodBack};
use lab::{
    Draw, DrawFilter, DrawRecord as Record, DrawState, DrawTarget, NewDraw, PlanState, Strata, TargetState,
};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const DRAW: Text = Text::of("抽取", "draw");

/// How a draw's state is meant.
pub(crate) fn state_badge(lang: Lang, state: DrawState) -> Markup {
    let tone = match state {
        DrawState::Frozen => Tone::Warn,
        DrawState::Drawn => Tone::Ok,
        DrawState::Cancelled => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

/// `GET /desk/sampling/draws`. Right: view sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/sampling/draws", raw.as_deref(), "frozen");
    let filter = DrawFilter {
        region: links.get("region").map(ToOwned::to_owned),
        task: links.get("task").and_then(|t| t.parse().ok()),
        state: links.get("state").and_then(DrawState::read),
        after: links.get("after").map(ToOwned::to_owned),
        limit: if links.get("format").is_some() { 500 } else { 50 },
    };
    let page = app.lab.draws(&app.store, &viewer.who, app.now(), &filter).await?;
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &page.rows));
    }
    let title = lang.pick("双随机抽取", "Random draws");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/sampling/draws"))
        h1 { (title) }
        p.soft { (lang.pick("名录先固定并存证，再等待公开随机数；每次固定都必须抽取或说明理由撤销。从计划的任务页发起。", "The list is frozen and journalled first, then the public value is awaited; every frozen list is drawn, or cancelled with a reason. Begin at a task of a plan.")) }
        form.filters method="get" {
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Field::default() }, &choices::any(lang, &choices::ALL, DrawState::ALL.iter().map(|s| (s.word(), s.label())))))
            button { (lang.pick("筛选", "Filter")) }
        }
        (table(lang, "/desk/sampling/draws/", &page.rows))
        (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), true))
    }).into_response())
}

/// Draws as a table whose lines lead to `path`.
pub(crate) fn table(lang: Lang, path: &str, rows: &[Draw]) -> Markup {
    if rows.is_empty() {
        return ui::empty(
            lang.pick("没有抽取记录", "No draw"),
            lang.pick("固定名录后会出现在这里。", "A frozen list appears here."),
        );
    }
    let lines: Vec<Vec<Markup>> = rows
        .iter()
        .map(|d| {
            vec![
                html! { a href={ (path) (d.id) } { (region_name(lang, &d.region)) } },
                html! { (d.frozen.china_minute()) },
                html! { (d.count) },
                html! { (d.source) },
                html! { (state_badge(lang, d.state)) @if let Some(why) = &d.reason { div.small.soft { (why) } } },
                html! { code.small { (&d.root[..16.min(d.root.len())]) "…" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("地区", "Region"),
        Column::text("名录固定", "Frozen"),
        Column::num("抽取数", "Drawn"),
        Column::text("随机来源", "Source"),
        Column::text("状态", "State"),
        Column::text("名录校验码", "Check code of the list"),
    ];
    ui::table(lang, lang.pick("抽取记录", "Draws"), &columns, &lines, None)
}

fn sheet(lang: Lang, rows: &[Draw]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "draws",
        &["id", "region", "frozen", "count", "source", "state", "root", "reason"],
    );
    for d in rows {
        sheet.rows.push(crate::export::texts([
            d.id.to_string(),
            d.region.clone(),
            d.frozen.rfc3339(),
            d.count.to_string(),
            d.source.clone(),
            d.state.label().get(lang).to_owned(),
            d.root.clone(),
            d.reason.clone().unwrap_or_default(),
        ]));
    }
    sheet
}

/// `GET /desk/sampling/tasks/{id}`: the task, and the form that freezes its list. Right: view sample.
pub(super) async fn task(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&super::PLAN))?;
    let t = app.lab.task(&app.store, &viewer.who, app.now(), id).await?;
    let filter = DrawFilter { task: Some(id), ..DrawFilter::default() };
    let draws = app.lab.draws(&app.store, &viewer.who, app.now(), &filter).await?.rows;
    let resource = access::Resource::new("sample", t.task.region.as_str()).of_agency(t.agency.as_str());
    let may = app.access.allows(&viewer.who, "create", &resource, app.now());
    let mut tx = app.store.begin().await?;
    let samplers = app.lab.samplers_of(&mut tx, &t, app.now()).await?;
    tx.rollback().await?;
    let proposed = if may {
        namesakes::open(&app, &viewer, Firms::Of(&t.task.region), samplers.clone()).await?
    } else {
        Vec::new()
    };
    let decides = namesakes::decides(&app, &viewer, &t.task.region, &t.agency);
    let left = (i64::from(t.task.quota) - t.taken).max(0);
    let waits = draws.iter().any(|d| d.state == DrawState::Frozen);
    let due = app.now().plus_seconds(86_400).china_minute().replace(' ', "T");
    let title = format!("{} · {}", region_name(lang, &t.task.region), class_name(lang, &t.task.class));
    Ok(layout::page(
        &viewer,
        &title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[("/desk/sampling", lang.pick("抽检计划", "Plans")), (&format!("/desk/sampling/plans/{}", t.plan), lang.pick("计划", "Plan")), ("", &title)]))
            h1 { (title) }
            section.card { (ui::facts(lang, &[
                (Text::of("抽检类别", "Kind"), html! { (t.kind.label().get(lang)) }),
                (Text::of("环节", "Stage"), html! { (t.task.stage.label().get(lang)) }),
                (Text::of("经费来源", "Budget"), html! { (t.task.budget.label().get(lang)) }),
                (Text::of("期限", "Until"), html! { @if let Some(d) = t.task.until { (d) } @else { "—" } }),
                (Text::of("已抽/计划", "Taken / planned"), html! { a href={ "/desk/samples?task=" (t.id) } { (ui::meter(t.taken, i64::from(t.task.quota))) } }),
            ])) }
            @if may && t.plan_state == PlanState::Issued && left > 0 && !waits { (namesakes::section(&viewer, decides, &proposed)) section.card { h2 { (lang.pick("固定名录", "Freeze the list")) }
                p { (lang.pick("系统按登记库列出全部在业主体（说明排除理由），连同抽样人员一起固定并存证；随机数公布后再抽取。", "Everybody in business on the register is listed (exclusions with their reason) with the samplers, frozen and journalled; the draw follows when the public value is known.")) }
                form method="post" action={ "/desk/sampling/tasks/" (t.id) } { (layout::csrf(&viewer))
                    (ui::input(&Field { name: "count", label: lang.pick("抽取场所数", "Places to draw"), value: &left.min(10).to_string(), kind: "number", required: true, ..Field::default() }))
                    (ui::input(&Field { name: "source", label: lang.pick("公开随机来源及期号", "Public source and its round"), hint: lang.pick("例如：福彩双色球第 2026136 期红球；drand quicknet 第 N 轮", "for example a numbered lottery draw, or a round of drand quicknet"), required: true, ..Field::default() }))
                    (ui::input(&Field { name: "source_due", label: lang.pick("公布时间（北京时间）", "Known at (China time)"), value: &due, kind: "datetime-local", required: true, ..Field::default() }))
                    (ui::select(&Field { name: "by", label: lang.pick("分层", "Strata"), ..Field::default() }, &choices::any(lang, &Text::of("不分层", "none"), Strata::ALL.iter().map(|s| (s.word(), s.label())))))
                    (ui::input(&Field { name: "take", label: lang.pick("各层数量", "Places in each stratum"), hint: lang.pick("可不填：按各层机会自动分配；或写 failed=3 new=5 other=2", "empty: shared by the chances in each; or failed=3 new=5 other=2"), ..Field::default() }))
                    @if !proposed.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("上列建议回避尚未确认：名录固定后不再更改，请先逐条确认。", "The proposals above are not decided yet; the list no longer changes once it is frozen, so decide them first.")) } })) }
                    p.small.soft { (lang.pick("已登记回避的人员不会派往有关单位：", "Nobody is sent to a firm he has declared a relation to: ")) a href="/desk/sampling/recusals" { (lang.pick("回避登记", "declared relations")) } }
                    fieldset { legend { (lang.pick("抽样人员", "Samplers")) }
                        @if samplers.is_empty() { p.soft { (lang.pick("没有可派人员。", "Nobody can be sent.")) } }
                        @for (id, name) in samplers.iter().take(100) { label.choice { input type="checkbox" name="sampler" value=(id) checked; (name) } } }
                    button { (lang.pick("固定名录并存证", "Freeze and journal")) }
                }
            } }
            h2 { (lang.pick("本任务的抽取", "Draws of this task")) }
            (table(lang, "/desk/sampling/draws/", &draws))
        },
    ))
}

/// `failed=3 new=5` as numbers by stratum.
fn takes(text: &str) -> Result<BTreeMap<String, u32>, Fault> {
    let wrong = || {
        Fault::bad(
            "take",
            Text::of(
                "各层数量请写成“层=数量”，用空格分开，如 failed=3 new=5",
                "write the strata as name=number with spaces between, such as failed=3 new=5",
            ),
        )
    };
    let parts = text.split([' ', ',', '，', '、', ';']).filter(|p| !p.is_empty());
    parts
        .map(|p| {
            let (stratum, n) = p.split_once('=').ok_or_else(wrong)?;
            Ok((stratum.trim().to_owned(), n.trim().parse().map_err(|_| wrong())?))
        })
        .collect()
}

fn moment(text: &str) -> Instant {
    Instant::parse(&format!("{}:00+08:00", text.trim())).unwrap_or(Instant(0))
}

/// `POST /desk/sampling/tasks/{id}`. Right: create sample.
pub(super) async fn freeze(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let task: Id = id.parse().map_err(|_| Fault::not_found(&super::PLAN))?;
    let samplers =
        posted.fields.iter().filter(|(k, _)| k == "sampler").filter_map(|(_, v)| v.parse().ok()).collect();
    let new = NewDraw {
        task,
        count: posted.get("count").parse().unwrap_or(0),
        source: posted.get("source").to_owned(),
        source_due: moment(posted.get("source_due")),
        samplers,
        by: Strata::read(posted.get("by")),
        take: takes(posted.get("take"))?,
    };
    let mut tx = app.store.begin().await?;
    let draw = app.lab.freeze_draw(&mut tx, &context(&app, viewer), &viewer.who, new).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/sampling/draws/{draw}")).into_response())
}

/// `GET /desk/sampling/draws/{id}`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    let now = app.now();
    let (d, record) = app.lab.draw(&app.store, &viewer.who, now, id).await?;
    let t = app.lab.task(&app.store, &viewer.who, now, d.task).await.ok();
    let targets =
        app.lab.targets(&app.store, &viewer.who, now, Some(id), false, None, None, None, 500).await?.rows;
    let mut names = BTreeMap::new();
    if let Some(t) = &t {
        let mut tx = app.store.begin().await?;
        names.extend(app.lab.samplers_of(&mut tx, t, now).await?);
        tx.rollback().await?;
    }
    let waiting = targets.iter().filter(|t| t.state == TargetState::Waiting).count();
    let placed: BTreeMap<Id, &str> = targets.iter().map(|t| (t.operator, t.label.as_str())).collect();
    let called = |id: Id| names.get(&id).cloned().or_else(|| placed.get(&id).map(|n| (*n).to_owned()));
    let title = lang.pick("抽取记录", "Draw");
    let rows: Vec<Vec<Markup>> = targets.iter().map(|t| target_line(lang, t, &names)).collect();
    let path = format!("/desk/sampling/draws/{id}");
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[("/desk/sampling/draws", lang.pick("双随机抽取", "Draws")), ("", title)]))
            (layout::head(title, &html! { (state_badge(lang, d.state)) }))
            section.card { (facts(&app, lang, &record)) (verdict(lang, &record, &format!("/desk/sampling/draws/{}", record.draw))) (chances(&app, lang, &record)) }
            (replaced(lang, &record, &called))
            @if d.state == DrawState::Frozen { section.card { h2 { (lang.pick("下一步", "Next")) }
                @if now < d.source_due {
                    p { (lang.pick("随机数将于 ", "The value is known at ")) b { (d.source_due.china_minute()) } (lang.pick(" 公布，届时再抽取。", "; draw then.")) }
                    details { summary { (lang.pick("撤销（须说明理由，计入公开次数）", "Cancel (with a reason; it is counted)")) }
                        form method="post" action={ (path) "/cancel" } { (layout::csrf(&viewer))
                            (ui::input(&Field { name: "reason", label: lang.pick("理由", "Reason"), required: true, ..Field::default() }))
                            button.plain { (lang.pick("撤销", "Cancel the draw")) } } }
                } @else {
                    form method="post" action={ (path) "/perform" } { (layout::csrf(&viewer))
                        (ui::input(&Field { name: "public", label: lang.pick("公布的随机数", "The value announced"), hint: &d.source, required: true, ..Field::default() }))
                        button { (lang.pick("抽取（仅此一次）", "Draw (once only)")) } }
                }
            } }
            @if d.state == DrawState::Drawn {
                h2 { (lang.pick("抽中的场所", "Places drawn")) }
                @if rows.is_empty() { (ui::empty(lang.pick("没有抽中的场所", "No place"), lang.pick("名录中没有可抽取的主体。", "Nobody on the list could be drawn."))) }
                @else { (ui::table(lang, lang.pick("抽中的场所", "Places drawn"), &[Column::num("序号", "No."), Column::text("场所", "Place"), Column::text("抽样人员", "Samplers"), Column::text("选中的产品", "Product picked"), Column::text("状态", "State")], &rows, None)) }
                @if !d.open && waiting == 0 { form method="post" action={ (path) "/open" } { (layout::csrf(&viewer))
                    p { (lang.pick("抽样已完成，可公开完整抽取记录供任何人核验。", "Every place was visited: the whole record can be made public for anybody to verify.")) }
                    button { (lang.pick("公开抽取记录", "Publish the record")) } } }
            }
        },
    ))
}

/// The facts of a draw, for the desk and for everybody.
pub(crate) fn facts(app: &App, lang: Lang, r: &Record) -> Markup {
    let excluded = r.targets.iter().filter(|t| t.excluded.is_some()).count();
    let mut rows = vec![
        (Text::of("地区", "Region"), html! { (region_name(lang, &r.region)) }),
        (
            Text::of("名录", "List"),
            html! { (r.targets.len()) (lang.pick(" 家，其中排除 ", " operators, excluded ")) (excluded) (lang.pick("；人员 ", "; officers ")) (r.samplers.len()) },
        ),
        (Text::of("抽取数量", "To draw"), html! { (r.take.values().sum::<u32>()) }),
        (Text::of("分层", "Strata"), strata(app, lang, r)),
        (Text::of("固定时间", "Frozen"), html! { (r.frozen.china_minute()) }),
        (Text::of("公开随机来源", "Public source"), html! { (r.source) " · " (r.source_due.china_minute()) }),
    ];
    if let Some(drawn) = &r.drawn {
        rows.push((Text::of("公布的随机数", "Value announced"), html! { code.break { (drawn.public) } }));
    }
    let mut codes = vec![
        (
            Text::of("名录校验码（默克尔树根）", "Check code of the list (Merkle root)"),
            html! { code.break { (r.root) } },
        ),
        (
            Text::of("系统密数的校验码（承诺）", "Check code of the server's secret (commitment)"),
            html! { code.break { (r.commitment) } },
        ),
    ];
    if let Some(drawn) = &r.drawn {
        codes.push((Text::of("随机种子", "Random seed"), html! { code.break { (drawn.seed) } }));
    }
    html! {
        (ui::facts(lang, &rows))
        details { summary { (lang.pick("供核对抽取是否公正", "For checking that the draw was fair")) }
            p.small { (lang.pick("抽取前，名录和系统的密数各留下一个校验码；抽取时再加上当时才公布的随机数。三者合在一起决定结果，谁都不能事先挑选，事后任何人都可以重算。", "Before the draw the list and a secret of the server each leave a check code; a random value announced only then is added. Together they decide: nobody can choose beforehand, and anybody can repeat it afterwards.")) }
            (ui::facts(lang, &codes))
        }
    }
}

/// Name of a stratum: a region, a risk, a kind of business, or, in draws of inspections, county, business, grade and class.
fn stratum(app: &App, lang: Lang, key: &str) -> String {
    if let Some((county, rest)) = key.split_once('.') {
        let (business, grade) = rest.split_once('.').unwrap_or((rest, ""));
        let words = crate::pages::inspections::businesses(app, lang);
        let words = words.iter().find(|(code, _)| code == business).map_or(business, |(_, w)| w.as_str());
        // drawn before the class counted: the grade alone
        let (grade, credit) = grade.split_once('.').unwrap_or((grade, "-"));
        let mut name = format!("{} {words}", region_name(lang, county));
        for (word, letter) in [(lang.pick("风险", "risk"), grade), (lang.pick("信用", "credit"), credit)]
        {
            if letter != "-" {
                name.push_str(&format!(" {word} {letter}"));
            }
        }
        return name;
    }
    if let Some(name) = lab::stratum_name(key) {
        return name.get(lang).to_owned();
    }
    match key.parse::<registry::OperatorKind>() {
        Ok(kind) => kind.label().get(lang).to_owned(),
        Err(_) => region_name(lang, key),
    }
}

fn strata(app: &App, lang: Lang, r: &Record) -> Markup {
    let by = match r.by.as_deref() {
        None => Text::of("不分层", "none"),
        Some(field::STRATA) => {
            Text::of("县区、业态、风险等级、信用等级", "county, business, risk grade and credit class")
        }
        Some("county.business.grade") => Text::of("县区、业态、风险等级", "county, business and risk grade"),
        Some(word) => Strata::read(word).map_or_else(|| Text::new(word, word), |by| by.label()),
    };
    html! { (by.get(lang)) @if r.by.is_some() { " — " @for (i, (key, n)) in r.take.iter().enumerate() { @if i > 0 { "、" } (stratum(app, lang, key)) " " (n) } } }
}

/// With what chance each target of the list comes: it follows from the frozen list, before any seed.
pub(crate) fn chances(app: &App, lang: Lang, r: &Record) -> Markup {
    let rows: Vec<Vec<Markup>> = lab::chances(r)
        .into_iter()
        .map(|c| {
            vec![
                html! { (stratum(app, lang, &c.stratum)) },
                html! { (c.weight) },
                html! { (c.listed) },
                html! { (c.take) },
                html! { @match c.probability { Some(p) => (super::percent(p)), None => (lang.pick("名录过长", "list too long")) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("层", "Stratum"),
        Column::num("机会份数", "Weight"),
        Column::num("可抽家数", "Can be drawn"),
        Column::num("该层抽取", "Drawn in the stratum"),
        Column::num("每家入选概率", "Chance of each"),
    ];
    html! { details { summary { (lang.pick("入选概率（由固定的名录决定，可验证）", "Inclusion probabilities: they follow from the frozen list")) }
    (ui::table(lang, lang.pick("入选概率", "Inclusion probabilities"), &columns, &rows, None)) } }
}

/// Who stood aside and who was given up after the draw; those without a name in `called` stand by number.
pub(crate) fn replaced(lang: Lang, r: &Record, called: &dyn Fn(Id) -> Option<String>) -> Markup {
    let name = |id: Id| called(id).unwrap_or_else(|| id.to_string());
    let list = r.drawn.as_ref().map_or(&[][..], |d| &d.replaced[..]);
    let substituted = r.drawn.as_ref().map_or(&[][..], |d| &d.substituted[..]);
    let stood_back =
        |w: &str| w.parse::<StoodBack>().map_or_else(|_| w.to_owned(), |w| w.label().get(lang).to_owned());
    let gave_up =
        |w: &str| w.parse::<GaveUp>().map_or_else(|_| w.to_owned(), |w| w.label().get(lang).to_owned());
    html! { @if !list.is_empty() { section.card { h2 { (lang.pick("抽取后更换的人员", "People replaced after the draw")) }
        p.small.soft { (lang.pick("由种子排定的下一名人员顶替。", "The next in the order of the seed goes instead.")) }
        ul { @for x in list { li { (x.at.china_minute()) " " (name(x.target)) "：" (name(x.out)) " → " (name(x.by))
            @if let Some(why) = &x.why { "（" (stood_back(why)) "）" } } } } } }
    @if !substituted.is_empty() { section.card { h2 { (lang.pick("抽取后递补的单位", "Operators replaced after the draw")) }
        p.small.soft { (lang.pick("由同层名录中的下一签递补。", "The next ticket of the same stratum takes the place.")) }
        ul { @for x in substituted { li { (x.at.china_minute()) " " (name(x.out)) " → " (name(x.by.target)) "（" (gave_up(&x.why)) "） "
            code.small { (&x.by.ticket[..16]) "…" } } } } } } }
}

/// Whether the record holds, worked out again now; `path` is the page of the draw, under which its record is served.
pub(crate) fn verdict(lang: Lang, r: &Record, path: &str) -> Markup {
    let found = lab::verify(r);
    if !found.is_empty() {
        return ui::message(
            Tone::Bad,
            &html! { p { (lang.pick("复算不一致：", "It does not hold: ")) @for f in &found { code { (format!("{f:?}")) } " " } } },
        );
    }
    ui::message(
        Tone::Ok,
        &html! { p {
            @if r.drawn.is_some() { (lang.pick("已重新计算：名录、种子、抽取结果和人员配对全部一致。", "Worked out again: list, seed, outcome and pairing all hold.")) }
            @else { (lang.pick("已重新计算：名录与存证的根一致。", "Worked out again: the list gives the root.")) }
        } p { a href={ (path) "/record.json" } download { (lang.pick("下载记录", "Download the record")) } " · " code { "shian sampling verify record.json" } } },
    )
}

fn target_line(lang: Lang, t: &DrawTarget, names: &BTreeMap<Id, String>) -> Vec<Markup> {
    let name = |id: Id| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    vec![
        html! { (t.seq) },
        html! { a href={ "/desk/sampling/targets/" (t.id) } { (t.label) } },
        html! { (name(t.samplers[0])) "、" (name(t.samplers[1])) },
        html! { @match t.chosen.and_then(|c| t.products.get(c)) { Some(p) => (p), None => "—" } },
        html! { (super::targets::state_badge(lang, t)) },
    ]
}

/// `GET /desk/sampling/draws/{id}/record.json`. Right: view sample.
pub(super) async fn record(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    let (_, record) = app.lab.draw(&app.store, &viewer.who, app.now(), id).await?;
    Ok(file(id, &record))
}

/// A record of a draw as a download, for whoever verifies it.
pub(crate) fn file(draw: Id, record: &impl serde::Serialize) -> axum::response::Response {
    let body = serde_json::to_string_pretty(record).unwrap_or_default();
    let name = format!("attachment; filename=\"draw-{draw}.json\"");
    ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)], body)
        .into_response()
}

/// `POST /desk/sampling/draws/{id}/{action}`. Right: act sample.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer: &Viewer = &posted.viewer;
    let draw: Id = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let (t, lab, who) = (&mut tx, &app.lab, &viewer.who);
    match action.as_str() {
        "perform" => lab.perform_draw(t, &cx, who, draw, posted.get("public")).await.map(drop)?,
        "cancel" => lab.cancel_draw(t, &cx, who, draw, posted.get("reason")).await?,
        "open" => lab.open_draw(t, &cx, who, draw).await?,
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/sampling/draws/{draw}")).into_response())
}
