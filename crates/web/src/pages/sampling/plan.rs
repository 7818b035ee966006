//! One plan: its tasks, what overlaps and what is left out, and its way to the counties.

use super::plans::{decides, state_badge};
use super::{PLAN, class_name, classes, laboratories, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::upload::{self, Import};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Stat, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Decimal, Id, Lang, Text};
use lab::{Book, Budget, Covered, Error, Expected, Method, Plan, PlanState, Stage, Task, TaskFilter, Wish};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

fn filter(plan: Id, links: &ListLinks) -> TaskFilter {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    TaskFilter {
        plan: Some(plan),
        region: text("region"),
        class: text("class"),
        stage: links.get("stage").and_then(Stage::read),
        budget: links.get("budget").and_then(Budget::read),
        laboratory: links.get("laboratory").and_then(|l| l.parse().ok()),
        open: links.get("open") == Some("1"),
        after: text("after"),
        limit: if links.get("format").is_some() { 500 } else { 50 },
        issued: false,
    }
}

/// `GET /desk/sampling/plans/{id}`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    page(&app, &viewer, &id, raw.as_deref(), None).await
}

async fn page(app: &App, viewer: &Viewer, id: &str, raw: Option<&str>, note: Option<Markup>) -> Answer {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PLAN))?;
    let path = format!("/desk/sampling/plans/{id}");
    let links = ListLinks::read(&path, raw, "region");
    let (store, who, now) = (&app.store, &viewer.who, app.now());
    let labs = laboratories(app).await?;
    if links.get("template").is_some() {
        let name = crate::export::sheet("plan-template", &lab::plan_columns().template());
        return crate::export::download(links.get("format").unwrap_or("xlsx"), &name);
    }
    let plan = app.lab.plan(store, who, now, id).await?;
    let mut f = filter(id, &links);
    let mut tasks = app.lab.tasks(store, who, now, &f).await?;
    if let Some(format) = links.get("format") {
        while tasks.next.is_some() {
            f.after = tasks.next;
            let more = app.lab.tasks(store, who, now, &f).await?;
            tasks.rows.extend(more.rows);
            tasks.next = more.next;
        }
        return crate::export::download(format, &lab::plan_sheet(&tasks.rows, &labs));
    }
    let matrix = app.lab.coverage(store, who, now, id).await?;
    if let Some(format) = links.get("matrix") {
        return crate::export::download(format, &matrix_sheet(lang, &matrix));
    }
    let may = decides(app, viewer, &plan.plan.region, &plan.plan.agency);
    let per = app.lab.per_thousand(store, &plan.plan.region, plan.plan.year).await?;
    let overlaps = app.lab.overlaps(store, who, now, id).await?;
    let left_out = app.lab.classes_left_out(store, id).await?;
    let mut tx = store.snapshot().await?;
    let expected = app.lab.expected(&mut tx, id).await?;
    drop(tx);
    let people: u64 = per.iter().map(|c| c.people).sum();
    let rate = Decimal::from(plan.quota) * Decimal::from(1000) / Decimal::from(people.max(1));
    let today = now.china_date();
    let rows: Vec<Vec<Markup>> = tasks.rows.iter().map(|t| line(lang, t, &labs, today)).collect();
    let stat = |figure: String, label: &str, tone| Stat { figure, label: label.to_owned(), href: None, tone };
    Ok(layout::page(viewer, &plan.plan.title, &html! {
        (tabs(lang, ""))
        (layout::crumbs(&[("/desk/sampling", lang.pick("抽检计划", "Plans")), ("", &plan.plan.title)]))
        (layout::head(&plan.plan.title, &state_badge(lang, plan.state)))
        @if let Some(note) = note { (note) }
        (ui::stats(&[
            stat(plan.quota.to_string(), lang.pick("计划批次", "batches planned"), Tone::Info),
            stat(format!("{}", rate.round_dp(2)), lang.pick("本计划每千人批次", "batches per 1,000, this plan"), Tone::Info),
            stat(plan.tasks.to_string(), lang.pick("任务", "tasks"), Tone::Info),
            stat(overlaps.len().to_string(), lang.pick("与其他级别计划重叠", "overlaps with other plans"), if overlaps.is_empty() { Tone::Ok } else { Tone::Warn }),
            stat(left_out.len().to_string(), lang.pick("未覆盖食品大类", "classes left out"), if left_out.is_empty() { Tone::Ok } else { Tone::Warn }),
        ]))
        @if may { (steps(viewer, &plan, &labs)) }
        @if !left_out.is_empty() && plan.tasks > 0 { details { summary { (lang.pick("未覆盖的食品大类", "Classes left out")) } p { @for c in &left_out { (c.name.get(lang)) "　" } } } }
        @if !overlaps.is_empty() { details { summary { (lang.pick("重叠：同地区、大类、环节在多份计划中", "Overlaps: the same region, class and stage in several plans")) }
            ul { @for o in overlaps.iter().take(100) { li { (region_name(lang, &o.region)) " · " (class_name(lang, &o.class)) " · "
                (Stage::read(&o.stage).map_or_else(String::new, |s| s.label().get(lang).to_owned())) " · " (o.quota) " — " (o.plans.join("、")) } } }
        } }
        (levels(lang, &matrix, &links))
        h2 { (lang.pick("任务", "Tasks")) }
        (filters(viewer, &links))
        @if rows.is_empty() { (ui::empty(lang.pick("没有任务", "No task"), lang.pick("按规则生成，或导入任务表。", "Propose by rule, or import a sheet."))) }
        @else {
            (ui::table(lang, lang.pick("任务", "Tasks"), &[Column::text("地区", "Region"), Column::text("食品大类", "Class"), Column::text("环节", "Stage"), Column::text("经费", "Budget"),
                Column::text("项目", "Analytes"), Column::text("承检机构", "Laboratory"), Column::text("期限", "Until"), Column::text("抽样月份", "Season"), Column::num("已抽/计划", "Taken / planned")], &rows, None))
            (ui::pager(lang, &links, rows.len(), None, tasks.next.as_deref(), true))
        }
        @if plan.tasks > 0 { (gain(lang, &expected)) }
        details { summary { (lang.pick("各县区每千人批次（全部级别合计）", "Batches per 1,000 by county (all levels)")) }
            (per_table(lang, &per))
        }
    }).into_response())
}

