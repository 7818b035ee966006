//! The settings of a scan under the names and codes of SaTScan's parameter files, so that a run described there can be
//! repeated here word for word.

use super::keys::{Keys, wrong};
use crate::table::{Problem, Table};
use base::Date;
use serde::{Deserialize, Serialize};

/// What is scanned (`AnalysisType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// 1: places only; time is ignored.
    Spatial,
    /// 2: time only; places are taken together.
    Temporal,
    /// 3: places and any interval of the study period.
    Retrospective,
    /// 4: places and intervals still alive at the end (or at some day since the start of surveillance).
    Prospective,
    /// 6: time only, intervals still alive.
    ProspectiveTemporal,
}

impl Analysis {
    /// Whether places are taken together.
    #[must_use]
    pub const fn time_only(self) -> bool {
        matches!(self, Self::Temporal | Self::ProspectiveTemporal)
    }

    /// Whether only living intervals count.
    #[must_use]
    pub const fn alive(self) -> bool {
        matches!(self, Self::Prospective | Self::ProspectiveTemporal)
    }
}

/// The probability model (`ModelType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// 0: counts with populations.
    Poisson,
    /// 1: cases and controls.
    Bernoulli,
    /// 2: cases only; places and times independent.
    Permutation,
    /// 3: ordered categories.
    Ordinal,
    /// 5: continuous values, with weights if given.
    Normal,
    /// 7: unordered categories.
    Multinomial,
}

/// Which deviations count (`ScanAreas`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Areas {
    /// 1: more than expected.
    High,
    /// 2: fewer than expected.
    Low,
    /// 3: either.
    Both,
}

impl Areas {
    /// Whether high rates count.
    #[must_use]
    pub const fn high(self) -> bool {
        matches!(self, Self::High | Self::Both)
    }

    /// Whether low rates count.
    #[must_use]
    pub const fn low(self) -> bool {
        matches!(self, Self::Low | Self::Both)
    }
}

/// A unit of time (`TimeAggregationUnits`, `PrecisionCaseTimes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 1.
    Year,
    /// 2.
    Month,
    /// 3.
    Day,
}

/// The longest interval (`MaxTemporalSize…`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Longest {
    /// Percent of the study period.
    Percent(f64),
    /// Units of `TimeAggregationUnits`.
    Units(f64),
}

/// Which secondary clusters are reported (`CriteriaForReportingSecondaryClusters`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// 0: no place and time in common with a cluster already reported.
    NoOverlap,
    /// 1: no centre inside another.
    NoCentresInOther,
    /// 2: centre not inside the most likely one.
    NoCentresInMostLikely,
    /// 3: holds no centre of a more likely one.
    NoCentresInLessLikely,
    /// 4: two do not hold each other's centres.
    NoPairsOfCentres,
    /// 5: the best of every centre.
    All,
}

/// How p-values are made (`PValueReportType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PValues {
    /// 0: Monte Carlo with sequential stopping; Gumbel where the rank is below ten, the model allows it and what can be
    /// reckoned exactly does not say that it is too small.
    Default,
    /// 1: Monte Carlo, every replicate.
    Standard,
    /// 2: Monte Carlo with sequential stopping.
    Sequential,
    /// 3: Gumbel, whatever contradicts it.
    Gumbel,
}

/// What is known of the course of risk in time and is not to be found again (`TimeTrendAdjustmentType`; Poisson model).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// 0.
    None,
    /// 1: each interval expects the cases it has.
    Nonparametric,
    /// 2: so many percent a year (`TimeTrendPercentage`).
    Percent(f64),
    /// 3: log-linear, fitted to the intervals.
    LogLinear,
    /// 4: as 1, and replicates keep the cases of each interval.
    Stratified,
    /// 5: log-quadratic, fitted to the intervals.
    LogQuadratic,
}

/// What is known of the risk of places and is not to be found again (`SpatialAdjustmentType`; Poisson model).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Places {
    /// 0.
    None,
    /// 1: each place expects the cases it has, and replicates keep them.
    Stratified,
    /// 2: each place expects the cases it has.
    Nonparametric,
}

