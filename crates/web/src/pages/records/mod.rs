//! Records of trade: ledgers as the law asks for them, the forms that fill them, gaps, batch files and certificates.

mod batch;
mod certificate;
mod check;
mod entry;
mod files;
mod gaps;
mod issue;
mod ledger;

pub(crate) use certificate::state_badge;

use crate::fault::{Answer, Fault};
use crate::layout::Viewer;
use crate::state::App;
use crate::ui::ListLinks;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use base::quantity::{Dimension, Unit};
use base::{Date, Id, Lang, Text};
use paper::sheet::RowError;
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/firm/records", get(ledger::own))
        .route("/firm/records/{kind}/new", get(entry::show).post(entry::post))
        .route("/firm/records/{kind}/withdraw", post(entry::withdraw))
        .route("/firm/batch", get(batch::show).post(batch::post))
        .route("/firm/batches", get(files::show).post(files::post))
        .route("/firm/batches/template", get(files::template))
        .route("/firm/certificates", get(certificate::own))
        .route("/firm/certificates/new", get(issue::show).post(issue::post))
        .route("/firm/certificates/{number}", get(certificate::show))
        .route("/firm/certificates/{number}/void", post(certificate::void))
        .route("/desk/ledgers", get(gaps::show))
        .route("/desk/ledgers/{operator}", get(ledger::of_firm))
        .route("/desk/certificates", get(certificate::all))
        .route("/desk/certificates/{number}", get(certificate::show))
        .route("/cert", get(check::form))
        .route("/cert/{number}", get(check::show))
        .route("/cert/{number}/qr.svg", get(check::qr))
}

/// The operator the account works for.
fn operator(viewer: &Viewer) -> Answer<Id> {
    viewer.who.operator.ok_or_else(|| {
        Fault::new(
            StatusCode::FORBIDDEN,
            Text::of(
                "此页面供企业账号使用；您的账号没有关联经营主体，请联系管理员。",
                "This page is for accounts of firms; yours belongs to no operator. Ask the administrator.",
            ),
        )
    })
}

/// Units a form offers: those goods are traded in, by symbol and name.
fn units(lang: Lang) -> Vec<(String, String)> {
    let traded = |u: &&Unit| {
        matches!(u.dimension(), Dimension::Mass | Dimension::Volume | Dimension::Count | Dimension::Package)
            && !matches!(u, Unit::Milligram | Unit::Microgram | Unit::Pound | Unit::Ounce)
    };
    let mut all: Vec<&Unit> = Unit::ALL.iter().filter(traded).collect();
    all.sort_by_key(|u| !matches!(u, Unit::Kilogram));
    all.into_iter()
        .map(|u| (u.symbol().to_owned(), format!("{} {}", u.name().get(lang), u.symbol())))
        .collect()
}

/// What is wrong with a field of a form.
fn fault_of<'a>(lang: Lang, faults: &'a [RowError], field: &str) -> Option<&'a str> {
    faults.iter().find(|f| f.column == field).map(|f| f.message.get(lang))
}

/// Days of a period at most.
const MOST_DAYS: i64 = 366;

/// The first day asked for, when it lies before the longest period that is shown.
fn too_early(asked: Option<&str>, from: Date, to: Date) -> Option<Date> {
    let asked = super::choices::day("from", asked).ok()??;
    (asked < from && from < to).then_some(asked)
}

/// A period from a query: the last 30 days unless it says otherwise; at most a year, ends in order.
fn period(links: &ListLinks, today: Date) -> Answer<(Date, Date)> {
    let read = |name: &str| super::choices::day(name, links.get(name));
    let days = |n: i64| jiff::Span::new().days(n);
    let to = read("to")?.unwrap_or(today);
    let from = read("from")?.unwrap_or_else(|| to.saturating_sub(days(30)));
    let from = from.min(to);
    Ok((from.max(to.saturating_sub(days(MOST_DAYS))), to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_month_back_unless_it_says_otherwise_and_a_year_at_most() {
        let day = |t: &str| t.parse::<Date>().unwrap();
        let today = day("2026-11-22");
        let asked = |query: &str| period(&ListLinks::read("/firm/records", Some(query), ""), today);
        for (query, first, last) in [
            ("", "2026-10-23", "2026-11-22"),
            ("from=2026-09-01&to=2026-09-30", "2026-09-01", "2026-09-30"),
            ("from=2026-10-01&to=2026-09-30", "2026-09-30", "2026-09-30"),
            ("from=2000-01-01", "2025-11-21", "2026-11-22"),
            ("from=&to=", "2026-10-23", "2026-11-22"),
        ] {
            assert_eq!(asked(query).unwrap(), (day(first), day(last)), "{query}");
            let links = ListLinks::read("/firm/records", Some(query), "");
            let cut = too_early(links.get("from"), day(first), day(last));
            assert_eq!(cut.is_some(), query == "from=2000-01-01", "a start that is cut is said: {query}");
        }
        assert_eq!(asked("from=soon").unwrap_err().field.as_deref(), Some("from"));
    }
}
