//! From text settings to the controls of the methods, and from their rows to tables.

use super::ears;
use super::farrington::{self, Classic, Flexible, Minimum, Power, Threshold};
use super::manifest::Run;
use super::{Cell, Error, Settings, Table, Verdict};

pub(super) type Method = fn(&Run<'_>, &Settings) -> Result<Table, Error>;

pub(super) fn by_name(name: &str) -> Option<Method> {
    Some(match name {
        "farrington-flexible" => flexible,
        "farrington" => classic,
        "ears" => early,
        _ => return None,
    })
}

fn verdicts(rows: Vec<Verdict>) -> Vec<Vec<Cell>> {
    rows.into_iter()
        .map(|v| {
            vec![Cell::count(v.period), Cell::Number(v.observed), Cell::Number(v.bound), Cell::flag(v.alarm)]
        })
        .collect()
}

const SIMPLE: [&str; 4] = ["t", "observed", "upperbound", "alarm"];

fn minimum(settings: &Settings) -> Result<Minimum, Error> {
    Ok(match settings.numbers("limit54")?.as_deref() {
        None => Minimum::default(),
        Some([cases, periods]) if *periods >= 1.0 && *periods <= 1e6 => {
            Minimum { cases: *cases, periods: super::settings::count("limit54", &periods.to_string())? }
        }
        Some(_) => {
            let written = settings.text("limit54").unwrap_or_default();
            return Err(Error::setting("limit54", written, "CASES|PERIODS such as 5|4"));
        }
    })
}

fn power(settings: &Settings) -> Result<Power, Error> {
    settings.text("powertrans").map_or(Ok(Power::default()), Power::parse)
}

fn flexible(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let d = Flexible::default();
    let control = Flexible {
        years: s.count_or("b", d.years)?,
        window: s.count_or("w", d.window)?,
        reweight: s.flag_or("reweight", d.reweight)?,
        weights_threshold: s.number_or("weightsThreshold", d.weights_threshold)?,
        alpha: s.number_or("alpha", d.alpha)?,
        trend: s.flag_or("trend", d.trend)?,
        p_trend: s.number_or("pThresholdTrend", d.p_trend)?,
        minimum: minimum(s)?,
        power: power(s)?,
        population_offset: s.flag_or("populationOffset", d.population_offset)?,
        levels: s.count_or("noPeriods", d.levels)?,
        left_out: s.count("pastWeeksNotIncluded")?,
        threshold: match s.text("thresholdMethod") {
            None | Some("delta") => Threshold::Delta,
            Some("nbPlugin" | "Noufaily") => Threshold::Plugin,
            Some("muan") => Threshold::Muan,
            Some(other) => return Err(Error::setting("thresholdMethod", other, "delta, nbPlugin or muan")),
        },
        mode: run.mode,
    };
    let columns = [
        "t",
        "observed",
        "expected",
        "upperbound",
        "alarm",
        "score",
        "pvalue",
        "trend_used",
        "trend_coef",
        "phi",
        "mu0_quantile",
    ];
    let several =
        ["t", "observed", "expected", "upperbound", "alarm", "score", "pvalue", "trend_used", "phi"];
    run.each(&columns, &several, |series| {
        let history = control.years * series.frequency() + control.window;
        let range = run.range(series, s, history)?;
        let rows = farrington::flexible(series, &control, range)?;
        Ok(rows
            .into_iter()
            .map(|r| {
                vec![
                    Cell::count(r.period),
                    Cell::Number(r.observed),
                    Cell::Number(r.expected),
                    Cell::Number(r.bound),
                    Cell::flag(r.alarm),
                    Cell::Number(r.score),
                    Cell::Number(r.p_value),
                    Cell::flag(r.trend),
                    Cell::Number(r.slope),
                    Cell::Number(r.phi),
                    Cell::Number(r.quantile_mean),
                ]
            })
            .collect())
    })
}

fn classic(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let d = Classic::default();
    let control = Classic {
        years: s.count_or("b", d.years)?,
        window: s.count_or("w", d.window)?,
        reweight: s.flag_or("reweight", d.reweight)?,
        alpha: s.number_or("alpha", d.alpha)?,
        trend: s.flag_or("trend", d.trend)?,
        minimum: minimum(s)?,
        power: power(s)?,
    };
    let columns = ["t", "observed", "upperbound", "alarm", "trend_used", "pnorm_obs", "median"];
    run.each(&columns, &columns, |series| {
        let history = control.years * series.frequency() + control.window;
        let rows = farrington::classic(series, &control, run.range(series, s, history)?)?;
        Ok(rows
            .into_iter()
            .map(|r| {
                vec![
                    Cell::count(r.period),
                    Cell::Number(r.observed),
                    Cell::Number(r.bound),
                    Cell::flag(Some(r.alarm)),
                    Cell::flag(Some(r.trend)),
                    Cell::Number(r.position),
                    Cell::Number(r.median),
                ]
            })
            .collect())
    })
}

fn early(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let kind = match s.text("method").unwrap_or("C1") {
        "C1" => ears::Kind::C1,
        "C2" => ears::Kind::C2,
        "C3" => ears::Kind::C3,
        other => return Err(Error::setting("method", other, "C1, C2 or C3")),
    };
    let d = ears::Control::new(kind);
    let control = ears::Control {
        kind,
        baseline: s.count_or("baseline", d.baseline)?,
        min_sigma: s.number_or("minSigma", d.min_sigma)?,
        alpha: s.number_or("alpha", d.alpha)?,
        mode: run.mode,
    };
    run.each(&SIMPLE, &SIMPLE, |series| {
        Ok(verdicts(ears::run(series, &control, run.range(series, s, control.history())?)?))
    })
}
