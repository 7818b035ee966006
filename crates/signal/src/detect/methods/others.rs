//! Methods whose input or output is not one plain series: shares, pairs, run lengths, the endemic model.

use super::super::categorical::{self, Give, Shape};
use super::super::manifest::Run;
use super::super::nowcast::{self, Law, Window};
use super::super::run_length::{self, Chart, Outcomes};
use super::super::{Cell, Error, Settings, Table, endemic as model, paired};

/// The first number written in a text, such as `0.005 (a=…)`.
fn leading(s: &Settings, name: &str, default: f64) -> Result<f64, Error> {
    let Some(text) = s.text(name) else { return Ok(default) };
    let word = text.split_whitespace().next().unwrap_or(text);
    super::super::settings::number(name, word)
}

pub(super) fn shares(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let sigma = leading(s, "betabinomial_sigma", 0.005)?;
    // phase1=1:104 logistic glm with one annual harmonic
    let phase = s.text("phase1").unwrap_or("1:104");
    let wrong = || Error::setting("phase1", phase, "1:LAST such as 1:104");
    let last = phase.split_whitespace().next().and_then(|r| r.strip_prefix("1:")).ok_or_else(wrong)?;
    // what is said of the model of the first phase after its range
    let harmonics = match phase.split_whitespace().skip(1).collect::<Vec<_>>().as_slice() {
        [] | ["logistic", "glm", "with", "one" | "1", "annual", "harmonic"] => 1,
        ["logistic", "glm", "with", "no" | "0", "annual", "harmonics" | "harmonic"] => 0,
        ["logistic", "glm", "with", "two" | "2", "annual", "harmonics"] => 2,
        ["logistic", "glm", "with", "three" | "3", "annual", "harmonics"] => 3,
        _ => {
            let wanted = "1:LAST, or 1:LAST logistic glm with N annual harmonics";
            return Err(Error::setting("phase1", phase, wanted));
        }
    };
    let control = categorical::Control {
        h: s.number_or("h", 5.0)?,
        log_odds: s.number_or("logOR", std::f64::consts::LN_2)?,
        shape: match s.text("pmf").unwrap_or("binom") {
            "binom" => Shape::Binomial,
            "bb" => Shape::BetaBinomial { sigma },
            other => return Err(Error::setting("pmf", other, "binom or bb")),
        },
        give: match s.text("ret").unwrap_or("cases") {
            "value" => Give::Value,
            "cases" => Give::Cases,
            other => return Err(Error::setting("ret", other, "value or cases")),
        },
        phase: super::super::settings::count("phase1", last)?,
        harmonics: s.count_or("harmonics", harmonics)?,
    };
    let columns = ["t", "observed", "n", "pi0", "pi1", "upperbound", "alarm"];
    run.each(&columns, &columns, |series| {
        let rows = categorical::run(series, &control)?;
        Ok(rows
            .into_iter()
            .map(|r| {
                vec![
                    Cell::count(r.verdict.period),
                    Cell::Number(r.verdict.observed),
                    Cell::Number(r.n),
                    Cell::Number(r.control),
                    Cell::Number(r.changed),
                    Cell::Number(r.verdict.bound),
                    Cell::flag(r.verdict.alarm),
                ]
            })
            .collect())
    })
}

