//! From text settings to the controls of the methods, and from their rows to tables.

mod others;

use super::baseline::{Baseline, Overdispersion, Terms};
use super::cusum::{self, Mean, Transform};
use super::farrington::{self, Classic, Flexible, Minimum, Power, Threshold};
use super::glr::{self, Change, Direction};
use super::manifest::Run;
use super::recent::{self, Rule};
use super::{Cell, Error, Mode, Settings, Table, Verdict};
use super::{ears, outbreak};

pub(super) type Method = fn(&Run<'_>, &Settings) -> Result<Table, Error>;

pub(super) fn by_name(name: &str) -> Option<Method> {
    Some(match name {
        "farrington-flexible" => flexible,
        "farrington" => classic,
        "ears" => early,
        "rki" => rki,
        "bayes" => bayes,
        "cusum" => sums,
        "glr-poisson" => glr_poisson,
        "glr-negative-binomial" => glr_negative_binomial,
        "outbreak-p" => rising,
        "categorical-cusum" => others::shares,
        "paired-cusum" => others::pairs,
        "run-length" => others::lengths,
        "endemic" => others::endemic,
        "endemic-fitted" => others::endemic_fitted,
        "nowcast" => others::reported,
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
        let history = farrington::plan::history(series, control.years, control.window);
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
        let history = farrington::plan::history(series, control.years, control.window);
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

fn windows(run: &Run<'_>, s: &Settings, rule: Rule, default: (usize, usize, bool)) -> Result<Table, Error> {
    let control = recent::Control {
        rule,
        years: s.count_or("b", default.0)?,
        recent: s.count_or("w", default.1)?,
        this_year: s.flag_or("actY", default.2)?,
    };
    run.each(&SIMPLE, &SIMPLE, |series| {
        let range = run.range(series, s, control.history(series.frequency()))?;
        Ok(verdicts(recent::run(series, &control, range)?))
    })
}

fn rki(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    windows(run, s, Rule::Rki, (2, 4, false))
}

fn bayes(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    windows(run, s, Rule::Bayes { alpha: s.number_or("alpha", 0.05)? }, (0, 6, true))
}

fn sums(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let d = cusum::Control::default();
    let harmonic = |trend| Mean::Regression(Terms { harmonics: 1, trend });
    let control = cusum::Control {
        k: s.number_or("k", d.k)?,
        h: s.number_or("h", d.h)?,
        mean: match s.text("m") {
            None => Mean::Past,
            Some("glm") => harmonic(false),
            Some("glmtrend") => harmonic(true),
            Some(value) => Mean::Known(super::settings::number("m", value)?),
        },
        transform: match s.text("trans").unwrap_or("standard") {
            "standard" => Transform::Standard,
            "rossi" => Transform::Rossi,
            "anscombe" => Transform::Anscombe,
            "anscombe2nd" => Transform::SecondAnscombe,
            "pearsonNegBin" => Transform::NegativeBinomial { alpha: s.number_or("alpha", 0.0)? },
            "none" => Transform::None,
            other => {
                let wanted = "standard, rossi, anscombe, anscombe2nd, pearsonNegBin or none";
                return Err(Error::setting("trans", other, wanted));
            }
        },
        reset: s.flag_or("reset", false)? || run.mode == Mode::Corrected,
        mode: run.mode,
    };
    let columns = ["t", "observed", "upperbound", "alarm", "cusum", "m"];
    run.each(&columns, &columns, |series| {
        let range = run.range(series, s, 2 * series.frequency())?;
        let rows = cusum::run(series, &control, range)?;
        Ok(rows
            .into_iter()
            .map(|r| {
                vec![
                    Cell::count(r.period),
                    Cell::Number(r.observed),
                    Cell::Number(r.bound),
                    Cell::flag(Some(r.alarm)),
                    Cell::Number(r.statistic),
                    Cell::Number(r.mean),
                ]
            })
            .collect())
    })
}

fn glr_poisson(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    ratio(run, s, Some(Overdispersion::None))
}

fn glr_negative_binomial(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    ratio(run, s, None)
}

fn ratio(run: &Run<'_>, s: &Settings, alpha: Option<Overdispersion>) -> Result<Table, Error> {
    let d = glr::Control::default();
    let alpha = match alpha {
        Some(alpha) => alpha,
        None => match s.number("alpha")? {
            None => Overdispersion::Estimated,
            Some(0.0) => Overdispersion::None,
            Some(a) if a > 0.0 && a.is_finite() => Overdispersion::Fixed(a),
            Some(a) => return Err(Error::setting("alpha", a, "0, a positive number or NULL")),
        },
    };
    let give = match s.text("ret").unwrap_or("cases") {
        "value" => glr::Give::Value,
        "cases" => glr::Give::Cases { limit: s.number_or("xMax", 1e6)? },
        other => return Err(Error::setting("ret", other, "value or cases")),
    };
    let window = match s.number("M")? {
        Some(m) if m >= 0.0 => Some(super::settings::count("M", &m.to_string())?),
        _ => None,
    };
    let control = glr::Control {
        limit: s.number_or("c.ARL", d.limit)?,
        change: match s.text("change").unwrap_or("intercept") {
            "intercept" => Change::Intercept,
            "epi" => Change::Epidemic,
            other => return Err(Error::setting("change", other, "intercept or epi")),
        },
        theta: s.number("theta")?,
        direction: match s.text("dir").unwrap_or("inc") {
            "inc" => Direction::Increase,
            "dec" => Direction::Decrease,
            other => return Err(Error::setting("dir", other, "inc or dec")),
        },
        window,
        least: s.count_or("Mtilde", d.least)?,
        give,
        mode: run.mode,
    };
    // one number: the mean itself, as in the reference; else S|trend|refit
    let stated = match s.parts("mu0").as_deref() {
        Some([mean]) => Some(super::settings::number("mu0", mean)?),
        _ => None,
    };
    let terms = match s.parts("mu0").as_deref() {
        None | Some([_]) => Terms { harmonics: 1, trend: false },
        Some([harmonics, rest @ ..]) if rest.len() <= 2 => Terms {
            harmonics: super::settings::count("mu0", harmonics)?,
            trend: rest.first().map_or(Ok(false), |v| super::settings::flag("mu0", v))?,
        },
        Some(_) => {
            let written = s.text("mu0").unwrap_or_default();
            let wanted = "a mean, or HARMONICS|TREND|REFIT such as 1|FALSE|FALSE";
            return Err(Error::setting("mu0", written, wanted));
        }
    };
    let columns = ["t", "observed", "upperbound", "alarm", "mu0"];
    // the third part: whether the baseline is fitted again after each alarm
    let refit = match s.parts("mu0").as_deref() {
        Some([_, _, refit]) => super::settings::flag("mu0", refit)?,
        _ => false,
    };
    run.each(&columns, &columns, |series| {
        let mut range = run.range(series, s, 2 * series.frequency())?;
        let mut alpha = alpha;
        let mut rows = Vec::with_capacity(range.len());
        if let Some(mean) = stated {
            let known = match alpha {
                Overdispersion::Fixed(a) => a,
                Overdispersion::None | Overdispersion::Estimated => 0.0,
            };
            rows = glr::run_with_means(series, &vec![mean; range.len()], known, &control, range)?;
        }
        while stated.is_none() {
            let baseline = Baseline::fit(series, range.from - 1, terms, alpha)?;
            let mut found = glr::run(series, &baseline, &control, range)?;
            let rang = found.iter().position(|r| r.alarm).filter(|at| refit && at + 1 < found.len());
            let Some(at) = rang else {
                rows.append(&mut found);
                break;
            };
            found.truncate(at + 1);
            range.from += at + 1;
            rows.append(&mut found);
            // the overdispersion stays what it was found to be at first
            alpha = if baseline.alpha > 0.0 {
                Overdispersion::Fixed(baseline.alpha)
            } else {
                Overdispersion::None
            };
        }
        Ok(rows
            .into_iter()
            .map(|r| {
                vec![
                    Cell::count(r.period),
                    Cell::Number(r.observed),
                    Cell::Number(r.bound),
                    Cell::flag(Some(r.alarm)),
                    Cell::Number(r.mean),
                ]
            })
            .collect())
    })
}

fn rising(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let control = outbreak::Control {
        k: s.number_or("k", 100.0)?,
        give: match s.text("ret").unwrap_or("cases") {
            "value" => outbreak::Give::Value,
            "cases" => outbreak::Give::Cases { limit: s.number_or("maxUpperboundCases", 1e5)? },
            other => return Err(Error::setting("ret", other, "value or cases")),
        },
        mode: run.mode,
    };
    run.each(&SIMPLE, &SIMPLE, |series| {
        Ok(verdicts(outbreak::run(series, &control, run.range(series, s, 1)?)?))
    })
}
