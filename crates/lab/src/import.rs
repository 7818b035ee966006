//! Spreadsheets of samples and results: read whole, checked row by row, imported whole or not at all.

use crate::blind::by_blind_number;
use crate::reported::check;
use crate::result::{Batch, result_resource};
use crate::result_file::no_sample;
use crate::sample::{NewSample, Sample, SampleKind};
use crate::{Book, Budget, Error, Lab, NewResult, Placing, Problem, Stage, register};
use access::Principal;
use base::gs1::{Gln, Gtin};
use base::uscc::Uscc;
use base::{Department, Id, Text};
use ledger::Context;
use limits::{Fact, Facts};
use paper::sheet::{Column, Columns, Row, RowError, RowErrors, Workbook};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Sql, Tx};

/// What importing samples did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SamplesImported {
    /// The new samples, in row order.
    pub samples: Vec<Id>,
    /// Form numbers whose lot no trace event names.
    pub lot_unknown: Vec<String>,
}

/// What importing results did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultsImported {
    /// Rows read.
    pub rows: usize,
    /// The samples that got results, in order of first row.
    pub samples: Vec<Id>,
    /// How many results have each outcome word.
    pub outcomes: BTreeMap<String, usize>,
}

/// The columns of a sheet of samples (names of the national sampling form).
#[must_use]
pub fn sample_columns() -> Columns {
    Columns::new(vec![
        Column::required("抽样单编号", &["form number", "form no", "sample number"]),
        Column::optional("抽样类别", &["kind", "抽检类型", "报送分类"]),
        Column::required("食品名称", &["food", "judged as", "判定名称"]),
        Column::optional("样品名称", &["product", "product name"]),
        Column::optional("商品条码", &["gtin", "barcode", "条码"]),
        Column::optional("批号", &["lot", "lot number", "生产批号"]),
        Column::required("被抽样单位", &["place", "place sampled", "被抽样单位名称"]),
        Column::optional("被抽样单位代码", &["place uscc", "统一社会信用代码", "uscc"]),
        Column::optional("场所编码", &["gln", "place gln"]),
        Column::optional("生产者", &["producer", "生产者名称", "标称生产者"]),
        Column::optional("生产者代码", &["producer uscc"]),
        Column::optional("生产日期", &["production date", "produced"]),
        Column::required("抽样日期", &["sampling date", "sampled"]),
        Column::optional("收样日期", &["date received", "received", "样品到达日期"]),
        Column::optional("包装分类", &["packaging", "package"]),
        Column::optional("抽样基数", &["base quantity"]),
        Column::optional("所在地", &["region", "region code", "行政区划代码"]),
        Column::optional("任务来源", &["agency", "department"]),
        Column::optional("食品大类", &["class", "food class"]),
        Column::optional("抽样环节", &["stage"]),
        Column::optional("经费来源", &["budget", "level"]),
        Column::optional("鲜干比", &["drying ratio", "脱水率"]),
        Column::optional("水分", &["moisture"]),
        Column::optional("脂肪", &["fat"]),
    ])
}

/// The columns of a sheet of results.
#[must_use]
pub fn result_columns(one_sample: bool) -> Columns {
    const FORM: &[&str] =
        &["form number", "form no", "sample number", "样品编号", "盲样编号", "blind number"];
    let form = if one_sample {
        Column::optional("抽样单编号", FORM)
    } else {
        Column::required("抽样单编号", FORM)
    };
    Columns::new(vec![
        form,
        Column::required("检验项目", &["analyte", "item", "项目"]),
        Column::required("检验结果", &["result", "value", "结果"]),
        Column::optional("结果单位", &["unit", "单位"]),
        Column::optional("检出限", &["lod", "方法检出限"]),
        Column::optional("定量限", &["loq", "方法定量限"]),
        Column::optional("检验方法", &["method", "检验依据"]),
    ])
}

/// A row of results that could be read.
pub(crate) struct ResultRow {
    pub(crate) line: usize,
    pub(crate) form_no: Option<String>,
    pub(crate) new: NewResult,
}