/// What the allocation is expected to bring: the standard error of the pass rate beside that of a proportional one.
fn gain(lang: Lang, e: &Expected) -> Markup {
    let error = |v: Option<f64>| v.map_or_else(|| "—".to_owned(), |v| format!("±{:.4} %", v * 100.0));
    let rows: Vec<Vec<Markup>> = e
        .rows
        .iter()
        .map(|r| {
            vec![
                html! { (class_name(lang, &r.class)) " · " (r.stage.label().get(lang)) },
                html! { (super::percent(r.part)) },
                html! { (r.failed) " / " (r.judged) },
                html! { (format!("{:.4}", r.deviation)) },
                html! { (r.proportional) },
                html! { (r.planned) },
            ]
        })
        .collect();
    let columns = [
        Column::text("大类 · 环节", "Class · stage"),
        Column::num("占比", "Part"),
        Column::num("以往不合格/有结论", "Failed / concluded"),
        Column::num("标准差", "Deviation"),
        Column::num("按比例", "In proportion"),
        Column::num("本计划", "This plan"),
    ];
    html! { details open { summary { (lang.pick("预期精度：合格率的标准误", "Expected sharpness: standard error of the pass rate")) }
        p { (lang.pick("同样批次按比例分配 ", "shared in proportion ")) b { (error(e.proportional)) }
            (lang.pick("；本计划 ", "; this plan ")) b { (error(e.planned)) }
            @if let Some(g) = e.gain { (lang.pick("；方差之比 ", "; ratio of variances ")) b { (format!("{g:.3}")) } (lang.pick("（大于 1 表示本计划更准）", " (above 1: this plan is sharper)")) } }
        @if e.planned.is_none() { p { (ui::badge(Tone::Warn, lang.pick("有大类环节没有批次，总体合格率无法估计", "a class by stage has no batch: the rate of the whole cannot be estimated"))) } }
        p.small.soft { (lang.pick("各层为食品大类×环节，层权为规则库权重；波动来自本地区已有结论的样品。按风险分配追求发现问题，标准误可能更大。", "Strata: class by stage with the rulebook's weights; spread from concluded samples on record in the region. An allocation by risk aims at problems and may be less sharp.")) }
        (ui::table(lang, lang.pick("分配", "Allocation"), &columns, &rows, None))
    } }
}

