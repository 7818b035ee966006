//! What a laboratory is accredited for (CMA, CATL): analyte × method × food class with its dates. Once it is loaded, a result
//! outside it is refused; a laboratory whose scope is not loaded is marked so.

use crate::import::{at_line, finish};
use crate::reported::ANALYTE;
use crate::sample::{Sample, words};
use crate::sampling::Book;
use crate::{Error, Found, Lab, NewResult, Problem};
use access::{Principal, Resource};
use base::{Date, Id, Text};
use ledger::{Context, Entry};
use limits::Rules;
use paper::sheet::{Column, Columns, RowErrors, Workbook};
use serde::Serialize;
use store::{Row, Store, Tx, Value};

words! {
    /// The kind of approval.
    Qualification {
        /// 检验检测机构资质认定.
        Cma = "cma", "资质认定（CMA）", "CMA";
        /// 农产品质量安全检测机构考核合格.
        Catl = "catl", "农产品检测机构考核（CATL）", "CATL";
    }
}

/// One line of the annex to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accredited {
    /// Which approval.
    pub qualification: Qualification,
    /// Number of the certificate.
    pub certificate: String,
    /// Analyte as printed.
    pub analyte: String,
    /// Standard of the method, e.g. `GB 5009.12`; empty: any. Without a year every edition of it.
    pub method: String,
    /// Food class of the rulebook, two digits; absent: any.
    pub class: Option<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// The columns of a sheet of accreditation.
#[must_use]
pub fn scope_columns() -> Columns {
    Columns::new(vec![
        Column::required("检验项目", &["analyte", "item"]),
        Column::optional("检验方法", &["method", "检验依据"]),
        Column::optional("食品大类", &["class", "food class"]),
        Column::optional("资质", &["qualification", "资质类别"]),
        Column::required("证书编号", &["certificate"]),
        Column::required("有效期起", &["valid from", "from"]),
        Column::required("有效期止", &["valid to", "to"]),
    ])
}

/// A laboratory's scope, ready to be asked.
#[derive(Debug)]
pub(crate) struct Scope(Vec<(String, String, Accredited)>);

/// `gb 5009.12—2023 第一法` → `GB5009.12-2023`
fn method_key(text: &str) -> String {
    let first = text.split(['第', '(', '（', ',', '，', ';', '；']).next().unwrap_or_default();
    let dash = |c: char| if matches!(c, '—' | '–' | '－' | '―') { '-' } else { c };
    first.chars().filter(|c| !c.is_whitespace()).map(dash).flat_map(char::to_uppercase).collect()
}

/// Whether the method used is the one accredited: the same, or any edition where the annex names none.
fn same_method(accredited: &str, used: &str) -> bool {
    let year = |m: &str| {
        m.rsplit_once('-').is_some_and(|(_, y)| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()))
    };
    accredited.is_empty()
        || accredited == used
        || (!year(accredited) && used.rsplit_once('-').is_some_and(|(head, _)| head == accredited))
}

fn canonical(rules: &Rules, label: &str) -> String {
    rules.analytes().resolve(label).name
}

impl Scope {
    fn new(rules: &Rules, rows: Vec<Accredited>) -> Self {
        Self(rows.into_iter().map(|r| (canonical(rules, &r.analyte), method_key(&r.method), r)).collect())
    }

    /// Why a result lies outside the scope; `None` when it is within.
    pub(crate) fn problem(
        &self,
        rules: &Rules,
        sample: &Sample,
        new: &NewResult,
        today: Date,
    ) -> Option<Problem> {
        let name = canonical(rules, &new.analyte);
        let class = sample.placing.class.as_deref();
        let refuse = |field: &str, label: Text, value: &str, zh: String, en: String| {
            Some(Problem::new(field, label, value, Text::new(zh, en)))
        };
        let of: Vec<_> = self.0.iter().filter(|(analyte, _, _)| *analyte == name).collect();
        if of.is_empty() {
            return refuse(
                "analyte",
                ANALYTE,
                &new.analyte,
                format!(
                    "“{}”不在本机构资质认定的检验能力范围内，结果不予接收；请分包给有资质的机构，或更新能力附表",
                    new.analyte
                ),
                format!(
                    "“{}” is outside the laboratory's accreditation: the result is refused. Subcontract it, or bring the annex up to date",
                    new.analyte
                ),
            );
        }
        let fits = |c: &Option<String>| c.is_none() || class.is_none() || c.as_deref() == class;
        let of: Vec<_> = of.into_iter().filter(|(_, _, r)| fits(&r.class)).collect();
        if of.is_empty() {
            return refuse(
                "analyte",
                ANALYTE,
                &new.analyte,
                format!("本机构“{}”的资质不包含该食品大类，结果不予接收", new.analyte),
                format!(
                    "the accreditation for “{}” does not cover this food class; the result is refused",
                    new.analyte
                ),
            );
        }
        let of: Vec<_> = of.into_iter().filter(|(_, _, r)| r.from <= today && today <= r.to).collect();
        if of.is_empty() {
            return refuse(
                "analyte",
                ANALYTE,
                &new.analyte,
                format!("本机构“{}”的资质不在有效期内（今天 {today}），结果不予接收", new.analyte),
                format!(
                    "the accreditation for “{}” is not valid today, {today}; the result is refused",
                    new.analyte
                ),
            );
        }
        let used = method_key(&new.method);
        if of.iter().any(|(_, method, _)| same_method(method, &used)) {
            return None;
        }
        let allowed: Vec<&str> = of.iter().map(|(_, _, r)| r.method.as_str()).collect();
        refuse(
            "method",
            Text::of("检验方法", "method"),
            &new.method,
            format!("检验方法不在资质范围内；“{}”可用：{}", new.analyte, allowed.join("、")),
            format!(
                "the method is outside the accreditation; for “{}” use {}",
                new.analyte,
                allowed.join(", ")
            ),
        )
    }
}