/// Scanning again without the place found (`IterativeScan`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// Scans at most (`IterativeScanMaxIterations`).
    pub most: u32,
    /// The p-value above which no further one follows (`IterativeScanMaxPValue`).
    pub until: f64,
}

/// Everything that decides a scan apart from the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What is scanned.
    pub analysis: Analysis,
    /// The probability model.
    pub model: Model,
    /// Which deviations count.
    pub areas: Areas,
    /// Unit of the intervals.
    pub unit: Unit,
    /// Units per interval, at least 1.
    pub length: u32,
    /// First day of the study.
    pub start: Date,
    /// Last day of the study.
    pub end: Date,
    /// First day of surveillance, when the p-values allow for the analyses of every interval since
    /// (`AdjustForEarlierAnalyses`, `ProspectiveStartDate`): replicates are scanned for what lived at any of them.
    pub earlier: Option<Date>,
    /// Latitude and longitude in degrees (great circles, sphere of 6,367 km) rather than Cartesian coordinates.
    pub geographic: bool,
    /// Largest circle, percent of the population at risk.
    pub max_population: f64,
    /// Largest circle, percent of the populations of a file of their own (`MaxSpatialSizeInMaxCirclePopulationFile`).
    pub max_circle: Option<f64>,
    /// Largest radius in kilometres (or units of the coordinates).
    pub max_distance: Option<f64>,
    /// Longest interval.
    pub longest: Longest,
    /// Shortest interval, in units of `TimeAggregationUnits`.
    pub shortest: u32,
    /// Circles over the whole period count too.
    pub include_spatial: bool,
    /// Intervals over all places count too.
    pub include_temporal: bool,
    /// Trend in time that is allowed for.
    pub trend: Trend,
    /// Differences between places that are allowed for.
    pub place_risk: Places,
    /// Whether days of the week are told apart.
    pub weekly: bool,
    /// Whether a file of relative risks that are known is applied.
    pub known_risks: bool,
    /// Scanning again without what was found.
    pub again: Option<Again>,
    /// Fewest cases in a cluster of low rate.
    pub min_low: u32,
    /// Fewest cases in a cluster of high rate.
    pub min_high: u32,
    /// Smallest relative risk (observed over expected inside against outside) of a high cluster.
    pub risk_high: Option<f64>,
    /// Greatest relative risk of a low cluster.
    pub risk_low: Option<f64>,
    /// Ellipses: shape (long axis over short) and number of angles; empty for circles alone.
    pub ellipses: Vec<(f64, u32)>,
    /// Exponent of the compactness penalty \[4s/(s+1)²\]^a: 0, ½ (medium) or 1 (strong).
    pub penalty: f64,
    /// Which secondary clusters are reported.
    pub criterion: Criterion,
    /// Monte Carlo replicates.
    pub replicates: u32,
    /// How p-values are made.
    pub p_values: PValues,
    /// Exceedances after which sequential stopping ends the simulation.
    pub stop_after: u32,
    /// Seed of the replicates.
    pub seed: u64,
}