fn per_table(lang: Lang, per: &[lab::PerThousand]) -> Markup {
    let target = Book::builtin().number("batches_per_1000");
    let rows: Vec<Vec<Markup>> = per
        .iter()
        .map(|c| {
            vec![
                html! { (region_name(lang, &c.region)) },
                html! { (c.people) },
                html! { (c.planned) },
                html! { (c.rate_planned) @if c.rate_planned < target { " " (ui::badge(Tone::Warn, lang.pick("低于目标", "below the target"))) } },
                html! { (c.reported) },
                html! { (c.rate) },
            ]
        })
        .collect();
    ui::table(
        lang,
        lang.pick("每千人批次", "Batches per 1,000"),
        &[
            Column::text("县区", "County"),
            Column::num("常住人口（2020）", "Residents 2020"),
            Column::num("计划批次", "Planned"),
            Column::num("计划每千人", "Planned per 1,000"),
            Column::num("已出报告", "Reported"),
            Column::num("实际每千人", "Reported per 1,000"),
        ],
        &rows,
        None,
    )
}

fn filters(viewer: &Viewer, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    let field = |name: &'static str, label: &'static str| Field {
        name,
        label,
        value: links.get(name).unwrap_or_default(),
        ..Field::default()
    };
    html! { form.filters method="get" {
        (ui::select(&field("region", lang.pick("地区", "Region")), &choices::regions(lang, &viewer.who, &choices::ALL)))
        (ui::select(&field("class", lang.pick("食品大类", "Class")), &classes(lang)))
        (ui::select(&field("stage", lang.pick("环节", "Stage")), &choices::any(lang, &choices::ALL, Stage::ALL.iter().map(|s| (s.word(), s.label())))))
        (ui::select(&field("open", lang.pick("完成情况", "Fulfilled")), &choices::any(lang, &choices::ALL, [("1", Text::of("未完成", "not yet"))])))
        button { (lang.pick("筛选", "Filter")) }
    } }
}

fn line(lang: Lang, t: &Task, labs: &BTreeMap<Id, String>, today: base::Date) -> Vec<Markup> {
    let laboratory = t.task.laboratory.and_then(|l| labs.get(&l).map(String::as_str)).unwrap_or("—");
    vec![
        html! { a href={ "/desk/sampling/tasks/" (t.id) } { (region_name(lang, &t.task.region)) } },
        html! { (class_name(lang, &t.task.class)) },
        html! { (t.task.stage.label().get(lang)) },
        html! { (t.task.budget.label().get(lang)) },
        html! { @if t.task.analytes.is_empty() { span.soft { (lang.pick("按细则", "as the rules")) } } @else { (t.task.analytes.join("、")) } },
        html! { (laboratory) },
        html! { @if let Some(d) = t.task.until { (d) } @else { "—" } },
        html! { @if t.task.months.is_empty() { (lang.pick("全年", "all year")) } @else { (lab::show_months(&t.task.months)) (lang.pick("月", "")) } },
        html! { a href={ "/desk/samples?task=" (t.id) } { (ui::meter(t.taken, i64::from(t.task.quota))) }
        @if let Some(n) = t.should_have(today) { div.small { (lang.pick("按季节应抽 ", "due by season ")) (n)
            @if t.plan_state == PlanState::Issued && t.taken < i64::from(n) { " " (ui::badge(Tone::Warn, lang.pick("落后", "behind"))) } } } },
    ]
}

