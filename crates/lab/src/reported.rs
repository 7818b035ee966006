//! Results as reported, before they are judged: when they may be entered, what can be read and what is wrong.

use crate::sample::{Sample, SampleState};
use crate::{Error, NewResult, Problem};
use base::quantity::{Dimension, Quantity, Unit};
use base::{Decimal, Text};
use std::borrow::Cow;

/// Whether results of a sample may be entered: from its receipt to the approval of its report.
pub(crate) fn open_for_results(sample: &Sample) -> Result<(), Error> {
    match sample.state {
        SampleState::Received | SampleState::Testing => Ok(()),
        // the checks of receipt and the clocks of the laboratory hang on the receipt: nothing is tested before it
        SampleState::Sealed | SampleState::Sent => Err(Error::State(Text::new(
            format!("样品 {} 尚未收样验收，不能录入结果；请先办理收样", sample.blind_no()),
            format!(
                "sample {} has not been received yet; check it in first, then enter results",
                sample.blind_no()
            ),
        ))),
        SampleState::Refused => Err(Error::State(Text::new(
            format!("样品 {} 已被拒收，不能录入结果", sample.blind_no()),
            format!("sample {} was refused; it has no results", sample.blind_no()),
        ))),
        SampleState::Approved | SampleState::Submitted => Err(Error::State(Text::new(
            format!(
                "样品 {} 的报告已批准，结果不能再改；尚未报送的请退回报告，已报送的请更正报告",
                sample.blind_no()
            ),
            format!(
                "the report of {} is approved; its results no longer change. Return the report, or correct it once it is submitted",
                sample.blind_no()
            ),
        ))),
    }
}

/// Whether two names as reported are the same text.
pub(crate) fn same_analyte(a: &str, b: &str) -> bool {
    a.trim() == b.trim()
}

/// Said of an analyte that stands in a row above, counted from 1, as well.
pub(crate) fn given_twice(analyte: &str, first: usize) -> Problem {
    Problem::new(
        "analyte",
        ANALYTE,
        analyte,
        Text::new(
            format!("本次填写了两次（前一次在本样品的第 {first} 项）；请删去其中一项"),
            format!("it is given twice (first as result {first} of this sample); remove one of the two"),
        ),
    )
}

/// Said of an analyte that has a result already.
pub(crate) fn known_already(analyte: &str) -> Problem {
    Problem::new(
        "analyte",
        ANALYTE,
        analyte,
        Text::of(
            "该样品已有这一项目的结果；如需更正请用“更正结果”",
            "the sample has a result for this analyte already; use \"correct result\" to change it",
        ),
    )
}

/// A result whose value carries its unit, `0.05mg/kg` beside an empty unit field, with each in its own field.
pub(crate) fn tidied(new: &NewResult) -> Cow<'_, NewResult> {
    let apart = new.unit.trim().is_empty().then(|| limits::with_unit(&new.reported)).flatten();
    apart.map_or(Cow::Borrowed(new), |(value, unit)| {
        Cow::Owned(NewResult { reported: value.to_owned(), unit: unit.to_owned(), ..new.clone() })
    })
}

/// What is wrong with a result before it is judged.
pub(crate) fn check(new: &NewResult) -> Vec<Problem> {
    let mut problems = Vec::new();
    let required = |field: &str, label: Text, zh: &'static str, en: &'static str| {
        Problem::new(field, label, "", Text::of(zh, en))
    };
    if new.analyte.trim().is_empty() {
        problems.push(required("analyte", ANALYTE, "请填写检验项目", "state the analyte"));
    }
    if new.reported.trim().is_empty() && new.subsamples.is_empty() {
        problems.push(required(
            "reported",
            REPORTED,
            "请填写检验结果；未检出请填 ND 并给出检出限",
            "state the result; for not detected write ND and give the detection limit",
        ));
    }
    let texts = [("reported", REPORTED, new.reported.as_str())]
        .into_iter()
        .chain(new.lod.as_deref().map(|t| ("lod", LOD, t)))
        .chain(new.loq.as_deref().map(|t| ("loq", LOQ, t)))
        .chain(new.subsamples.iter().map(|t| ("subsamples", REPORTED, t.as_str())));
    for (field, label, text) in texts {
        if exponent(text) {
            problems.push(Problem::new(
                field,
                label,
                text,
                Text::of(
                    "请不要用“1e5”这样的写法；请写成普通数字或“数字×10^n”",
                    "do not write it like \"1e5\"; write the plain number, or number×10^n",
                ),
            ));
        } else if !readable(text) {
            problems.push(Problem::new(
                field,
                label,
                text,
                Text::of(
                    "无法识别的数值；请填数字、<数字、>数字、数字×10^n 或 ND(未检出)",
                    "not a value; write a number, <number, >number, number×10^n or ND",
                ),
            ));
        }
    }
    let limits = [new.lod.as_deref(), new.loq.as_deref()].map(|t| t.and_then(amount));
    if let [Some(lod), Some(loq)] = limits
        && lod > loq
    {
        problems.push(Problem::new(
            "lod",
            LOD,
            new.lod.as_deref().unwrap_or_default(),
            Text::new(
                format!("检出限大于定量限 {loq}；两者可能填反，请核对"),
                format!("the detection limit is above the quantification limit {loq}; check whether the two are swapped"),
            ),
        ));
    }
    problems
}

