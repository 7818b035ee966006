//! Allocation and rates from a table: the counties of the province with what sampling found there, or an uploaded CSV.

use super::tabs;
use crate::aside::aside;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::plot::{self, Point};
use crate::session::PostedSignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use access::Principal;
use axum::extract::State;
use axum::response::IntoResponse;
use base::region::Regions;
use base::{Lang, Text};
use lab::{By, Dimension, StatisticsFilter};
use maud::{Markup, html};
use risk::table::Table;
use sampling::allocate::{self, Stratum};
use sampling::{funnel, rates};
use std::sync::Arc;

/// A stratum: its name, units, samples concluded and failed so far, floor and cap.
#[derive(Debug, Clone)]
pub(super) struct Row {
    name: String,
    units: f64,
    samples: f64,
    positives: f64,
    least: u32,
    most: u32,
}

/// The counties the reader may see: people as units, samples concluded and failed.
pub(super) async fn of_register(app: &App, who: &Principal) -> Answer<Vec<Row>> {
    let by = By::Dimension(Dimension::Region);
    let found = app.lab.rates(&app.store, who, app.now(), by, &StatisticsFilter::default()).await?;
    let table = Regions::builtin();
    Ok(found
        .into_iter()
        .filter_map(|r| {
            let region = table.find(&r.key).ok()?;
            Some(Row {
                name: region_name(Lang::Zh, region.code.as_str()),
                units: region.pop2020.unwrap_or(0) as f64,
                samples: r.judged as f64,
                positives: r.failed as f64,
                least: 0,
                most: u32::MAX,
            })
        })
        .collect())
}

/// Rows of an uploaded table: `stratum` (or `unit`), `N`, `n`, `positives`, `min`, `max`.
fn read(bytes: &[u8]) -> Answer<Vec<Row>> {
    let wrong = |e: risk::table::TableError| {
        Fault::bad(
            "file",
            Text::of(
                "表格不符合要求：首列 stratum 为名称，数字列 N、n、positives、min、max",
                "the table is not as asked: stratum names the row; N, n, positives, min, max are numbers",
            ),
        )
        .with_details(vec![Text::new(e.to_string(), e.to_string())])
    };
    let table = Table::read("table.csv", bytes).map_err(wrong)?;
    let name = if table.has("stratum") { "stratum" } else { "unit" };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
    let whole = |v: Option<f64>, other: u32| v.map_or(other, |v| v.clamp(0.0, 4e9) as u32);
    let rows = table.rows().map(|row| {
        Ok(Row {
            name: row.word(name)?.to_owned(),
            units: row.optional("N")?.unwrap_or(1.0),
            samples: row.optional("n")?.unwrap_or(0.0),
            positives: row.optional("positives")?.unwrap_or(0.0),
            least: whole(row.optional("min")?, 0),
            most: whole(row.optional("max")?, u32::MAX),
        })
    });
    let rows = rows.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if rows.len() > ROWS {
        let text = Text::new(format!("最多 {ROWS} 行"), format!("at most {ROWS} rows"));
        return Err(Fault::bad("file", text));
    }
    let counts = |r: &Row| {
        let whole = |v: f64| v.fract() == 0.0 && (0.0..=MOST).contains(&v);
        whole(r.samples) && whole(r.positives) && r.positives <= r.samples && (0.0..=1e10).contains(&r.units)
    };
    match rows.iter().find(|r| !counts(r)) {
        None => Ok(rows),
        Some(r) => Err(Fault::bad(
            "file",
            Text::new(
                format!(
                    "“{}”：n 与 positives 须为 0 到 1000 万的整数且 positives 不大于 n，N 为 0 到 100 亿",
                    r.name
                ),
                format!(
                    "{}: n and positives are whole numbers from 0 to 10 million, positives at most n, N from 0 to 10 billion",
                    r.name
                ),
            ),
        )),
    }
}

/// Most rows of an uploaded table.
const ROWS: usize = 5_000;
/// Most samples of a row.
const MOST: f64 = 1e7;