pub(super) fn pairs(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let logits = |name: &str| -> Result<[f64; 3], Error> {
        let wrong = || Error::setting(name, s.text(name).unwrap_or("nothing"), "three numbers A|B|C");
        s.numbers(name)?.ok_or_else(wrong)?.try_into().map_err(|_| wrong())
    };
    let limit = |name: &str| -> Result<f64, Error> {
        let text = s.text(name).ok_or_else(|| Error::setting(name, "nothing", "a positive number"))?;
        super::super::settings::number(name, text.split_whitespace().next().unwrap_or(text))
    };
    let control = paired::Control {
        before: logits("theta0")?,
        after: logits("theta1")?,
        single: [limit("h1")?, limit("h2")?],
        joint: [limit("h11")?, limit("h22")?],
    };
    let [first, second] = <[String; 2]>::try_from(run.names.clone())
        .map_err(|names| Error::setting("series", names.join("|"), "two columns of 0 and 1"))?;
    let bits = |name: &str| -> Result<Vec<bool>, Error> {
        let wrong = |i: usize, v: f64| Error::Value {
            row: i + 1,
            column: name.to_owned(),
            value: v.to_string(),
            wanted: "0 or 1",
        };
        let values = run.frame.numbers(name)?;
        values
            .iter()
            .enumerate()
            .map(|(i, v)| match *v {
                v if v.abs() < f64::EPSILON => Ok(false),
                v if (v - 1.0).abs() < f64::EPSILON => Ok(true),
                v => Err(wrong(i, v)),
            })
            .collect()
    };
    let rows = paired::run(&bits(&first)?, &bits(&second)?, &control)?;
    let mut table = Table::new(&["t", &first, &second, "S1", "S2", "alarm1", "alarm2"]);
    table.rows = rows
        .into_iter()
        .map(|r| {
            vec![
                Cell::count(r.position),
                Cell::flag(Some(r.pair[0])),
                Cell::flag(Some(r.pair[1])),
                Cell::Number(r.sums[0]),
                Cell::Number(r.sums[1]),
                Cell::flag(Some(r.alarms[0])),
                Cell::flag(Some(r.alarms[1])),
            ]
        })
        .collect();
    Ok(table)
}

pub(super) fn lengths(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let outcomes = match s.text("outcomes").unwrap_or("counts") {
        "counts" => Outcomes::Counts,
        "pairs" => Outcomes::Pairs,
        other => return Err(Error::setting("outcomes", other, "counts or pairs")),
    };
    let names = ["n", "pi0", "pi1", "h", "true_pi", "g"];
    let columns = names.iter().map(|n| run.frame.numbers(n)).collect::<Result<Vec<_>, _>>()?;
    let mut table = Table::new(&["n", "pi0", "pi1", "h", "true_pi", "g", "arl"]);
    for i in 0..run.frame.len() {
        let v: Vec<f64> = columns.iter().map(|c| c[i]).collect();
        let chart = Chart { n: v[0], control: v[1], changed: v[2], h: v[3] };
        let states = super::super::settings::count("g", &v[5].to_string())?;
        let arl = run_length::mean_run_length(&chart, v[4], states, outcomes, run.mode)?;
        table.rows.push(v.into_iter().chain([arl]).map(Cell::Number).collect());
    }
    Ok(table)
}

/// `ar1_S1_trend_NegBin1`, or the settings ar, S, trend, family.
fn terms(s: &Settings) -> Result<model::Control, Error> {
    let mut control = model::Control {
        epidemic: s.flag_or("ar", true)?,
        trend: s.flag_or("trend", false)?,
        harmonics: s.count_or("S", 1)?,
        overdispersed: match s.text("family").unwrap_or("NegBin1") {
            "NegBin1" => true,
            "Poisson" => false,
            other => return Err(Error::setting("family", other, "NegBin1 or Poisson")),
        },
    };
    let label = |n: &&str| n.contains('_') || n.starts_with("NegBin") || *n == "Poisson";
    if let Some(label) = s.names().find(label) {
        control = model::Control { epidemic: false, trend: false, harmonics: 0, overdispersed: false };
        for part in label.split('_') {
            match part {
                "ar1" => control.epidemic = true,
                "trend" => control.trend = true,
                "NegBin1" => control.overdispersed = true,
                "Poisson" => control.overdispersed = false,
                _ => match part.strip_prefix('S').and_then(|n| n.parse().ok()) {
                    Some(n) => control.harmonics = n,
                    None => {
                        return Err(Error::setting(
                            "model",
                            label,
                            "parts of ar1, S1, trend, NegBin1, Poisson",
                        ));
                    }
                },
            }
        }
    }
    Ok(control)
}

