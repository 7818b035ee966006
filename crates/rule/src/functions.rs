//! What an expression may call besides the operators: exact arithmetic on whole millionths, and days between dates.

use crate::{MICRO, micro};
use base::{Date, Decimal};
use cel::{Context, ExecutionError, FunctionContext, Value};

/// Functions a rule may call: CEL's own and ours.
pub(crate) const NAMES: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "string",
    "dec",
    "mul",
    "div",
    "min",
    "max",
    "round",
    "sum",
    "days",
];

type Ftx<'a, 'b> = FunctionContext<'a, 'b>;
type Out = Result<Value, ExecutionError>;

/// Adds ours to a context.
pub(crate) fn add(context: &mut Context<'_, '_>) -> Result<(), String> {
    let fault = |e: &dyn std::fmt::Debug| format!("the functions cannot be added: {e:?}");
    context.add_function("dec", dec).map_err(|e| fault(&e))?;
    context.add_function("mul", mul).map_err(|e| fault(&e))?;
    context.add_function("div", div).map_err(|e| fault(&e))?;
    context.add_function("min", least).map_err(|e| fault(&e))?;
    context.add_function("max", most).map_err(|e| fault(&e))?;
    context.add_function("round", round).map_err(|e| fault(&e))?;
    context.add_function("sum", sum).map_err(|e| fault(&e))?;
    context.add_function("days", days).map_err(|e| fault(&e))?;
    Ok(())
}

/// `dec(x)`: whole millionths of a decimal text or whole number; 0 for null.
fn dec(ftx: &Ftx<'_, '_>, value: Value) -> Out {
    let decimal = match &value {
        Value::Null => Some(Decimal::ZERO),
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    decimal
        .and_then(micro)
        .map(Value::Int)
        .ok_or_else(|| ftx.error(format!("{value:?} is not a decimal of at most six places")))
}

fn whole(ftx: &Ftx<'_, '_>, value: &Value) -> Result<i128, ExecutionError> {
    match value {
        Value::Int(n) => Ok(i128::from(*n)),
        other => Err(ftx.error(format!("{other:?} is not a whole number; use dec()"))),
    }
}

fn fit(ftx: &Ftx<'_, '_>, value: i128) -> Out {
    i64::try_from(value).map(Value::Int).map_err(|_| ftx.error("the number is too large"))
}

/// A quotient rounded half away from zero: 四舍五入.
const fn rounded(a: i128, b: i128) -> i128 {
    let (q, r) = (a / b, a % b);
    if r.abs() * 2 >= b.abs() { q + if (a < 0) == (b < 0) { 1 } else { -1 } } else { q }
}

/// `mul(a, b)` of millionths, in millionths.
fn mul(ftx: &Ftx<'_, '_>, a: Value, b: Value) -> Out {
    let product = whole(ftx, &a)? * whole(ftx, &b)?;
    fit(ftx, rounded(product, i128::from(MICRO)))
}

/// `div(a, b)` of millionths, in millionths.
fn div(ftx: &Ftx<'_, '_>, a: Value, b: Value) -> Out {
    let (a, b) = (whole(ftx, &a)?, whole(ftx, &b)?);
    if b == 0 {
        return Err(ftx.error("division by zero"));
    }
    fit(ftx, rounded(a * i128::from(MICRO), b))
}

/// `min(a, b)` of whole numbers.
fn least(ftx: &Ftx<'_, '_>, a: Value, b: Value) -> Out {
    fit(ftx, whole(ftx, &a)?.min(whole(ftx, &b)?))
}

/// `max(a, b)` of whole numbers.
fn most(ftx: &Ftx<'_, '_>, a: Value, b: Value) -> Out {
    fit(ftx, whole(ftx, &a)?.max(whole(ftx, &b)?))
}

/// `round(x, places)`: millionths rounded to so many decimal places, 0 to 6.
fn round(ftx: &Ftx<'_, '_>, value: Value, places: Value) -> Out {
    let value = whole(ftx, &value)?;
    let places = whole(ftx, &places)?;
    let Some(drop) = u32::try_from(places).ok().and_then(|p| 6u32.checked_sub(p)) else {
        return Err(ftx.error("round takes 0 to 6 places"));
    };
    let step = 10i128.pow(drop);
    fit(ftx, rounded(value, step) * step)
}

/// `sum(list)` of whole numbers; 0 for null and the empty list.
fn sum(ftx: &Ftx<'_, '_>, list: Value) -> Out {
    let mut total = 0;
    match &list {
        Value::Null => {}
        Value::List(items) => {
            for item in items.iter() {
                total += whole(ftx, item)?;
            }
        }
        other => return Err(ftx.error(format!("{other:?} is not a list"))),
    }
    fit(ftx, total)
}

/// `days(a, b)`: calendar days from date `a` to date `b`, negative when `b` lies before.
fn days(ftx: &Ftx<'_, '_>, a: Value, b: Value) -> Out {
    let date = |v: &Value| match v {
        Value::String(s) => s.parse::<Date>().ok(),
        _ => None,
    };
    let between = date(&a).zip(date(&b)).and_then(|(a, b)| a.until(b).ok());
    between
        .map(|span| Value::Int(i64::from(span.get_days())))
        .ok_or_else(|| ftx.error(format!("{a:?} and {b:?} must be dates like 2026-11-22")))
}