/// What was worked out: a table, and a plot for rates.
pub(super) struct Worked {
    aim: String,
    columns: Vec<Column>,
    keys: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    figure: Option<Markup>,
    note: Text,
    command: &'static str,
    /// What it was worked out from: settings and rows.
    from: String,
}

/// Shares out, or estimates rates.
pub(super) fn work(aim: &str, get: &dyn Fn(&str) -> String, rows: &[Row]) -> Answer<Worked> {
    let mut worked = if aim == "rates" { rated(rows)? } else { allocated(get, rows)? };
    worked.from = format!("total={} floor={} {rows:?}", get("total").trim(), get("floor").trim());
    Ok(worked)
}

fn allocated(get: &dyn Fn(&str) -> String, rows: &[Row]) -> Answer<Worked> {
    let total: u32 = match get("total").trim() {
        "" => 1000,
        text => text.parse().ok().filter(|t| (1..=1_000_000).contains(t)).ok_or_else(|| {
            Fault::bad(
                "total",
                Text::of(
                    "总批次须为 1 到 100 万的整数",
                    "batches in all: a whole number from 1 to 1,000,000",
                ),
            )
        })?,
    };
    let floor: u32 = get("floor").trim().parse().unwrap_or(0);
    #[expect(clippy::cast_possible_truncation, reason = "counts of samples")]
    let strata: Vec<Stratum> = rows
        .iter()
        .map(|r| Stratum {
            least: r.least.max(floor),
            most: r.most,
            ..Stratum::new(r.units, allocate::deviation(r.positives as i64, r.samples as i64))
        })
        .collect();
    let even = allocate::proportional(f64::from(total), &strata);
    let found = if strata.is_empty() { None } else { Some(allocate::exact(total, &strata)?) };
    let lines = rows.iter().enumerate().map(|(i, r)| {
        vec![
            r.name.clone(),
            format!("{:.0}", r.units),
            format!("{:.0}", r.samples),
            format!("{:.0}", r.positives),
            format!("{:.3}", strata[i].deviation),
            format!("{:.1}", even[i]),
            found.as_ref().map_or_else(String::new, |f| f.n[i].to_string()),
        ]
    });
    Ok(Worked {
        aim: "allocate".to_owned(),
        rows: lines.collect(),
        columns: vec![
            Column::text("层", "Stratum"),
            Column::num("单位数 N", "Units N"),
            Column::num("已检 n", "Samples so far"),
            Column::num("不合格", "Failed"),
            Column::num("标准差 S", "Deviation S"),
            Column::num("按比例", "Proportional"),
            Column::num("最优（整数）", "Best (whole)"),
        ],
        keys: vec!["stratum", "N", "n", "positives", "S", "proportional", "best"],
        figure: None,
        note: Text::of(
            "奈曼最优：按 N·S 分配，取使均值方差最小的整数解，守住下限与上限；S 由以往不合格率平滑估计（(x+0.5)/(n+25)）。来源：Neyman 1934；Wright 2012。",
            "Neyman's optimum: by N·S, the whole numbers of least variance within floors and caps; S from past failures, smoothed ((x + 0.5) / (n + 25)). Neyman 1934; Wright 2012.",
        ),
        command: "shian sampling allocate FILE.csv --method exact --total N",
        from: String::new(),
    })
}