impl Lab {
    /// Imports sampling forms; all go to `laboratory`. The caller commits on success and drops the transaction on error.
    ///
    /// # Errors
    /// [`Error::Sheet`] for the file; [`Error::Rows`] with every wrong cell; [`Error::Denied`].
    pub async fn import_samples(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        book: &Workbook,
        laboratory: Option<Id>,
    ) -> Result<SamplesImported, Error> {
        let columns = sample_columns();
        let mut errors = RowErrors::default();
        let mut new = Vec::new();
        for table in &book.tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                new.extend(sample_of(&row, &mut errors, laboratory).map(|s| (row.line(), s)));
            }
        }
        self.numbers_free(tx, &new, &mut errors).await?;
        let mut done = SamplesImported { samples: Vec::new(), lot_unknown: Vec::new() };
        let any = !new.is_empty();
        for (line, sample) in new {
            if !errors.is_empty() {
                // nothing will be kept; the remaining rows are still checked
                for p in register::check(&sample, cx.now.china_date()) {
                    errors.push(at_line(line, p));
                }
                continue;
            }
            match self.register(tx, cx, who, sample, "import").await {
                Ok(sample) => {
                    done.samples.push(sample.id);
                    if sample.lot_unknown {
                        done.lot_unknown.push(sample.form_no);
                    }
                }
                Err(Error::Invalid(problems)) => {
                    problems.into_iter().for_each(|p| errors.push(at_line(line, p)));
                }
                Err(other) => return Err(other),
            }
        }
        finish(errors, any, done)
    }

    /// Imports results for one sample, or for the samples the sheet names; each is judged at once. The caller commits on
    /// success and drops the transaction on error.
    ///
    /// # Errors
    /// [`Error::Sheet`] for the file; [`Error::Rows`] with every wrong cell; [`Error::Denied`]; [`Error::State`].
    pub async fn import_results(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        book: &Workbook,
        sample: Option<Id>,
    ) -> Result<ResultsImported, Error> {
        let columns = result_columns(sample.is_some());
        let mut errors = RowErrors::default();
        let mut rows = Vec::new();
        for table in &book.tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            rows.extend(mapped.rows().filter_map(|row| result_of(&row, &mut errors)));
        }
        let only = match sample {
            Some(id) => {
                let sample = self.sample_to_change(tx, id).await?;
                self.access.check(who, "import", &result_resource(&sample), cx.now)?;
                Some(sample)
            }
            None => None,
        };
        // a blind sample is not known by the number of its form: a guess is neither confirmed nor refused
        let known_as = only.clone().map(|s| [s.blind_no(), self.shown(who, cx.now, s).form_no]);
        let named = match only {
            Some(_) => HashMap::new(),
            None => self.samples_named(tx, cx, who, "import", &rows).await?,
        };
        let count = rows.len();
        let mut batches: Vec<Batch<'_>> = Vec::new();
        let mut lines: Vec<Vec<usize>> = Vec::new();
        let mut places: HashMap<Id, usize> = HashMap::new();
        for row in rows {
            let found = match (&only, &row.form_no) {
                (Some(one), None) => Some(one),
                (Some(one), Some(form)) => {
                    Some(one).filter(|_| known_as.as_ref().is_some_and(|numbers| numbers.contains(form)))
                }
                (None, Some(form)) => named.get(form),
                (None, None) => None,
            };
            let Some(found) = found else {
                errors.push(no_sample(row.line, row.form_no.unwrap_or_default()));
                continue;
            };
            let place = *places.entry(found.id).or_insert_with(|| {
                batches.push(Batch { sample: found, new: Vec::new() });
                lines.push(Vec::new());
                batches.len() - 1
            });
            batches[place].new.push(row.new);
            lines[place].push(row.line);
        }
        let (wrong, verdicts) = self.examine_all(tx, cx, &batches).await?;
        for w in wrong {
            errors.push(at_line(lines[w.batch][w.result], w.problem));
        }
        let mut done = ResultsImported { rows: count, samples: Vec::new(), outcomes: BTreeMap::new() };
        if errors.is_empty() {
            done.samples = batches.iter().map(|b| b.sample.id).collect();
            for verdict in verdicts.iter().flatten() {
                *done.outcomes.entry(verdict.outcome.word().to_owned()).or_default() += 1;
            }
            self.store_all(tx, cx, who, batches, verdicts, "import").await?;
        }
        finish(errors, count > 0, done)
    }

    /// Form numbers must stand once in the sheet and be free.
    async fn numbers_free(
        &self,
        tx: &mut Tx,
        new: &[(usize, NewSample)],
        errors: &mut RowErrors,
    ) -> Result<(), Error> {
        let mut taken = BTreeSet::new();
        for part in new.chunks(500) {
            let mut sql = Sql::new("select form_no from sample where form_no in ");
            sql.bind_list(part.iter().map(|(_, s)| s.form_no.trim()));
            for row in tx.select(&sql).await? {
                taken.insert(row.text("form_no")?);
            }
        }
        for (line, sample) in new {
            if !taken.insert(sample.form_no.trim().to_owned()) {
                errors.push(RowError {
                    line: *line,
                    column: "抽样单编号".to_owned(),
                    value: sample.form_no.clone(),
                    message: Text::of(
                        "已登记，或与前面的行重复；请删去该行或更正编号",
                        "registered already, or in an earlier row too; remove the row or correct the number",
                    ),
                });
            }
        }
        Ok(())
    }

    /// The samples that rows name and whose results the person may enter, each under its number as written; nobody else changes them
    /// until this transaction ends. A sample that is not theirs is as if it were none, before anything else is said of its row.
    pub(crate) async fn samples_named(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        action: &str,
        rows: &[ResultRow],
    ) -> Result<HashMap<String, Sample>, Error> {
        let forms: BTreeSet<&str> = rows.iter().filter_map(|r| r.form_no.as_deref()).collect();
        let forms: Vec<&str> = forms.into_iter().collect();
        let mut named = HashMap::new();
        by_blind_number(tx, &forms, &mut named).await?;
        for part in forms.chunks(500) {
            let mut sql = Sql::new("select * from sample where form_no in ");
            sql.bind_list(part.iter().copied());
            for row in tx.select(&sql).await? {
                let sample = register::read(&row)?;
                named.insert(sample.form_no.clone(), sample);
            }
        }
        named.retain(|_, sample| self.access.allows(who, action, &result_resource(sample), cx.now));
        let ids: Vec<Id> = named.values().map(|s| s.id).collect();
        tx.lock("sample", &ids).await?;
        let mut current = HashMap::with_capacity(ids.len());
        for part in ids.chunks(500) {
            let mut sql = Sql::new("select * from sample where id in ");
            sql.bind_list(part.iter().copied());
            for row in tx.select(&sql).await? {
                let sample = register::read(&row)?;
                current.insert(sample.id, sample);
            }
        }
        for sample in named.values_mut() {
            if let Some(now) = current.get(&sample.id) {
                sample.clone_from(now);
            }
        }
        Ok(named)
    }
}

