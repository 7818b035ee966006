//! The small XML documents of the binding: collections, capture jobs, problems. Documents of events are written by
//! `epcis::xml`.

use serde_json::Value;

/// The namespace of EPCIS 2.0.
const NAMESPACE: &str = "urn:epcglobal:epcis:xsd:2";

/// Text with what XML reserves written as entities; characters XML cannot hold are left out.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// A value as text; nothing for null.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

fn element(out: &mut String, name: &str, value: &Value) {
    if let Some(text) = plain(value) {
        out.push_str(&format!("<{name}>{}</{name}>", escape(&text)));
    }
}

/// The members of a problem, and of those it lists.
fn problem_members(out: &mut String, problem: &Value) {
    for name in ["type", "title", "status", "detail", "instance", "pointer", "line", "column"] {
        element(out, name, &problem[name]);
    }
}

fn errors(out: &mut String, list: &Value) {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return;
    }
    out.push_str("<errors>");
    for problem in list {
        out.push_str("<error>");
        match problem {
            Value::String(text) => element(out, "detail", &Value::from(text.as_str())),
            problem => problem_members(out, problem),
        }
        out.push_str("</error>");
    }
    out.push_str("</errors>");
}

/// `application/problem+xml`
pub(crate) fn problem(problem: &Value) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:EPCISException xmlns:epcis=\"{NAMESPACE}\">"
    );
    problem_members(&mut out, problem);
    errors(&mut out, &problem["errors"]);
    out.push_str("</epcis:EPCISException>\n");
    out
}

/// An `EPCISCaptureJob`, from its JSON form.
fn job_element(out: &mut String, job: &Value) {
    out.push_str(&format!(
        "<epcis:EPCISCaptureJob xmlns:epcis=\"{NAMESPACE}\" running=\"{}\" success=\"{}\" captureID=\"{}\">",
        job["running"],
        job["success"],
        escape(job["captureID"].as_str().unwrap_or_default())
    ));
    for name in ["captureErrorBehaviour", "createdAt", "finishedAt"] {
        element(out, name, &job[name]);
    }
    errors(out, &job["errors"]);
    out.push_str("</epcis:EPCISCaptureJob>");
}

/// One capture job.
pub(crate) fn job(job: &Value) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    job_element(&mut out, job);
    out
}

/// A list of capture jobs.
pub(crate) fn jobs(jobs: &[Value]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:EPCISCaptureJobList xmlns:epcis=\"{NAMESPACE}\">"
    );
    jobs.iter().for_each(|job| job_element(&mut out, job));
    out.push_str("</epcis:EPCISCaptureJobList>\n");
    out
}

/// A collection of names or URIs.
pub(crate) fn collection(members: &[String]) -> String {
    let mut out =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:Collection xmlns:epcis=\"{NAMESPACE}\">");
    for member in members {
        out.push_str(&format!("<member>{}</member>", escape(member)));
    }
    out.push_str("</epcis:Collection>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_xml_reserves_is_written_as_entities() {
        assert_eq!(escape("a<b>&\"c\u{1}\n"), "a&lt;b&gt;&amp;&quot;c&#10;");
        let text = job(&json!({ "captureID": "1", "running": false, "success": false, "createdAt": "t",
            "captureErrorBehaviour": "rollback", "errors": [{ "type": "x", "status": 400 }] }));
        assert!(text.contains("running=\"false\" success=\"false\" captureID=\"1\""), "{text}");
        assert!(text.contains("<error><type>x</type><status>400</status></error>"), "{text}");
        assert!(!text.contains("finishedAt"), "{text}");
    }
}
