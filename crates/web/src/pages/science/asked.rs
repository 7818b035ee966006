//! The question of an exposure page as its address tells it, and the answer computed from what the reader may see.

use crate::fault::{Answer, Fault};
use crate::pages::choices;
use crate::state::App;
use access::Principal;
use assess::exposure::{self, MOST_DRAWS, MOST_REPLICATES, Question};
use assess::live::Depth;
use assess::substances::{self, Substance};
use assess::survey::{self, Survey};
use assess::{Row, Samples};
use base::{Date, Text};
use lab::{MeasuredFilter, SampleKind};
use risk::exposure::model::{Change, Chronic, Concentrations, LimitMode, UnitSpread};
use std::sync::Arc;

/// Parameters of the page and of the interface.
pub(crate) const PARAMETERS: [&str; 35] = [
    "substance",
    "survey",
    "group",
    "samples",
    "region",
    "from",
    "to",
    "concentrations",
    "usual",
    "reference",
    "limit_food",
    "limit",
    "limit_mode",
    "processing_food",
    "processing",
    "consumption_food",
    "consumption",
    "replicates",
    "draws",
    "seed",
    "protect_food",
    "with_1",
    "potency_1",
    "with_2",
    "potency_2",
    "with_3",
    "potency_3",
    "with_4",
    "potency_4",
    "processing_upper",
    "unit_food",
    "unit_grams",
    "unit_spread",
    "unit_value",
    "tail",
];

/// Other substances and their potencies, by their number.
pub(crate) const OTHERS: [(&str, &str); exposure::MOST_OTHERS] =
    [("with_1", "potency_1"), ("with_2", "potency_2"), ("with_3", "potency_3"), ("with_4", "potency_4")];

/// How units of a composite sample differ.
pub(crate) const SPREADS: [(&str, Text); 3] = [
    ("variability", Text::of("变异因子（第 97.5 百分位 / 均值）", "variability factor (P97.5 over mean)")),
    ("cv", Text::of("变异系数（标准差 / 均值）", "coefficient of variation")),
    (
        "composite",
        Text::of(
            "混合样由 n 个单位组成（残留可能全在一个）",
            "composite of n units (all residue may be in one)",
        ),
    ),
];

/// What a food can carry on a drawn day.
pub(crate) const CONCENTRATIONS: [(&str, Concentrations, Text); 4] = [
    ("samples", Concentrations::Samples, Text::of("样品值（代入法）", "the results (substitution)")),
    (
        "lognormal",
        Concentrations::CensoredLognormal,
        Text::of("截尾对数正态（极大似然）", "censored log-normal"),
    ),
    ("spiked", Concentrations::SpikedLognormal, Text::of("真零 + 截尾对数正态", "true zeros and log-normal")),
    (
        "spike",
        Concentrations::NondetectSpike,
        Text::of("未检出为零 + 对数正态", "non-detects zero, rest log-normal"),
    ),
];

/// Models of usual intake.
pub(crate) const USUAL: [(&str, Chronic, Text); 5] = [
    ("BBN", Chronic::Bbn, Text::of("BBN（β-二项 + 对数正态）", "BBN (beta-binomial, log-normal)")),
    ("BBN_power", Chronic::BbnPower, Text::of("BBN（Box–Cox）", "BBN (Box–Cox)")),
    ("LNN0", Chronic::Lnn0, Text::of("LNN0（不相关）", "LNN0 (uncorrelated)")),
    ("LNN", Chronic::Lnn, Text::of("LNN（相关）", "LNN (correlated)")),
    ("ISUF", Chronic::Isuf, Text::of("ISUF（不设分布族）", "ISUF (no family of distributions)")),
];

/// A question as asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    values: Vec<(String, String)>,
    pub(crate) substance: &'static Substance,
    pub(crate) region: Option<String>,
    from: Option<Date>,
    to: Option<Date>,
    /// Food whose protecting limit is asked; `*`: all foods.
    pub(crate) protect: Option<String>,
}