pub(crate) fn finish<T>(errors: RowErrors, any: bool, done: T) -> Result<T, Error> {
    let done = errors.into_result(done).map_err(Error::Rows)?;
    if any { Ok(done) } else { Err(Error::Sheet(Text::of("文件没有数据行", "the file has no rows"))) }
}

pub(crate) fn at_line(line: usize, p: Problem) -> RowError {
    RowError { line, column: p.label.zh.into_owned(), value: p.value, message: p.message }
}

fn sample_of(row: &Row<'_>, errors: &mut RowErrors, laboratory: Option<Id>) -> Option<NewSample> {
    let slipped = errors.keep(row.no_overhang());
    let form_no = errors.keep(row.text("抽样单编号"));
    let food = errors.keep(row.text("食品名称"));
    let place_name = errors.keep(row.text("被抽样单位"));
    let sampled = errors.keep(row.date("抽样日期"));
    let kind = errors.keep(row.opt_with("抽样类别", |t| {
        SampleKind::read(t).ok_or_else(|| {
            Text::of(
                "应为“监督抽检”“风险监测”或“评价性抽检”",
                "write supervision sampling, risk monitoring or evaluation sampling",
            )
        })
    }));
    let produced = errors.keep(row.opt_date("生产日期"));
    let received = errors.keep(row.opt_date("收样日期"));
    let gtin = errors.keep(row.opt_with("商品条码", |t| t.parse::<Gtin>().map_err(|e| e.text())));
    let gln = errors.keep(row.opt_with("场所编码", |t| t.parse::<Gln>().map_err(|e| e.text())));
    let uscc = errors.keep(row.opt_with("被抽样单位代码", |t| t.parse::<Uscc>().map_err(|e| e.text())));
    let producer_uscc = errors.keep(row.opt_with("生产者代码", |t| t.parse::<Uscc>().map_err(|e| e.text())));
    let prepackaged = errors.keep(row.opt_with("包装分类", |t| match t {
        "预包装" | "prepackaged" => Ok(true),
        "散装" | "计量称重" | "无包装" | "bulk" | "weighed" => Ok(false),
        _ => Err(Text::of("应为“预包装”“散装”或“计量称重”", "write prepackaged, bulk or weighed")),
    }));
    let agency = errors.keep(row.opt_with("任务来源", |t| {
        // 市场监管 in 甘肃省市场监督管理局 is written out: compare the first two characters as well
        let named = |d: &Department| {
            let zh = d.name().zh;
            d.code() == t || t.contains(&*zh) || t.contains(zh.chars().take(2).collect::<String>().as_str())
        };
        Department::ALL.into_iter().find(named).ok_or_else(|| {
            Text::of(
                "请填写部署抽检的部门，如“市场监管”“农业农村”",
                "state the department that ordered it, such as market or agri",
            )
        })
    }));
    let class = errors.keep(row.opt_with("食品大类", |t| {
        let none = || Text::of("没有这个食品大类", "there is no such food class");
        Book::builtin().class(t).map(|c| c.code.clone()).ok_or_else(none)
    }));
    let stage = errors.keep(row.opt_with("抽样环节", |t| {
        Stage::read(t)
            .ok_or_else(|| Text::of("应为“生产”“流通”或“餐饮”", "write production, circulation or catering"))
    }));
    let budget = errors.keep(row.opt_with("经费来源", |t| {
        Budget::read(t).ok_or_else(|| {
            Text::of("应为“国家”“省级”“市级”或“县级”", "write national, provincial, city or county")
        })
    }));
    let mut facts = Facts::default();
    for (column, fact) in [("鲜干比", Fact::DryingRatio), ("水分", Fact::Moisture), ("脂肪", Fact::Fat)]
    {
        if let Some(Some(value)) = errors.keep(row.opt_decimal(column)) {
            facts.learn(fact, value.to_string());
        }
    }
    slipped?;
    Some(NewSample {
        form_no: form_no?,
        kind: kind?.unwrap_or(SampleKind::Supervision),
        food: food?,
        product_name: errors.optional(row, "样品名称").unwrap_or_default(),
        gtin: gtin?.map(|g| g.to_string()),
        lot_no: errors.optional(row, "批号"),
        item: None,
        place: gln?.map(|g| format!("https://id.gs1.org/414/{g}")),
        place_name: place_name?,
        uscc: uscc?.map(|u| u.as_str().to_owned()),
        producer_name: errors.optional(row, "生产者").unwrap_or_default(),
        producer_uscc: producer_uscc?.map(|u| u.as_str().to_owned()),
        produced: produced?,
        sampled: sampled?,
        received: received?,
        arrival: None,
        prepackaged: prepackaged?.unwrap_or(false),
        base_qty: errors.optional(row, "抽样基数"),
        region: errors.optional(row, "所在地"),
        agency: agency?.unwrap_or(Department::Market).code().to_owned(),
        laboratory,
        facts,
        placing: Placing { task: None, class: class?, stage: stage?, budget: budget? },
    })
}

