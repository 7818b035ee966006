//! The values of a parameter file by their keys, each within the range the program documents.

use super::settings::{Again, Analysis, Model, Places, Trend, Unit};
use crate::table::{Problem, Table};
use base::Date;

pub(super) struct Keys<'a>(pub(super) &'a Table);

impl Keys<'_> {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0
            .rows
            .iter()
            .find(|r| r.first().is_some_and(|k| k.eq_ignore_ascii_case(key)))
            .and_then(|r| r.get(1))
            .map(|v| v.trim().trim_matches('"'))
    }

    pub(super) fn number(&self, key: &str, default: f64) -> Result<f64, Problem> {
        let Some(text) = self.text(key).filter(|t| !t.is_empty()) else { return Ok(default) };
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| wrong(key, text, "a number", "数字"))
    }

    pub(super) fn count(&self, key: &str, default: u32) -> Result<u32, Problem> {
        let Some(text) = self.text(key).filter(|t| !t.is_empty()) else { return Ok(default) };
        text.parse().map_err(|_| wrong(key, text, "a whole number", "整数"))
    }

    pub(super) fn date(&self, key: &str, last: bool) -> Result<Option<Date>, Problem> {
        let Some(text) = self.text(key).filter(|t| !t.is_empty()) else { return Ok(None) };
        super::calendar::date(text, last)
            .map(Some)
            .ok_or_else(|| wrong(key, text, "a date such as 2023/1/2", "日期（如 2023/1/2）"))
    }

    pub(super) fn yes(&self, key: &str) -> Result<bool, Problem> {
        match self.text(key).unwrap_or_default() {
            "y" | "Y" | "1" | "true" => Ok(true),
            "" | "n" | "N" | "0" | "false" => Ok(false),
            other => Err(wrong(key, other, "y or n", "y 或 n")),
        }
    }

    /// What is allowed for in time and place, where the model and the analysis can.
    pub(super) fn adjustments(
        &self,
        analysis: Analysis,
        model: Model,
        unit: Unit,
    ) -> Result<(Trend, Places), Problem> {
        let (space_time, poisson) =
            (matches!(analysis, Analysis::Retrospective | Analysis::Prospective), model == Model::Poisson);
        let only = |key: &str, zh: &str, en: &str| {
            Err(Problem::new(format!("设置 {key} 只用于{zh}"), format!("setting {key} is for {en} only")))
        };
        let key = "TimeTrendAdjustmentType";
        let code = self.count(key, 0)?;
        let trend = match code {
            0 => Trend::None,
            1 => Trend::Nonparametric,
            2 => {
                let percent = self.number("TimeTrendPercentage", 0.0)?;
                if percent <= -100.0 {
                    return Err(wrong(
                        "TimeTrendPercentage",
                        &percent.to_string(),
                        "above -100",
                        "大于 -100 的数字",
                    ));
                }
                Trend::Percent(percent)
            }
            3 => Trend::LogLinear,
            4 => Trend::Stratified,
            5 => Trend::LogQuadratic,
            _ => return Err(wrong(key, &code.to_string(), "0, 1, 2, 3, 4, 5", "0、1、2、3、4、5")),
        };
        let of_each = matches!(trend, Trend::Nonparametric | Trend::Stratified);
        if trend != Trend::None && (!poisson || analysis == Analysis::Spatial) {
            return only(key, "泊松模型且含时间的分析", "the Poisson model with time");
        }
        if of_each && !space_time {
            // each interval would expect what it has
            return only(key, "时空分析（取 1 或 4 时）", "analyses of space and time (where it is 1 or 4)");
        }
        let key = "SpatialAdjustmentType";
        let code = self.count(key, 0)?;
        let places = match code {
            0 => Places::None,
            1 => Places::Stratified,
            2 => Places::Nonparametric,
            _ => return Err(wrong(key, &code.to_string(), "0, 1, 2", "0、1、2")),
        };
        if places != Places::None && !(poisson && space_time) {
            return only(key, "泊松模型的时空分析", "the Poisson model in space and time");
        }
        if places != Places::None && of_each {
            return Err(Problem::new(
                "时间与地点不能同时逐一调整；请改用时空置换模型（ModelType=2）",
                "times and places cannot both be allowed for one by one; use the space–time permutation model (ModelType=2)",
            ));
        }
        let daily = unit == Unit::Day && self.count("TimeAggregationLength", 1)? <= 1;
        let weekly = self.yes("AdjustForWeeklyTrends")?;
        if weekly && !(daily && analysis != Analysis::Spatial && (poisson || model == Model::Permutation)) {
            return only(
                "AdjustForWeeklyTrends",
                "按日的泊松或时空置换分析",
                "Poisson and permutation analyses by single days",
            );
        }
        if weekly && of_each {
            return Err(Problem::new(
                "TimeTrendAdjustmentType 取 1 或 4 时已包含星期效应，请将 AdjustForWeeklyTrends 设为 n",
                "TimeTrendAdjustmentType 1 and 4 hold the days of the week: set AdjustForWeeklyTrends to n",
            ));
        }
        if self.yes("UseAdjustmentsByRRFile")? && !poisson {
            return only("UseAdjustmentsByRRFile", "泊松模型", "the Poisson model");
        }
        Ok((trend, places))
    }

    pub(super) fn again(&self, analysis: Analysis) -> Result<Option<Again>, Problem> {
        if !self.yes("IterativeScan")? {
            return Ok(None);
        }
        if analysis != Analysis::Spatial {
            return Err(Problem::new(
                "设置 IterativeScan 只用于纯空间分析：去掉一段时间会改变其余时间的含义",
                "setting IterativeScan is for purely spatial analyses: without some of its time a study is another one",
            ));
        }
        let (most, until) =
            (self.count("IterativeScanMaxIterations", 10)?, self.number("IterativeScanMaxPValue", 0.05)?);
        if !(0.0..=1.0).contains(&until) || most == 0 {
            let key = if most == 0 { "IterativeScanMaxIterations" } else { "IterativeScanMaxPValue" };
            return Err(wrong(
                key,
                &if most == 0 { 0.0 } else { until }.to_string(),
                "at least 1 scan, a p-value of 0 to 1",
                "至少 1 次、p 值 0 至 1",
            ));
        }
        Ok(Some(Again { most, until }))
    }

    /// Refuses what SaTScan has and this engine has not, rather than scan as if it had not been asked for.
    pub(super) fn refuse_what_is_lacking(&self) -> Result<(), Problem> {
        for (key, zh, en) in LACKING {
            if self.yes(key).unwrap_or(true) {
                return Err(Problem::new(
                    format!("设置 {key}：本引擎不支持{zh}，请设为 n"),
                    format!("setting {key}: {en} is not supported here; set it to n"),
                ));
            }
        }
        Ok(())
    }
}

/// Options of SaTScan that would change the result and that this engine lacks.
const LACKING: [(&str, &str, &str); 5] = [
    ("UseGridFile", "网格点文件", "a file of grid points"),
    ("UseSpecialGridFile", "网格点文件", "a file of grid points"),
    ("UseNeighborsFile", "邻近关系文件", "a file of neighbours"),
    ("UseMetaLocationsFile", "组合地点文件", "a file of meta locations"),
    ("UseLocationsNetworkFile", "路网文件", "a network of locations"),
];

pub(super) fn wrong(key: &str, text: &str, en: &str, zh: &str) -> Problem {
    Problem::new(format!("设置 {key}：“{text}”应为{zh}"), format!("setting {key}: “{text}” should be {en}"))
}