fn fitted(run: &Run<'_>, s: &Settings) -> Result<(String, model::Fit), Error> {
    let control = terms(s)?;
    let name = match (run.names.as_slice(), run.frame.names().as_slice()) {
        ([name], _) if name != "all" => name.clone(),
        (_, [name]) => name.clone(),
        (asked, _) => {
            return Err(Error::setting(
                "series",
                asked.join("|"),
                "one series: units are not joined in one model",
            ));
        }
    };
    let series = run.frame.series(&name, run.frequency)?;
    Ok((name, model::run(&series, &control)?))
}

pub(super) fn endemic(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let (_, fit) = fitted(run, s)?;
    let mut table = Table::new(&["param", "estimate", "se"]);
    let mut push = |name: &str, value: f64, se: f64| {
        table.rows.push(vec![Cell::Text(name.to_owned()), Cell::Number(value), Cell::Number(se)]);
    };
    for (name, value, se) in &fit.coefficients {
        push(name, *value, *se);
    }
    push("logLik", fit.ln_likelihood, f64::NAN);
    push("nobs", fit.means.len() as f64, f64::NAN);
    Ok(table)
}

pub(super) fn endemic_fitted(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let (name, fit) = fitted(run, s)?;
    let column = if name == "observed" { "observed1" } else { &name };
    let mut table = Table::new(&["t", column]);
    table.rows =
        fit.means.iter().enumerate().map(|(i, m)| vec![Cell::count(i + 2), Cell::Number(*m)]).collect();
    Ok(table)
}

/// The 1-based period that a date falls in, or a number given as such.
fn period(name: &str, text: &str, dates: Option<&[base::Date]>) -> Result<usize, Error> {
    if let Ok(number) = text.parse::<usize>() {
        return Ok(number);
    }
    let date: base::Date = text
        .parse()
        .map_err(|_| Error::setting(name, text, "a date like 2026-01-31 or the number of a period"))?;
    let dates = dates.ok_or_else(|| {
        Error::setting(name, text, "the number of a period, since the input has no column date")
    })?;
    match dates.iter().rposition(|d| *d <= date) {
        Some(i) => Ok(i + 1),
        None => Err(Error::setting(name, text, "a date within the input")),
    }
}

pub(super) fn reported(run: &Run<'_>, s: &Settings) -> Result<Table, Error> {
    let triangle = run.triangle.unwrap_or(run.frame).triangle(Some(run.frame))?;
    let dates = triangle.dates.as_deref();
    let longest = triangle.cells.first().map_or(0, Vec::len).saturating_sub(1);
    let at = |name: &str, default: usize| s.text(name).map_or(Ok(default), |v| period(name, v, dates));
    let (now, from) = (at("now", triangle.cells.len())?, at("from", 1)?);
    let kappa = s.number_or("gd.prior.kappa", 0.1)?;
    let wide = match s.text("m.interpretation") {
        None | Some("hoehle_anderheiden2014") => Window::Periods,
        Some("lawless1994") => Window::Reports,
        Some(other) => {
            return Err(Error::setting("m.interpretation", other, "hoehle_anderheiden2014 or lawless1994"));
        }
    };
    let control = nowcast::Control {
        law: match s.text("method").unwrap_or("lawless") {
            "lawless" => Law::Lawless,
            "bayes.notrunc.bnb" => Law::BetaNegativeBinomial { kappa },
            other => return Err(Error::setting("method", other, "lawless or bayes.notrunc.bnb")),
        },
        delays: s.count_or("D", longest)?,
        from,
        window: s.count("m")?.map_or(Window::All, wide),
        alpha: s.number_or("alpha", 0.05)?,
        most: s.count_or("N.tInf.max", 300)?,
        mode: run.mode,
    };
    let rows = nowcast::run(&triangle, &control, now)?;
    let mut table = Table::new(&["date", "nowcast", "lower", "upper", "observed_so_far"]);
    table.rows = rows
        .into_iter()
        .map(|r| {
            let date = match dates {
                Some(dates) => Cell::Text(dates[r.period - 1].to_string()),
                None => Cell::count(r.period),
            };
            [date].into_iter().chain([r.median, r.lower, r.upper, r.reported].map(Cell::Number)).collect()
        })
        .collect();
    Ok(table)
}
