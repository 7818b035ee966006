//! Overlays: what a jurisdiction changes in the nation's procedure, laid over its files before they are read strictly.

use super::{Definition, Forms, LoadError};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The procedure of a jurisdiction: `overlay.toml` over `procedure.toml`, its `forms.toml` over the nation's, its templates in
/// place of those of the same name.
///
/// # Errors
/// [`LoadError`] naming the file and key.
pub(super) fn apply(
    jurisdiction: &str,
    folder: &str,
    below: &BTreeMap<String, String>,
    above: &BTreeMap<String, String>,
) -> Result<Definition, LoadError> {
    let place = |name: &str| format!("cn-{jurisdiction}/{folder}/{name}");
    let table = |files: &BTreeMap<String, String>, name: &str| -> Result<Table, LoadError> {
        let text = files.get(name).map_or("", String::as_str);
        text.parse::<Table>().map_err(|e| LoadError::new(place(name), e.message(), "correct the file"))
    };
    if let Some(strange) = above
        .keys()
        .find(|n| !matches!(n.as_str(), "overlay.toml" | "forms.toml") && !n.starts_with("templates/"))
    {
        return Err(LoadError::new(
            place(strange),
            "an overlay has no such file",
            "keep overlay.toml, forms.toml and templates/ only",
        ));
    }
    let over = table(above, "overlay.toml")?;
    if !over.contains_key("basis") {
        return Err(LoadError::new(
            place("overlay.toml"),
            "it cites no clause",
            "add [[basis]] with the local rule",
        ));
    }
    let mut procedure = table(below, "procedure.toml")?;
    merge(&mut procedure, over);
    procedure.insert("jurisdiction".to_owned(), Value::String(jurisdiction.to_owned()));
    let read = |value: Table, name: &str| -> Result<Definition, LoadError> {
        Value::Table(value).try_into().map_err(|e: toml::de::Error| {
            LoadError::new(place(name), e.message(), "correct the key or value")
        })
    };
    let mut definition = read(procedure, "overlay.toml")?;
    let mut forms = table(below, "forms.toml")?;
    merge(&mut forms, table(above, "forms.toml")?);
    let forms: Forms = Value::Table(forms).try_into().map_err(|e: toml::de::Error| {
        LoadError::new(place("forms.toml"), e.message(), "correct the key or value")
    })?;
    definition.forms = forms.forms;
    for (name, text) in below.iter().chain(above) {
        if let Some(template) = name.strip_prefix("templates/") {
            definition.templates.insert(template.to_owned(), text.clone());
        }
    }
    Ok(definition)
}

/// Lays `over` on `under`: tables are merged key by key, lists of tables with an `id` entry by entry (`remove = true` takes one
/// out), clauses are added, everything else is replaced.
pub(super) fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if key != "basis" => merge(old, new),
            (Some(Value::Array(old)), Value::Array(new)) if has_ids(&new) => {
                for entry in new {
                    let Value::Table(entry) = entry else { continue };
                    let at = old.iter().position(|o| o.get("id") == entry.get("id"));
                    let remove = entry.get("remove").and_then(Value::as_bool) == Some(true);
                    match (at, remove) {
                        (Some(at), true) => {
                            old.remove(at);
                        }
                        (Some(at), false) => {
                            if let Some(Value::Table(found)) = old.get_mut(at) {
                                merge(found, entry);
                            }
                        }
                        (None, _) => old.push(Value::Table(entry)),
                    }
                }
            }
            (Some(Value::Array(old)), Value::Array(new)) if key == "basis" => old.extend(new),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn has_ids(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(|v| v.get("id").is_some())
}