/// What the plans of the four levels sample, class by stage: gaps and overlaps before approval.
fn levels(lang: Lang, matrix: &[Covered], links: &ListLinks) -> Markup {
    let count = |n: fn(usize) -> bool| matrix.iter().filter(|c| n(c.by())).count();
    let (gaps, overlaps) = (count(|n| n == 0), count(|n| n > 1));
    let shown = links.get("levels").unwrap_or_default();
    let rows: Vec<Vec<Markup>> = matrix
        .iter()
        .filter(|c| match shown {
            "gaps" => c.by() == 0,
            "overlaps" => c.by() > 1,
            _ => true,
        })
        .map(|c| {
            let mut cells =
                vec![html! { (class_name(lang, &c.class)) }, html! { (c.stage.label().get(lang)) }];
            cells.extend(c.levels.iter().map(|n| html! { @if *n > 0 { (n) } @else { span.soft { "—" } } }));
            cells.push(match c.by() {
                0 => ui::badge(Tone::Warn, lang.pick("空白", "gap")),
                1 => ui::badge(Tone::Ok, lang.pick("一级承担", "one level")),
                _ => ui::badge(Tone::Info, lang.pick("多级", "several levels")),
            });
            cells
        })
        .collect();
    let mut columns = vec![Column::text("食品大类", "Class"), Column::text("环节", "Stage")];
    columns.extend(Budget::ALL.iter().map(|b| Column { title: b.label(), sort: None, num: true }));
    columns.push(Column::text("覆盖", "Covered"));
    html! { details open[!shown.is_empty()] id="levels" {
        summary { (lang.pick("四级计划覆盖：同年同类全部计划（含草案）", "Coverage by the four levels: all plans of the year and kind, drafts too")) " · " (lang.pick("空白 ", "gaps ")) (gaps) " · " (lang.pick("多级 ", "several levels ")) (overlaps) }
        p.small { a href={ (links.with(&[("levels", "")])) "#levels" } { (lang.pick("全部", "All")) } " · " a href={ (links.with(&[("levels", "gaps")])) "#levels" } { (lang.pick("只看空白", "Gaps only")) } " · "
            a href={ (links.with(&[("levels", "overlaps")])) "#levels" } { (lang.pick("只看多级", "Several levels only")) } " · "
            a href=(links.with(&[("matrix", "csv")])) download { "CSV" } " · " a href=(links.with(&[("matrix", "xlsx")])) download { "XLSX" } }
        (ui::table(lang, lang.pick("四级计划覆盖", "Coverage by the four levels"), &columns, &rows, None))
    } }
}

fn matrix_sheet(lang: Lang, matrix: &[Covered]) -> paper::sheet::Sheet {
    let columns = ["class", "name", "stage", "national", "provincial", "city", "county", "levels"];
    let mut sheet = crate::export::sheet("coverage", &columns);
    for c in matrix {
        let mut cells = vec![c.class.clone(), class_name(lang, &c.class), c.stage.word().to_owned()];
        cells.extend(c.levels.iter().map(ToString::to_string));
        cells.push(c.by().to_string());
        sheet.rows.push(crate::export::texts(cells));
    }
    sheet
}

/// What can be done with the plan now.
fn steps(viewer: &Viewer, plan: &Plan, labs: &BTreeMap<Id, String>) -> Markup {
    let lang = viewer.lang();
    let path = format!("/desk/sampling/plans/{}", plan.id);
    let button = |action: &str, label: &str, plain: bool| {
        html! { form method="post" action={ (path) "/" (action) } { (layout::csrf(viewer)) button class=[plain.then_some("plain")] { (label) } } }
    };
    let own = plan.submitted_by == Some(viewer.who.account);
    match plan.state {
        PlanState::Draft => html! { div.grid.wide {
            section.card { h2 { (lang.pick("按规则生成任务", "Propose the tasks by rule")) }
                p.soft { (lang.pick("按常住人口分到县区，再按食品大类和环节分配；会替换现有任务。", "Shared by population among counties, then among classes and stages; replaces the tasks there are.")) }
                form method="post" action={ (path) "/propose" } { (layout::csrf(viewer))
                    (ui::select(&Field { name: "method", label: lang.pick("大类之间的分配", "Among classes"), ..Field::default() },
                        &Method::ALL.iter().map(|m| (m.word().to_owned(), m.label().get(lang).to_owned())).collect::<Vec<_>>()))
                    (ui::input(&Field { name: "least", label: lang.pick("每县每类每环节至少批次", "At least so many of each class and stage in each county"), value: "0", kind: "number", ..Field::default() }))
                    (ui::input(&Field { name: "share", label: lang.pick("承担每千人目标的比例（%）", "Share of the target, %"), value: "100", kind: "number", ..Field::default() }))
                    @if !labs.is_empty() { fieldset { legend { (lang.pick("承检机构（按县轮流分配）", "Laboratories, county by county in turn")) }
                        @for (id, name) in labs.iter().take(20) { label.choice { input type="checkbox" name="laboratory" value=(id) checked; (name) } } } }
                    button { (lang.pick("生成", "Propose")) }
                }
            }
            (upload::form(viewer, &Import {
                title: Text::of("导入任务表", "Import tasks"),
                action: &format!("{path}/import"),
                template: &format!("{path}?template=1"),
                hint: Text::of("一行一项任务；整份替换现有任务，任何一行有误则不导入。", "One task a row; replaces all tasks there are; one wrong row and nothing is imported."),
                more: html! {},
            }))
            @if plan.tasks > 0 { section.card { h2 { (lang.pick("提交审批", "Submit")) }
                p { (lang.pick("提交后由另一人审核下达。", "Another person checks and issues it.")) } (button("submit", lang.pick("提交", "Submit"), false)) } }
        } },
        PlanState::Submitted => html! { section.card { h2 { (lang.pick("审批", "Approval")) }
            @if own { p { (lang.pick("您提交了本计划，须由另一人下达。", "You submitted it; another person issues it.")) } }
            @else { (button("issue", lang.pick("下达", "Issue"), false)) }
            (button("return", lang.pick("退回修改", "Return to draft"), true))
        } },
        PlanState::Issued => html! { section.card {
            p { a href={ "/desk/sampling/progress?plan=" (plan.id) "&year=" (plan.plan.year) } { (lang.pick("查看进度", "Progress")) } }
            details { summary { (lang.pick("结束计划", "Close the plan")) } (button("close", lang.pick("结束", "Close"), true)) }
        } },
        PlanState::Closed => html! {},
    }
}