impl Asked {
    /// Reads the parameters; `get` gives one, empty when absent.
    pub(crate) fn read(get: impl Fn(&str) -> String) -> Answer<Self> {
        let values: Vec<(String, String)> =
            PARAMETERS.iter().map(|name| ((*name).to_owned(), get(name).trim().to_owned())).collect();
        let mut out = Self {
            values,
            substance: substances::builtin().first().ok_or_else(|| Fault::not_found(&SUBSTANCE))?,
            region: None,
            from: None,
            to: None,
            protect: None,
        };
        let id = out.get("substance").to_owned();
        if !id.is_empty() {
            out.substance = substances::find(&id).ok_or_else(|| {
                Fault::bad(
                    "substance",
                    Text::of("没有这个物质，请从列表选择", "no such substance: choose from the list"),
                )
            })?;
        }
        let some = |name: &str| Some(out.get(name).to_owned()).filter(|v| !v.is_empty());
        let (region, protect) = (some("region"), some("protect_food"));
        let (from, to) = (choices::day("from", out.get("from"))?, choices::day("to", out.get("to"))?);
        (out.region, out.protect, out.from, out.to) = (region, protect, from, to);
        Ok(out)
    }

    /// A parameter as given.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }

    /// The same question as part of an address.
    pub(crate) fn query(&self) -> String {
        let filled = self.values.iter().filter(|(_, v)| !v.is_empty());
        filled.map(|(n, v)| format!("{n}={}", crate::ui::encode(v))).collect::<Vec<_>>().join("&")
    }

    /// Substances that count with the one asked for.
    fn others(&self) -> Answer<Vec<(&'static Substance, f64)>> {
        let mut out: Vec<(&'static Substance, f64)> = Vec::new();
        for (with, potency) in OTHERS {
            let id = self.get(with);
            if id.is_empty() {
                continue;
            }
            let other = substances::find(id).ok_or_else(|| {
                Fault::bad(
                    with,
                    Text::of("没有这个物质，请从列表选择", "no such substance: choose from the list"),
                )
            })?;
            if other.id == self.substance.id || out.iter().any(|(known, _)| known.id == other.id) {
                return Err(Fault::bad(
                    with,
                    Text::of("同一物质只能计入一次，请改选", "a substance counts once: choose another"),
                ));
            }
            let potency = self.number(potency)?.ok_or_else(|| {
                Fault::bad(
                    potency,
                    Text::of(
                        "请填写相对效能因子（相对于指示物质，如 0.5）",
                        "give the potency relative to the index substance, such as 0.5",
                    ),
                )
            })?;
            out.push((other, potency));
        }
        Ok(out)
    }

    /// How units differ, where it is asked.
    fn spread(&self) -> Answer<Option<UnitSpread>> {
        let value = self.number("unit_value")?;
        let missing = |field: &'static str, zh: &'static str, en: &'static str| {
            Err(Fault::bad(field, Text::of(zh, en)))
        };
        match (self.get("unit_food").is_empty(), value) {
            (true, None) => Ok(None),
            (true, Some(_)) => {
                missing("unit_food", "请选择按单位食用的食品", "choose the food that is eaten in units")
            }
            (false, None) => missing(
                "unit_value",
                "请填写单位之间的差异，如变异因子 3",
                "say how units differ, such as a factor of 3",
            ),
            (false, Some(value)) => Ok(Some(match self.get("unit_spread") {
                "cv" => UnitSpread::Cv(value),
                "composite" => UnitSpread::Composite(value),
                _ => UnitSpread::Variability(value),
            })),
        }
    }

    /// Percentile of drawn days from which on their foods are told.
    fn tail(&self) -> Answer<Option<f64>> {
        let found = self.number("tail")?;
        match found.filter(|p| *p > 100.0) {
            Some(_) => Err(Fault::bad(
                "tail",
                Text::of(
                    "百分位数须在 0 到 100 之间，如 97.5",
                    "a percentile lies between 0 and 100, such as 97.5",
                ),
            )),
            None => Ok(found),
        }
    }

    /// Person-days to draw: some, where something is asked that drawn days alone show.
    fn draws(&self) -> Answer<usize> {
        let needs = ["unit_food", "processing_upper", "tail"].iter().any(|name| !self.get(name).is_empty());
        self.count("draws", if needs { exposure::SOME_DRAWS } else { 0 }, MOST_DRAWS)
    }

    fn number(&self, name: &'static str) -> Answer<Option<f64>> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let read = text.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
        read.map(Some).ok_or_else(|| {
            Fault::bad(
                name,
                Text::new(
                    format!("“{text}”不是 0 或以上的数，请填写如 0.2"),
                    format!("{text:?} is not a number of 0 or more; write such as 0.2"),
                ),
            )
        })
    }