/// Values that say there is more of the analyte than there is of the sample.
pub(crate) fn beyond_the_whole(new: &NewResult) -> Vec<Problem> {
    let Ok(unit) = Unit::parse(&new.unit) else { return Vec::new() };
    if unit.dimension() != Dimension::MassFraction {
        return Vec::new();
    }
    let whole = Decimal::from(1000);
    let beyond = |text: &&str| {
        let value = amount(text).map(|value| Quantity::new(value, unit).to(Unit::GramPerKilogram));
        value.is_some_and(|share| share.is_ok_and(|q| q.amount > whole))
    };
    let values = std::iter::once(new.reported.as_str()).chain(new.subsamples.iter().map(String::as_str));
    values
        .filter(beyond)
        .map(|text| {
            Problem::new(
                "reported",
                REPORTED,
                text,
                Text::new(
                    format!("{text} {unit} 超过样品本身的质量（1000 g/kg）；请核对数值和单位"),
                    format!(
                        "{text} {unit} is more than the whole of the sample (1000 g/kg); check value and unit"
                    ),
                ),
            )
        })
        .collect()
}

/// A unit no limit of the analyte could be compared in; `fitting` are the units its limits are set in.
pub(crate) fn foreign_unit(fitting: &[String], new: &NewResult) -> Option<Problem> {
    let given = new.unit.trim();
    let unit = Unit::parse(given).ok()?;
    let fits = |text: &String| {
        text == given || Unit::parse(text).is_ok_and(|u| u.converts_to(unit) || alike(u, unit))
    };
    if fitting.iter().any(fits) {
        return None;
    }
    // no limit names a unit: an amount of goods is still no result
    let amount = matches!(
        unit.dimension(),
        Dimension::Mass | Dimension::Volume | Dimension::Count | Dimension::Package
    );
    if fitting.is_empty() && !amount {
        return None;
    }
    let text = if fitting.is_empty() {
        Text::of(
            "这是数量单位，不是检验结果的单位；请用 mg/kg、g/100g、CFU/g 等",
            "a unit of amount, not of a result; use mg/kg, g/100 g, CFU/g …",
        )
    } else {
        Text::new(
            format!("不是这一项目的单位；可用：{}", fitting.join("、")),
            format!("no unit of this analyte; these fit: {}", fitting.join(", ")),
        )
    };
    Some(Problem::new("unit", UNIT, given, text))
}

/// Whether two units tell the same of different matrices: of a food by its mass, its volume or its surface.
const fn alike(a: Unit, b: Unit) -> bool {
    const fn family(unit: Unit) -> u8 {
        use Dimension as D;
        match unit.dimension() {
            D::MassFraction | D::MassPerVolume | D::MassPerArea | D::VolumeFraction | D::AmountPerMass => 1,
            D::ColoniesPerMass
            | D::ColoniesPerVolume
            | D::ProbablePerMass
            | D::ProbablePerVolume
            | D::CountPerArea => 2,
            _ => 0,
        }
    }
    family(a) != 0 && family(a) == family(b)
}

/// The number in a value, when it is one; signs of comparison are left out.
fn amount(text: &str) -> Option<Decimal> {
    let text = base::text::halfwidth(text);
    let number = text.trim().trim_start_matches(['<', '>', '≤', '≥', '=', ' ']).trim();
    match number.split_once(['×', '*']) {
        None => number.parse().ok(),
        Some((mantissa, power)) => {
            let power: u32 = power.trim().strip_prefix("10^")?.parse().ok()?;
            let ten = Decimal::from(10_u32.checked_pow(power)?);
            mantissa.trim().parse::<Decimal>().ok()?.checked_mul(ten)
        }
    }
}

/// Whether a value is written like `1e5`.
fn exponent(text: &str) -> bool {
    let text = base::text::halfwidth(text).to_lowercase();
    let Some((mantissa, power)) = text.trim().split_once('e') else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    mantissa.ends_with(|c: char| c.is_ascii_digit()) && digits(power.trim_start_matches(['+', '-']))
}

pub(crate) const UNIT: Text = Text::of("单位", "unit");
pub(crate) const ANALYTE: Text = Text::of("检验项目", "analyte");
pub(crate) const REPORTED: Text = Text::of("检验结果", "result");
pub(crate) const LOD: Text = Text::of("检出限", "detection limit");
pub(crate) const LOQ: Text = Text::of("定量限", "quantification limit");

/// Whether a reported text has a digit or says not detected; the finer reading is the limits' business.
fn readable(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["nd", "n.d.", "未检出", "不得检出", "检出", "阴性", "阳性", "not detected", "detected"];
    let text = text.trim().to_lowercase();
    if text.is_empty() || WORDS.iter().any(|w| text.starts_with(w)) {
        return true;
    }
    let number = text.trim_start_matches(['<', '>', '≤', '≥', '＜', '＞', '=', ' ', '±', '-']);
    number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains(['#', '?', '!'])
}
