//! One text a method: what it assumes, when it fails, its settings, source and how far it is from its reference
//! (`rulebook/cn/methods/*.toml`).

use base::Text;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::sync::OnceLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../rulebook/cn/methods");

/// A method.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Name in addresses: the file's.
    #[serde(skip)]
    pub id: String,
    /// Name.
    pub title: Text,
    /// Place in the list.
    pub order: u32,
    /// Commands that compute it, such as `risk exposure`.
    pub commands: Vec<String>,
    /// Page of the workbench, where there is one.
    #[serde(default)]
    pub page: String,
    /// What it is for, in a sentence or two.
    pub purpose: Text,
    /// How it computes.
    pub how: Text,
    /// What it assumes.
    pub assumes: Vec<Text>,
    /// When it fails or misleads.
    pub fails: Vec<Text>,
    /// Settings that matter.
    pub settings: Vec<Text>,
    /// Papers, standards.
    pub sources: Vec<String>,
    /// Against what it was checked and how far apart.
    pub tolerance: Text,
}

/// All methods in the order of the list.
///
/// # Errors
/// The file that cannot be read.
pub fn read() -> Result<Vec<Method>, String> {
    let mut out = Vec::new();
    for file in FILES.files() {
        let name = file.path().file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let text = file.contents_utf8().ok_or_else(|| format!("methods/{name}: not UTF-8"))?;
        let mut method: Method = toml::from_str(text).map_err(|e| format!("methods/{name}: {e}"))?;
        name.clone_into(&mut method.id);
        if method.assumes.is_empty() || method.fails.is_empty() || method.sources.is_empty() {
            return Err(format!("methods/{name}: needs assumes, fails and sources"));
        }
        out.push(method);
    }
    out.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.id.cmp(&b.id)));
    Ok(out)
}

/// All methods.
#[must_use]
pub fn builtin() -> &'static [Method] {
    static ALL: OnceLock<Vec<Method>> = OnceLock::new();
    ALL.get_or_init(|| read().unwrap_or_default())
}

/// One by its name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Method> {
    builtin().iter().find(|m| m.id == id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_whole() {
        assert!(super::read().unwrap().len() >= 10);
    }
}
