//! The form results are entered with: several rows at once, each refilled when something is wrong.

use crate::session::Posted;
use base::{Date, Lang};
use lab::NewResult;
use limits::Rules;
use maud::{Markup, html};

/// Rows of the form beside those filled already.
pub(super) const ROWS: usize = 4;
/// Most rows read from a form.
const MOST: usize = 60;

/// The columns: name in the form, Chinese, English.
const COLUMNS: [(&str, &str, &str); 6] = [
    ("analyte", "检验项目", "Analyte"),
    ("reported", "检验结果", "Result"),
    ("unit", "单位", "Unit"),
    ("lod", "检出限", "LOD"),
    ("loq", "定量限", "LOQ"),
    ("method", "检验方法", "Method"),
];

/// The filled rows of a posted form. A result with `|` between values is a sampling plan's.
pub(super) fn read(posted: &Posted) -> Vec<NewResult> {
    (0..MOST).filter_map(|n| row(posted, n)).collect()
}

/// One row of a posted form, when it is filled.
pub(super) fn row(posted: &Posted, n: usize) -> Option<NewResult> {
    let get = |name: &str| posted.get(&format!("{name}.{n}")).to_owned();
    let (analyte, value) = (get("analyte"), get("reported"));
    if analyte.is_empty() && value.is_empty() {
        return None;
    }
    let parts: Vec<String> = value.split(['|', ';', '；']).map(|t| t.trim().to_owned()).collect();
    let (reported, subsamples) = if parts.len() > 1 { (String::new(), parts) } else { (value, Vec::new()) };
    let some = |text: String| (!text.is_empty()).then_some(text);
    Some(NewResult {
        analyte,
        reported,
        unit: get("unit"),
        lod: some(get("lod")),
        loq: some(get("loq")),
        method: get("method"),
        subsamples,
    })
}

/// Whether a row reads as another one does.
pub(super) fn same(a: &NewResult, b: &NewResult) -> bool {
    COLUMNS.iter().all(|(column, _, _)| cell(a, column).trim() == cell(b, column).trim())
}

fn cell(result: &NewResult, column: &str) -> String {
    match column {
        "analyte" => result.analyte.clone(),
        "reported" if !result.subsamples.is_empty() => result.subsamples.join("|"),
        "reported" => result.reported.clone(),
        "unit" => result.unit.clone(),
        "lod" => result.lod.clone().unwrap_or_default(),
        "loq" => result.loq.clone().unwrap_or_default(),
        _ => result.method.clone(),
    }
}

/// The rows of the form; `filled` come first, then `spare` empty ones. `form` keeps the ids of several forms on a page apart; `extra` stands
/// at the end of each row.
pub(super) fn rows(
    lang: Lang,
    form: &str,
    filled: &[NewResult],
    spare: usize,
    extra: &dyn Fn(usize) -> Markup,
) -> Markup {
    let count = filled.len() + spare;
    let blank = NewResult::default();
    html! { @for row in 0..count { @let result = filled.get(row).unwrap_or(&blank);
        fieldset { legend { (lang.pick("结果 ", "Result ")) (row + 1) }
            div.filters { @for (name, zh, en) in COLUMNS { @let id = format!("{form}{name}.{row}");
                div.field { label for=(id) { (lang.pick(zh, en)) }
                    input id=(id) name={ (name) "." (row) } value=(cell(result, name)) list=[(name == "analyte").then_some("analytes")]
                        autocomplete="off" inputmode=[matches!(name, "lod" | "loq").then_some("decimal")]; }
            } }
            (extra(row))
        }
    } }
}

/// The analytes this food has a limit for on the governing date, offered while typing.
pub(super) fn analytes(rules: &Rules, food: &str, date: Date) -> Markup {
    let mut known: Vec<(&str, String)> = rules
        .show(food, None, date)
        .iter()
        .map(|(_, r)| (r.analyte.as_str(), format!("{} {}", r.printed, r.unit)))
        .collect();
    known.sort_unstable();
    known.dedup_by(|a, b| a.0 == b.0);
    html! { datalist id="analytes" { @for (name, limit) in known { option value=(name) { (limit) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Prefs;
    use crate::layout::Viewer;
    use access::Principal;

    #[test]
    fn empty_rows_are_left_out_and_a_plan_keeps_its_subsamples_in_order() {
        let fields = [
            ("analyte.0", "铅"),
            ("reported.0", " 0.36 "),
            ("unit.0", "mg/kg"),
            ("analyte.2", "菌落总数"),
            ("reported.2", "50|120|300"),
        ];
        let viewer = Viewer {
            prefs: Prefs::default(),
            who: Principal::anonymous(),
            csrf: String::new(),
            here: "/".into(),
        };
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let read = read(&Posted { viewer, fields, files: Vec::new() });
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].reported.as_str(), read[0].unit.as_str(), &read[0].lod),
            ("0.36", "mg/kg", &None)
        );
        assert_eq!(read[1].subsamples, ["50", "120", "300"]);
        let again = rows(Lang::Zh, "", &read, ROWS, &|_| html! {}).into_string();
        assert!(again.contains("value=\"50|120|300\"") && again.contains("name=\"analyte.5\""), "{again}");
    }
}