/// `POST /desk/sampling/plans/{id}/{action}`. Right: decide sample.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let plan: Id = id.parse().map_err(|_| Fault::not_found(&PLAN))?;
    let cx = context(&app, viewer);
    let labs = laboratories(&app).await?;
    let book = match posted.files.first() {
        Some(file) if action == "import" => Some(sheets::read(file).await?),
        _ => None,
    };
    let mut tx = app.store.begin().await?;
    let (t, lab, who) = (&mut tx, &app.lab, &viewer.who);
    let done: Result<(), Error> = match action.as_str() {
        "propose" => propose(&app, t, &cx, &posted, plan).await,
        "import" => match book {
            Some(Ok(book)) => lab.import_plan(t, &cx, who, plan, &book, &labs).await.map(drop),
            Some(Err(text)) => Err(Error::Sheet(text)),
            None => Err(Error::Sheet(Text::of("请选择文件", "choose a file"))),
        },
        "submit" => lab.move_plan(t, &cx, who, plan, PlanState::Submitted).await,
        "issue" => lab.move_plan(t, &cx, who, plan, PlanState::Issued).await,
        "return" => lab.move_plan(t, &cx, who, plan, PlanState::Draft).await,
        "close" => lab.move_plan(t, &cx, who, plan, PlanState::Closed).await,
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    };
    match done {
        Ok(()) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("/desk/sampling/plans/{plan}")).into_response())
        }
        Err(Error::Rows(rows)) => {
            tx.rollback().await?;
            let text = Error::Rows(rows.clone()).text();
            let note = upload::refused(viewer, &text, &rows);
            let shown = page(&app, viewer, &id, None, Some(note)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

async fn propose(
    app: &App,
    tx: &mut store::Tx,
    cx: &ledger::Context,
    posted: &Posted,
    plan: Id,
) -> Result<(), Error> {
    let method = Method::read(posted.get("method")).unwrap_or(Method::Proportional);
    let share: Decimal = posted.get("share").parse().unwrap_or(Decimal::ONE_HUNDRED);
    let share = share.clamp(Decimal::ONE, Decimal::ONE_HUNDRED) / Decimal::ONE_HUNDRED;
    let least = posted.get("least").parse().unwrap_or(0);
    let laboratories: Vec<Id> =
        posted.fields.iter().filter(|(k, _)| k == "laboratory").filter_map(|(_, v)| v.parse().ok()).collect();
    let tasks = app.lab.propose(tx, plan, &Wish { method, share, least, laboratories }).await?;
    app.lab.set_tasks(tx, cx, &posted.viewer.who, plan, tasks).await.map(drop)
}
