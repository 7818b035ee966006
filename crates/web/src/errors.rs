//! How failures of the office crates become answers: what a user can mend keeps its words, the rest is logged.

use crate::fault::Fault;
use axum::http::StatusCode;
use base::Text;

impl From<access::Denied> for Fault {
    fn from(denied: access::Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, denied.text)
    }
}

impl From<access::Error> for Fault {
    fn from(e: access::Error) -> Self {
        match e {
            access::Error::Denied(denied) => denied.into(),
            access::Error::Store(e) => e.into(),
            access::Error::Ledger(e) => e.into(),
            access::Error::Invalid { field, text } => Self::bad(field, text),
            access::Error::Refused(text) | access::Error::NeedsCode(text) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
            }
            other => Self::internal(other),
        }
    }
}

impl From<ledger::Error> for Fault {
    fn from(e: ledger::Error) -> Self {
        match e {
            ledger::Error::Store(e) => e.into(),
            ledger::Error::TooLarge { .. } => Self::bad("", e.text()),
            other => Self::internal(other),
        }
    }
}

impl From<flow::Error> for Fault {
    fn from(e: flow::Error) -> Self {
        let Some(text) = e.user_text() else {
            return match e {
                flow::Error::Store(e) => e.into(),
                flow::Error::Ledger(e) => e.into(),
                other => Self::internal(other),
            };
        };
        let status = match &e {
            flow::Error::Denied(_) => StatusCode::FORBIDDEN,
            flow::Error::Conflict { .. } => StatusCode::CONFLICT,
            flow::Error::NotFound(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut fault = Self::new(status, text);
        if let flow::Error::Form { faults } = &e {
            fault.field = faults.first().map(|f| f.field.clone());
            fault.details = faults
                .iter()
                .map(|f| {
                    Text::new(
                        format!("{}：{}", f.title.zh, f.text.zh),
                        format!("{}: {}", f.title.en, f.text.en),
                    )
                })
                .collect();
        }
        fault
    }
}

impl From<watch::Error> for Fault {
    fn from(e: watch::Error) -> Self {
        let text = e.text();
        match e {
            watch::Error::Store(e) => e.into(),
            watch::Error::Ledger(e) => e.into(),
            watch::Error::Denied(denied) => denied.into(),
            watch::Error::NotFound => Self::new(StatusCode::NOT_FOUND, text),
            watch::Error::Invalid { field, .. } => Self::bad(field, text),
            watch::Error::Sheet(_) => Self::bad("file", text),
            watch::Error::Rows(rows) => {
                Self::bad("file", text).with_details(rows.iter().map(paper::sheet::RowError::text).collect())
            }
        }
    }
}

impl From<lab::Error> for Fault {
    fn from(e: lab::Error) -> Self {
        let text = e.text();
        match e {
            lab::Error::Store(e) => e.into(),
            lab::Error::Ledger(e) => e.into(),
            lab::Error::Denied(denied) => denied.into(),
            lab::Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, text),
            lab::Error::FourEyes => Self::new(StatusCode::FORBIDDEN, text),
            lab::Error::State(_) => Self::new(StatusCode::CONFLICT, text),
            lab::Error::Invalid(problems) => {
                let mut fault = Self::bad(problems.first().map_or("", |p| p.field.as_str()), text);
                fault.details = problems
                    .iter()
                    .map(|p| {
                        Text::new(
                            format!("{}：{}", p.label.zh, p.message.zh),
                            format!("{}: {}", p.label.en, p.message.en),
                        )
                    })
                    .collect();
                fault
            }
            lab::Error::Rows(rows) => {
                Self::bad("file", text).with_details(rows.iter().map(paper::sheet::RowError::text).collect())
            }
            lab::Error::Sheet(_) => Self::bad("file", text),
            other => Self::internal(other),
        }
    }
}

impl From<assess::Error> for Fault {
    fn from(e: assess::Error) -> Self {
        match e {
            assess::Error::Store(e) => e.into(),
            assess::Error::Denied(denied) => denied.into(),
            assess::Error::Field { field, text } => Self::bad(field, text),
            assess::Error::Rows(rows) => Self::bad(
                "file",
                Text::new(
                    format!("有 {} 处需要更正，未保存任何内容", rows.len()),
                    format!("{} row(s) need correction; nothing was stored", rows.len()),
                ),
            )
            .with_details(rows),
            assess::Error::NotFound("run") => Self::not_found(&Text::of("计算任务", "run")),
            assess::Error::NotFound(_) => Self::not_found(&Text::of("调查", "survey")),
            assess::Error::Ledger(e) => e.into(),
        }
    }
}

impl From<field::Error> for Fault {
    fn from(e: field::Error) -> Self {
        let text = e.text();
        match e {
            field::Error::Store(e) => e.into(),
            field::Error::Ledger(e) => e.into(),
            field::Error::Denied(denied) => denied.into(),
            field::Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, text),
            field::Error::State(_) => Self::new(StatusCode::CONFLICT, text),
            field::Error::Invalid { field, text } => Self::bad(field, text),
            other => Self::internal(other),
        }
    }
}

impl From<target::Error> for Fault {
    fn from(e: target::Error) -> Self {
        let text = e.text();
        match e {
            target::Error::Store(e) => e.into(),
            target::Error::Ledger(e) => e.into(),
            target::Error::Denied(denied) => denied.into(),
            target::Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, text),
            target::Error::State(_) => Self::new(StatusCode::CONFLICT, text),
            target::Error::Invalid { field, text } => Self::bad(field, text),
            target::Error::Sheet(_) => Self::bad("file", text),
            target::Error::Rows(rows) => {
                Self::bad("file", text).with_details(rows.iter().map(paper::sheet::RowError::text).collect())
            }
            other => Self::internal(other),
        }
    }
}

impl From<supply::Error> for Fault {
    fn from(e: supply::Error) -> Self {
        let text = e.text();
        match e {
            supply::Error::Store(e) => e.into(),
            supply::Error::Ledger(e) => e.into(),
            supply::Error::Denied(denied) => denied.into(),
            supply::Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, text),
            supply::Error::Refused(problems) => {
                let mut fault = Self::bad(problems.first().map_or("", |p| p.pointer.as_str()), text);
                fault.details = problems.iter().map(epcis::Problem::message).collect();
                fault
            }
            supply::Error::Rows(rows) => {
                Self::bad("file", text).with_details(rows.iter().map(paper::sheet::RowError::text).collect())
            }
            supply::Error::Sheet(_) => Self::bad("file", text),
            supply::Error::Wrong { field, text } => Self::bad(field, text),
            other => Self::internal(other),
        }
    }
}