fn rated(rows: &[Row]) -> Answer<Worked> {
    let kept: Vec<&Row> = rows.iter().filter(|r| r.samples > 0.0).collect();
    let data: Vec<(f64, f64)> = kept.iter().map(|r| (r.positives, r.samples)).collect();
    let samples: f64 = data.iter().map(|d| d.1).sum();
    let rate = data.iter().map(|d| d.0).sum::<f64>() / samples.max(1.0);
    // without any failure, or with one area, there is nothing to shrink towards
    let shrunk = if rate > 0.0 && data.len() > 1 { rates::beta_binomial(&data, rate).ok() } else { None };
    let mut lines = Vec::new();
    let mut points = Vec::new();
    for (i, r) in kept.iter().enumerate() {
        let (inner, outer) = (limits(r.samples, rate, 0.95)?, limits(r.samples, rate, 0.998)?);
        let raw = r.positives / r.samples;
        let outside = raw > outer.high || raw < outer.low;
        let share = |v: Option<f64>| v.map_or_else(|| "—".to_owned(), |v| format!("{:.2} %", v * 100.0));
        let s = shrunk.as_ref().map(|(_, all)| all[i]);
        lines.push(vec![
            r.name.clone(),
            format!("{:.0}", r.samples),
            format!("{:.0}", r.positives),
            share(Some(raw)),
            share(s.map(|s| s.mean)),
            format!("{} – {}", share(s.and_then(|s| s.low)), share(s.and_then(|s| s.high))),
            format!("{} – {}", share(Some(inner.low)), share(Some(inner.high))),
            if outside { "!".to_owned() } else { String::new() },
        ]);
        points.push(Point { label: r.name.clone(), x: r.samples, y: raw * 100.0, outside });
    }
    let most = kept.iter().map(|r| r.samples).fold(1.0, f64::max);
    let mut curves = Vec::new();
    for level in [0.95, 0.998] {
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for step in 1..=40 {
            let n = (most * f64::from(step) / 40.0).max(1.0);
            let l = limits(n, rate, level)?;
            low.push((n, l.low * 100.0));
            high.push((n, l.high * 100.0));
        }
        curves.extend([low, high]);
    }
    let figure = (!points.is_empty()).then(|| plot::scatter("funnel", ("n", "%"), &points, &curves));
    Ok(Worked {
        aim: "rates".to_owned(),
        rows: lines,
        columns: vec![
            Column::text("地区", "Area"),
            Column::num("样品", "Samples"),
            Column::num("不合格", "Failed"),
            Column::num("原始率", "Raw rate"),
            Column::num("收缩率", "Shrunk rate"),
            Column::num("95% 区间", "95 % interval"),
            Column::num("漏斗 95%", "Funnel 95 %"),
            Column::text("99.8% 之外", "Outside 99.8 %"),
        ],
        keys: vec!["unit", "n", "positives", "raw", "shrunk", "interval", "funnel_95", "outside_998"],
        figure,
        note: Text::of(
            "贝塔–二项经验贝叶斯收缩；漏斗为总率周围的精确二项界限（虚线 95% 与 99.8%）。界外只表示值得一看，先查抽样方式是否不同。来源：Spiegelhalter 2005。",
            "Beta–binomial empirical Bayes; the funnel is exact binomial around the common rate (dashed: 95 % and 99.8 %). Outside means worth a look: see first whether sampling differed. Spiegelhalter 2005.",
        ),
        command: "shian sampling rates FILE.csv",
        from: String::new(),
    })
}

fn limits(n: f64, rate: f64, level: f64) -> Answer<funnel::Limits> {
    Ok(funnel::limits(funnel::Kind::Binomial, n, rate, level, 1.0)?)
}

impl Worked {
    /// The answer on the page.
    pub(super) fn show(&self, lang: Lang, links: &ListLinks) -> Markup {
        let cells: Vec<Vec<Markup>> = self
            .rows
            .iter()
            .map(|r| {
                r.iter()
                    .map(|c| {
                        if c == "!" {
                            ui::badge(Tone::Warn, lang.pick("界外", "outside"))
                        } else {
                            html! { (c) }
                        }
                    })
                    .collect()
            })
            .collect();
        let caption = if self.aim == "rates" {
            lang.pick("比率", "Rates")
        } else {
            lang.pick("分配", "Allocation")
        };
        html! {
            @if cells.is_empty() { (ui::empty(lang.pick("没有数据", "No data"), lang.pick("登记中还没有有结论的样品；可上传自己的表格。", "No concluded sample in the register yet; upload a table of your own."))) }
            @else {
                @if let Some(figure) = &self.figure { figure { (figure) } }
                (ui::table(lang, caption, &self.columns, &cells, None))
                @if !links.path.is_empty() { (ui::pager(lang, links, cells.len(), None, None, true)) }
            }
            p.small.soft { (self.note.get(lang)) }
            p.small { "CLI: " code { (self.command) } }
            @if !cells.is_empty() { (ui::recipe(lang, &self.recipe())) }
        }
    }