pub(crate) fn result_of(row: &Row<'_>, errors: &mut RowErrors) -> Option<ResultRow> {
    let slipped = errors.keep(row.no_overhang());
    let form_no = errors.keep(row.opt_text("抽样单编号"));
    let analyte = errors.keep(row.text("检验项目"));
    let value = errors.keep(row.text("检验结果"));
    let unit = errors.keep(row.opt_text("结果单位"));
    let lod = errors.keep(row.opt_text("检出限"));
    let loq = errors.keep(row.opt_text("定量限"));
    let method = errors.keep(row.opt_text("检验方法"));
    slipped?;
    let value = value?;
    let parts: Vec<String> = value.split(['|', ';', '；']).map(|t| t.trim().to_owned()).collect();
    let (reported, subsamples) = if parts.len() > 1 { (String::new(), parts) } else { (value, Vec::new()) };
    let new = NewResult {
        analyte: analyte?,
        reported,
        unit: unit?.unwrap_or_default(),
        lod: lod?,
        loq: loq?,
        method: method?.unwrap_or_default(),
        subsamples,
    };
    let problems = check(&new);
    let wrong = !problems.is_empty();
    problems.into_iter().for_each(|p| errors.push(at_line(row.line(), p)));
    if wrong { None } else { Some(ResultRow { line: row.line(), form_no: form_no?, new }) }
}