    fn count(&self, name: &'static str, other: usize, most: usize) -> Answer<usize> {
        let found = self.number(name)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
        Ok(found.map_or(other, |v| v.min(most as f64) as usize))
    }

    /// The assumptions to try.
    fn changes(&self, survey: &Survey) -> Answer<Vec<Change>> {
        let food = |name: &str| Some(self.get(name)).filter(|f| !f.is_empty() && *f != "*");
        let needed = |field: &'static str| Fault::bad(field, Text::of("请选择食品", "choose the food"));
        let mut out = Vec::new();
        if let Some(limit) = self.number("limit")? {
            let mode = if self.get("limit_mode") == "at" { LimitMode::AtLimit } else { LimitMode::Enforced };
            out.push(exposure::limit(self.substance, food("limit_food"), limit, mode));
        }
        let upper = self.number("processing_upper")?;
        if let Some(factor) = self.number("processing")? {
            let food = food("processing_food").ok_or_else(|| needed("processing_food"))?;
            out.push(Change::Processing(exposure::factor(food, factor, upper)));
        } else if upper.is_some() {
            return Err(Fault::bad(
                "processing",
                Text::of("请填写加工因子（分布的中位数）", "give the factor, the median of its distribution"),
            ));
        }
        if let Some(factor) = self.number("consumption")? {
            let food = food("consumption_food").ok_or_else(|| needed("consumption_food"))?;
            out.push(Change::Consumption(exposure::factor(food, factor, None)));
        }
        if let Some(spread) = self.spread()? {
            out.extend(exposure::units(survey, food("unit_food"), self.number("unit_grams")?, spread)?);
        }
        Ok(out)
    }

    /// The survey asked for.
    pub(crate) async fn survey(&self, app: &App, who: &Principal) -> Answer<Arc<Survey>> {
        Ok(survey::find(&app.store, &app.access, who, app.now(), self.get("survey")).await?)
    }

    /// The results the reader may see.
    pub(crate) async fn rows(&self, app: &App, who: &Principal) -> Answer<Vec<Row>> {
        let substances =
            std::iter::once(self.substance).chain(self.others()?.into_iter().map(|(other, _)| other));
        let mut out = Vec::new();
        for substance in substances {
            let filter = MeasuredFilter {
                analytes: substance.names.clone(),
                region: self.region.clone(),
                from: self.from,
                to: self.to,
            };
            let found = app.lab.measured(&app.store, who, app.now(), &filter).await?;
            out.extend(found.into_iter().map(|m| Row {
                substance: &substance.id,
                sample: m.sample.to_string(),
                representative: m.kind == SampleKind::Evaluation,
                food: m.food,
                reported: m.reported,
                unit: m.unit,
                lod: m.lod,
                loq: m.loq,
            }));
        }
        Ok(out)
    }

    /// The question for the workbench.
    pub(crate) async fn question(&self, app: &App, who: &Principal) -> Answer<Question> {
        let survey = self.survey(app, who).await?;
        Ok(Question {
            substance: self.substance,
            others: self.others()?,
            group: exposure::group(self.get("group")),
            samples: Samples::of(self.get("samples")),
            concentrations: CONCENTRATIONS
                .iter()
                .find(|(w, ..)| *w == self.get("concentrations"))
                .map_or(Concentrations::Samples, |(_, c, _)| *c),
            usual: USUAL.iter().find(|(w, ..)| *w == self.get("usual")).map(|(_, c, _)| *c),
            reference: self.number("reference")?,
            changes: self.changes(&survey)?,
            tail: self.tail()?,
            survey,
            replicates: self.count("replicates", 100, MOST_REPLICATES)?,
            draws: self.draws()?,
            seed: self.number("seed")?.map_or(1, |_| self.get("seed").parse().unwrap_or(1)),
        })
    }

    /// The answer. Work is bounded (people × replicates), and done off the threads that serve others.
    pub(crate) async fn answer(&self, app: &App, who: &Principal, depth: Depth) -> Answer<exposure::Answer> {
        let (question, rows) = (self.question(app, who).await?, self.rows(app, who).await?);
        let bench = app.bench.clone();
        let work =
            tokio::task::spawn_blocking(move || bench.answer(&question, &rows, depth, 2, &mut |_| true));
        work.await.map_err(Fault::internal)??.ok_or_else(|| Fault::not_found(&SUBSTANCE))
    }
}

const SUBSTANCE: Text = Text::of("物质", "substance");
