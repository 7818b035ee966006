//! A procedure as somebody would have it: a whole file, or only what differs.

use super::overlay::merge;
use super::{Definition, LoadError, parse};
use toml::{Table, Value};

/// A changed procedure: `text` is a whole `procedure.toml`, or holds only what differs, as an overlay does. Forms and templates stay as
/// they are.
///
/// # Errors
/// [`LoadError`] naming line and key.
pub fn changed(now: &Definition, text: &str) -> Result<Definition, LoadError> {
    let file = "changed.toml";
    let fault = |problem: String| LoadError::new(file, problem, "correct the key or value");
    let over: Table = text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        fault(format!("line {line}: {}", e.message()))
    })?;
    let mut changed = if over.contains_key("state") {
        let mut whole: Definition = parse(file, text)?;
        whole.forms.clone_from(&now.forms);
        whole.templates.clone_from(&now.templates);
        if whole.rungs.is_empty() {
            whole.rungs.clone_from(&now.rungs);
        }
        whole
    } else {
        let mut under = Table::try_from(now).map_err(|e| fault(e.to_string()))?;
        merge(&mut under, over);
        Value::Table(under).try_into().map_err(|e: toml::de::Error| fault(e.message().to_owned()))?
    };
    changed.jurisdiction.clone_from(&now.jurisdiction);
    if changed.id == now.id {
        return Ok(changed);
    }
    Err(LoadError::new(file, format!("id is `{}`", changed.id), format!("name it `{}`", now.id)))
}