impl Lab {
    /// The scope of a laboratory; `None` while it is not loaded.
    pub(crate) async fn scope_in(&self, tx: &mut Tx, laboratory: Option<Id>) -> Result<Option<Scope>, Error> {
        let Some(laboratory) = laboratory else { return Ok(None) };
        let rows = tx.query(ROWS, &[laboratory.into()]).await?;
        let rows: Vec<Accredited> = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok((!rows.is_empty()).then(|| Scope::new(self.rules, rows)))
    }

    /// Replaces the scope of a laboratory by that of a sheet; whole or not at all. Gives the number of rows.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless it is a laboratory of the register; [`Error::Rows`] with every wrong cell;
    /// [`Error::Denied`].
    pub async fn import_scope(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        laboratory: Id,
        book: &Workbook,
    ) -> Result<usize, Error> {
        let region = self.laboratory_in(tx, laboratory).await?.region;
        let resource = Resource::new("operator", region.clone()).of_operator(Some(laboratory));
        let permit = self.access.check(who, "act", &resource, cx.now)?;
        let columns = scope_columns();
        let mut errors = RowErrors::default();
        let mut rows = Vec::new();
        for table in &book.tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                let analyte = errors.keep(row.text("检验项目"));
                let certificate = errors.keep(row.text("证书编号"));
                let (from, to) = (errors.keep(row.date("有效期起")), errors.keep(row.date("有效期止")));
                let class = errors.keep(row.opt_with("食品大类", |t| {
                    let none = || Text::of("没有这个食品大类", "there is no such food class");
                    Book::builtin().class(t).map(|c| c.code.clone()).ok_or_else(none)
                }));
                let qualification = errors.keep(row.opt_with("资质", |t| {
                    Qualification::read(t).ok_or_else(|| Text::of("应为 CMA 或 CATL", "write CMA or CATL"))
                }));
                let method = errors.keep(row.opt_text("检验方法"));
                let (
                    Some(analyte),
                    Some(certificate),
                    Some(from),
                    Some(to),
                    Some(class),
                    Some(q),
                    Some(method),
                ) = (analyte, certificate, from, to, class, qualification, method)
                else {
                    continue;
                };
                if to < from {
                    let text = Text::of("有效期止早于有效期起", "the last day is before the first");
                    let label = Text::of("有效期止", "valid to");
                    errors.push(at_line(row.line(), Problem::new("to", label, to.to_string(), text)));
                    continue;
                }
                let qualification = q.unwrap_or(Qualification::Cma);
                let method = method.unwrap_or_default();
                rows.push(Accredited { qualification, certificate, analyte, method, class, from, to });
            }
        }
        let count = finish(errors, !rows.is_empty(), rows.len())?;
        tx.exec("delete from accreditation where laboratory = $1", &[laboratory.into()]).await?;
        let mut values: Vec<Value> = Vec::with_capacity(rows.len() * 9);
        for r in rows {
            values.extend([
                cx.id().into(),
                laboratory.into(),
                r.qualification.word().into(),
                r.certificate.into(),
                r.analyte.into(),
                r.method.into(),
                r.class.into(),
                r.from.into(),
                r.to.into(),
            ]);
        }
        tx.insert_many(
            "insert into accreditation (id, laboratory, qualification, certificate, analyte, method, class, valid_from, valid_to)",
            9,
            values,
            "",
        )
        .await?;
        let entry = Entry {
            kind: "laboratory.scope_set",
            region,
            subject: format!("operator:{laboratory}"),
            body: serde_json::json!({ "rows": count, "file": book.sha256 }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(count)
    }

    /// A laboratory of the register.
    pub(crate) async fn laboratory_in(&self, tx: &mut Tx, id: Id) -> Result<Found, Error> {
        let all = self.surroundings.laboratories(tx).await.map_err(Error::Hook)?;
        let found = all.into_iter().find(|l| l.operator == Some(id));
        found.ok_or_else(|| Error::NotFound(format!("laboratory {id}")))
    }
}

const ROWS: &str = "select qualification, certificate, analyte, method, class, valid_from, valid_to from accreditation \
    where laboratory = $1 order by id";

fn read(row: &Row) -> Result<Accredited, store::Error> {
    Ok(Accredited {
        qualification: row.parsed("qualification")?,
        certificate: row.text("certificate")?,
        analyte: row.text("analyte")?,
        method: row.text("method")?,
        class: row.opt_text("class")?,
        from: row.date("valid_from")?,
        to: row.date("valid_to")?,
    })
}

/// The scope of a laboratory, for everybody: an annex is public. Empty while it is not loaded.
///
/// # Errors
/// Storage.
pub async fn accreditation(store: &Store, laboratory: Id) -> Result<Vec<Accredited>, Error> {
    Ok(store.query(ROWS, &[laboratory.into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_the_accredited_one_in_its_edition_or_in_any_where_none_is_named() {
        for (accredited, used, same) in [
            ("GB 5009.12-2023", "GB 5009.12-2023 第一法", true),
            ("GB 5009.12-2023", "GB 5009.12-2017", false),
            ("GB 5009.12", "gb 5009.12—2023", true),
            ("GB 5009.12", "GB 5009.123-2023", false),
            ("", "GB 5009.15-2023", true),
            ("GB 5009.12", "", false),
        ] {
            assert_eq!(same_method(&method_key(accredited), &method_key(used)), same, "{accredited} {used}");
        }
    }
}