    fn figures(&self) -> paper::sheet::Sheet {
        let mut sheet = crate::export::sheet(&self.aim, &self.keys);
        sheet.rows.extend(self.rows.iter().map(|r| crate::export::texts(r.clone())));
        sheet
    }

    /// Hash of method, settings, rows worked from and figures.
    fn recipe(&self) -> String {
        crate::export::recipe(&[self.command, self.note.en.as_ref(), &self.from], &self.figures())
    }

    /// The same as a sheet, each row with the recipe.
    pub(super) fn sheet(&self) -> paper::sheet::Sheet {
        crate::export::stamped(self.figures(), &self.recipe())
    }
}

/// The form: totals for the register's counties, and a table of one's own.
pub(super) fn form(viewer: &Viewer, aim: &str, value: &dyn Fn(&str) -> String) -> Markup {
    let lang = viewer.lang();
    let (total, floor) = (value("total"), value("floor"));
    let shown = if total.is_empty() { "1000" } else { &total };
    html! {
        @if aim == "allocate" { form.filters method="get" {
            input type="hidden" name="aim" value=(aim);
            (ui::input(&Field { name: "total", label: lang.pick("总批次", "Batches in all"), value: shown, kind: "number", ..Field::default() }))
            (ui::input(&Field { name: "floor", label: lang.pick("每层至少", "At least in each"), value: &floor, kind: "number", ..Field::default() }))
            button { (lang.pick("计算", "Compute")) }
        } }
        details.card { summary { (lang.pick("用自己的表格（CSV）", "A table of your own (CSV)")) }
            form method="post" action="/desk/design/table" enctype="multipart/form-data" {
                (layout::csrf(viewer))
                input type="hidden" name="aim" value=(aim);
                input type="hidden" name="total" value=(shown);
                input type="hidden" name="floor" value=(floor);
                p.hint { (lang.pick("列：", "Columns: ")) code { "stratum,N,n,positives,min,max" } }
                div.field { label.req for="table-file" { (lang.pick("文件", "File")) } input #table-file type="file" name="file" accept=".csv,text/csv" required; }
                button { (lang.pick("计算", "Compute")) }
            }
        }
        p.small { (lang.pick("默认数据：您可见县区的人口与抽检结论。", "By default: the counties you may see, their people and their concluded samples.")) }
    }
}

/// `POST /desk/design/table`: the same from an uploaded table; nothing is stored. Right: an account.
pub(super) async fn uploaded(State(_): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let file = posted.files.iter().find(|f| f.field == "file").ok_or_else(|| {
        Fault::bad("file", Text::of("请选择要上传的 CSV 文件", "choose the CSV file to upload"))
    })?;
    let (bytes, aim) = (file.bytes.clone(), posted.get("aim").to_owned());
    let given = ["total", "floor"].map(|name| (name, posted.get(name).to_owned()));
    let worked = aside(move || {
        let value =
            |name: &str| given.iter().find(|(n, _)| *n == name).map_or_else(String::new, |g| g.1.clone());
        work(&aim, &value, &read(&bytes)?)
    });
    let worked = worked.await??;
    let title = lang.pick("抽样设计", "Sampling design");
    Ok(layout::page(
        viewer,
        title,
        &html! {
            (tabs(lang, "/desk/design"))
            h1 { (title) }
            p { a href={ "/desk/design?aim=" (posted.get("aim")) } { (lang.pick("返回", "Back")) } }
            (worked.show(lang, &ListLinks::default()))
        },
    )
    .into_response())
}