impl Settings {
    /// Reads a table of the columns `key,value` with SaTScan's names; keys that are absent take SaTScan's defaults.
    ///
    /// # Errors
    /// A value that cannot be read, or an option this engine does not have; the message names the key.
    #[expect(clippy::too_many_lines, reason = "one line for each key")]
    pub fn parse(table: &Table) -> Result<Self, Problem> {
        table.need("settings", [&["key"], &["value"]])?;
        let keys = Keys(table);
        keys.refuse_what_is_lacking()?;
        let choice = |key: &str, default: u32, known: &str| -> Result<(u32, Problem), Problem> {
            let code = keys.count(key, default)?;
            Ok((code, wrong(key, &code.to_string(), known, known)))
        };
        let (code, e) = choice("AnalysisType", 1, "1, 2, 3, 4, 6")?;
        let analysis = match code {
            1 => Analysis::Spatial,
            2 => Analysis::Temporal,
            3 => Analysis::Retrospective,
            4 => Analysis::Prospective,
            6 => Analysis::ProspectiveTemporal,
            _ => return Err(e),
        };
        let (code, e) = choice("ModelType", 0, "0, 1, 2, 3, 5, 7")?;
        let model = match code {
            0 => Model::Poisson,
            1 => Model::Bernoulli,
            2 => Model::Permutation,
            3 => Model::Ordinal,
            5 => Model::Normal,
            7 => Model::Multinomial,
            _ => return Err(e),
        };
        let (code, e) = choice("ScanAreas", 1, "1, 2, 3")?;
        let areas = match code {
            1 => Areas::High,
            2 => Areas::Low,
            3 => Areas::Both,
            _ => return Err(e),
        };
        let (code, e) = choice("TimeAggregationUnits", 3, "0, 1, 2, 3, 4")?;
        let unit = match code {
            1 => Unit::Year,
            2 => Unit::Month,
            0 | 3 | 4 => Unit::Day,
            _ => return Err(e),
        };
        let start = keys.date("StartDate", false)?;
        let end = keys.date("EndDate", true)?;
        let (Some(start), Some(end)) = (start, end) else {
            return Err(Problem::new(
                "设置缺少 StartDate 或 EndDate",
                "the settings lack StartDate or EndDate",
            ));
        };
        if end < start {
            return Err(Problem::new("EndDate 早于 StartDate", "EndDate lies before StartDate"));
        }
        let (code, e) = choice("MaxTemporalSizeInterpretation", 0, "0, 1")?;
        let size = keys.number("MaxTemporalSize", 50.0)?;
        if analysis != Analysis::Spatial && (size <= 0.0 || code == 0 && size > 90.0) {
            return Err(wrong(
                "MaxTemporalSize",
                &size.to_string(),
                "above 0, at most 90 %",
                "大于 0（百分比不超过 90）",
            ));
        }
        let longest = match code {
            0 => Longest::Percent(size),
            1 => Longest::Units(size),
            _ => return Err(e),
        };
        let list = |key: &str| -> Result<Vec<f64>, Problem> {
            let text = keys.text(key).unwrap_or_default();
            text.split(',')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(|t| t.parse().map_err(|_| wrong(key, t, "a number", "数字")))
                .collect()
        };
        let (code, e) = choice("SpatialWindowShapeType", 0, "0, 1")?;
        if code > 1 {
            return Err(e);
        }
        let elliptic = code == 1;
        let ellipses = if elliptic {
            let (shapes, angles) = (list("EllipseShapes")?, list("EllipseAngles")?);
            if shapes.len() != angles.len()
                || shapes.iter().any(|s| *s < 1.0)
                || angles.iter().any(|a| *a < 1.0)
            {
                return Err(Problem::new(
                    "EllipseShapes 与 EllipseAngles 应一一对应，且不小于 1",
                    "EllipseShapes and EllipseAngles must pair up and be at least 1",
                ));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number of angles, at least 1"
            )]
            shapes.into_iter().zip(angles.into_iter().map(|a| a as u32)).collect()
        } else {
            Vec::new()
        };
        let (code, e) = choice("NonCompactnessPenalty", 0, "0, 1, 2")?;
        let penalty = match code {
            0 => 0.0,
            1 => 0.5,
            2 => 1.0,
            _ => return Err(e),
        };
        let (code, e) = choice("CriteriaForReportingSecondaryClusters", 0, "0, 1, 2, 3, 4, 5")?;
        let criterion = match code {
            0 => Criterion::NoOverlap,
            1 => Criterion::NoCentresInOther,
            2 => Criterion::NoCentresInMostLikely,
            3 => Criterion::NoCentresInLessLikely,
            4 => Criterion::NoPairsOfCentres,
            5 => Criterion::All,
            _ => return Err(e),
        };
        let (code, e) = choice("PValueReportType", 0, "0, 1, 2, 3")?;
        let p_values = match code {
            0 => PValues::Default,
            1 => PValues::Standard,
            2 => PValues::Sequential,
            3 => PValues::Gumbel,
            _ => return Err(e),
        };
        for key in ["IsotonicScan", "MultipleCoordinatesType"] {
            let (code, e) = choice(key, 0, "0")?;
            if code != 0 {
                return Err(e);
            }
        }
        let (code, e) = choice("PrecisionCaseTimes", 0, "0, 1, 2, 3")?;
        if code > 3 {
            return Err(e);
        }
        // 1 asks of a prospective analysis what it is anyway
        let (code, e) = choice("IncludeClusters", 0, if analysis.alive() { "0, 1" } else { "0" })?;
        if code > u32::from(analysis.alive()) {
            return Err(e);
        }
        let max_population = keys.number("MaxSpatialSizeInPopulationAtRisk", 50.0)?;
        if !analysis.time_only() && (max_population <= 0.0 || max_population > 50.0) {
            let text = max_population.to_string();
            let key = "MaxSpatialSizeInPopulationAtRisk";
            return Err(wrong(key, &text, "above 0, at most 50 %", "大于 0，不超过 50"));
        }
        let geographic = keys.count("CoordinatesType", 1)? == 1;
        if geographic && elliptic {
            return Err(Problem::new(
                "椭圆窗口需要平面坐标（CoordinatesType=0）",
                "elliptic windows need Cartesian coordinates (CoordinatesType=0)",
            ));
        }
        if model == Model::Permutation && analysis.time_only() {
            return Err(Problem::new(
                "时空置换模型需要地点与时间",
                "the space–time permutation model needs places and times",
            ));
        }
        if model == Model::Permutation && analysis == Analysis::Spatial {
            return Err(Problem::new(
                "时空置换模型不能用于纯空间扫描",
                "the space–time permutation model cannot scan places alone",
            ));
        }
        let adjustments = keys.adjustments(analysis, model, unit)?;
        let prospective_start = keys.date("ProspectiveStartDate", false)?.unwrap_or(end);
        let earlier = keys.yes("AdjustForEarlierAnalyses")?.then_some(prospective_start);
        if let Some(day) = earlier.filter(|d| !analysis.alive() || *d < start || *d > end) {
            return Err(Problem::new(
                format!(
                    "设置 AdjustForEarlierAnalyses 只用于前瞻性分析，且 ProspectiveStartDate（{day}）应在研究期内"
                ),
                format!(
                    "setting AdjustForEarlierAnalyses is for prospective analyses, and ProspectiveStartDate ({day}) must lie in the study"
                ),
            ));
        }
        Ok(Self {
            analysis,
            model,
            areas,
            unit,
            length: keys.count("TimeAggregationLength", 1)?.max(1),
            start,
            end,
            earlier,
            geographic,
            max_population,
            max_circle: keys
                .yes("UseMaxCirclePopulationFileOption")?
                .then(|| keys.number("MaxSpatialSizeInMaxCirclePopulationFile", 50.0))
                .transpose()?,
            max_distance: keys
                .yes("UseDistanceFromCenterOption")?
                .then(|| keys.number("MaxSpatialSizeInDistanceFromCenter", 1.0))
                .transpose()?,
            longest,
            shortest: keys.count("MinimumTemporalClusterSize", 1)?.max(1),
            include_spatial: keys.yes("IncludePurelySpatial")? && model != Model::Permutation,
            include_temporal: keys.yes("IncludePurelyTemporal")? && model != Model::Permutation,
            trend: adjustments.0,
            place_risk: adjustments.1,
            weekly: keys.yes("AdjustForWeeklyTrends")?,
            known_risks: keys.yes("UseAdjustmentsByRRFile")?,
            again: keys.again(analysis)?,
            min_low: keys.count("MinimumCasesInLowRateClusters", 0)?,
            min_high: keys.count("MinimumCasesInHighRateClusters", 2)?,
            risk_high: keys
                .yes("RiskLimitHighClusters")?
                .then(|| keys.number("RiskThresholdHighClusters", 1.0))
                .transpose()?,
            risk_low: keys
                .yes("RiskLimitLowClusters")?
                .then(|| keys.number("RiskThresholdLowClusters", 1.0))
                .transpose()?,
            ellipses,
            penalty,
            criterion,
            replicates: keys.count("MonteCarloReps", 999)?,
            p_values,
            stop_after: keys.count("EarlyTerminationThreshold", 50)?.max(1),
            seed: u64::from(keys.count("RandomizationSeed", 12_345_678)?),
        })
    }
    /// Whether replicates of the Poisson model keep the cases of each place or interval.
    pub(crate) fn stratified(&self) -> bool {
        self.trend == Trend::Stratified || self.place_risk == Places::Stratified
    }
}
