//! Reads procedures strictly: an unknown key, a missing language or a wrong type is an error that names file and key.

mod changed;
mod common;
mod overlay;

pub use changed::changed;

use crate::definition::{Definition, Rung};
use crate::form::Form;
use common::Common;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why a procedure cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}; {remedy}")]
pub struct LoadError {
    /// File, relative to the folder of procedures.
    pub file: String,
    /// What is wrong, with line and key where known.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl LoadError {
    fn new(file: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../rulebook/cn/procedures");
static GANSU: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../rulebook/cn-62/procedures");

/// The common ladder of reminders, beside the folders.
const RUNGS: &str = "rungs.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forms {
    #[serde(default, rename = "form")]
    forms: Vec<Form>,
}

/// Reads the procedure of a folder from its files: `procedure.toml`, `forms.toml`, `templates/*`.
///
/// # Errors
/// [`LoadError`] naming the file and key.
pub fn load(folder: &str, files: &BTreeMap<String, String>) -> Result<Definition, LoadError> {
    let file = |name: &str| format!("{folder}/{name}");
    let text = files.get("procedure.toml").ok_or_else(|| {
        LoadError::new(file("procedure.toml"), "the file is missing", "write it, or remove the folder")
    })?;
    let mut definition: Definition = parse(&file("procedure.toml"), text)?;
    if definition.id != folder {
        return Err(LoadError::new(
            file("procedure.toml"),
            format!("id is `{}`", definition.id),
            format!("name it `{folder}` like its folder"),
        ));
    }
    if !definition.forms.is_empty() || !definition.templates.is_empty() {
        return Err(LoadError::new(
            file("procedure.toml"),
            "forms and templates do not belong here",
            "put forms into forms.toml and templates into templates/",
        ));
    }
    if let Some(text) = files.get("forms.toml") {
        definition.forms = parse::<Forms>(&file("forms.toml"), text)?.forms;
    }
    for (name, text) in files {
        match name.strip_prefix("templates/") {
            Some(template) => {
                definition.templates.insert(template.to_owned(), text.clone());
            }
            None if matches!(name.as_str(), "procedure.toml" | "forms.toml") => {}
            None => {
                return Err(LoadError::new(
                    file(name),
                    "a procedure has no such file",
                    "keep procedure.toml, forms.toml and templates/ only",
                ));
            }
        }
    }
    Ok(definition)
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, LoadError> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |l| format!("line {l}: "));
        let message = e.message();
        let remedy = if message.contains("unknown field") {
            "remove the key or correct its spelling"
        } else if message.contains("missing field") {
            "add the key (texts need both zh and en)"
        } else {
            "correct the value"
        };
        LoadError::new(file, format!("{place}{message}"), remedy)
    })
}

/// The files of a rulebook's procedures: by jurisdiction (empty: the nation, else the region code), folder and name.
#[derive(Debug, Default)]
struct Source {
    folders: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    rungs: Option<String>,
    common: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ladder {
    #[serde(rename = "rung")]
    rungs: Vec<Rung>,
}

impl Source {
    /// Every procedure, the nation's first, each with the common ladder where it has none of its own, and the common steps.
    fn definitions(&self) -> Result<Vec<Definition>, LoadError> {
        let ladder = match &self.rungs {
            Some(text) => parse::<Ladder>("rungs.toml", text)?.rungs,
            None => Vec::new(),
        };
        let common = self.common.as_deref().map(Common::read).transpose()?.unwrap_or_default();
        let mut all = Vec::new();
        for (jurisdiction, folders) in &self.folders {
            for (folder, files) in folders {
                let mut definition = match self.below(jurisdiction, folder) {
                    Some(below) => overlay::apply(jurisdiction, folder, below, files)?,
                    None => own(jurisdiction, folder, files)?,
                };
                if definition.rungs.is_empty() {
                    definition.rungs.clone_from(&ladder);
                }
                common.complete(&mut definition);
                all.push(definition);
            }
        }
        Ok(all)
    }

    /// The whole procedure a folder of a jurisdiction is laid over: that of the narrowest jurisdiction around it.
    fn below(&self, jurisdiction: &str, folder: &str) -> Option<&BTreeMap<String, String>> {
        let around =
            self.folders.iter().filter(|(j, _)| j.as_str() != jurisdiction && jurisdiction.starts_with(*j));
        let mut whole =
            around.filter_map(|(_, all)| all.get(folder)).filter(|f| f.contains_key("procedure.toml"));
        whole.next_back()
    }
}

/// A procedure of a jurisdiction's own: the nation's, or one that only a province has.
fn own(jurisdiction: &str, folder: &str, files: &BTreeMap<String, String>) -> Result<Definition, LoadError> {
    if jurisdiction.is_empty() {
        return load(folder, files);
    }
    let place = |name: &str| format!("cn-{jurisdiction}/{folder}/{name}");
    if files.contains_key("overlay.toml") {
        return Err(LoadError::new(
            place("overlay.toml"),
            "there is no procedure of that name to lay it over",
            "name the folder like the procedure it overlays, or write the whole as procedure.toml",
        ));
    }
    let at = |e: LoadError| LoadError { file: format!("cn-{jurisdiction}/{}", e.file), ..e };
    let mut definition = load(folder, files).map_err(at)?;
    if !definition.jurisdiction.is_empty() && definition.jurisdiction != jurisdiction {
        return Err(LoadError::new(
            place("procedure.toml"),
            format!("jurisdiction is `{}`", definition.jurisdiction),
            format!("leave it out: the folder cn-{jurisdiction} says it"),
        ));
    }
    jurisdiction.clone_into(&mut definition.jurisdiction);
    Ok(definition)
}

/// Reads every procedure of a rulebook in the file system: `ROOT/cn/procedures` and the overlays `ROOT/cn-*/procedures`.
///
/// # Errors
/// The first [`LoadError`].
pub fn load_all(root: &Path) -> Result<Vec<Definition>, LoadError> {
    let mut source = Source::default();
    for place in list(root)?.into_iter().filter(|p| p.is_dir()) {
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let jurisdiction = match name.strip_prefix("cn-") {
            Some(code) => code.to_owned(),
            None if name == "cn" => String::new(),
            None => continue,
        };
        let procedures = place.join("procedures");
        if !procedures.is_dir() {
            continue;
        }
        for path in list(&procedures)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let files = read_folder(&path)?;
                source.folders.entry(jurisdiction.clone()).or_default().insert(name, files);
            } else if name == RUNGS && jurisdiction.is_empty() {
                source.rungs = Some(read(&path)?);
            } else if name == common::COMMON && jurisdiction.is_empty() {
                source.common = Some(read(&path)?);
            }
        }
    }
    source.definitions()
}

fn fault(path: &Path, e: &std::io::Error) -> LoadError {
    LoadError::new(path.display().to_string(), e.to_string(), "make it readable UTF-8 text")
}

fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|e| fault(path, &e))
}

fn list(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let entries = std::fs::read_dir(path).map_err(|e| fault(path, &e))?;
    let mut paths: Vec<_> =
        entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(|e| fault(path, &e))?;
    paths.sort();
    Ok(paths)
}

/// Reads the files of one procedure's folder, by name relative to it.
///
/// # Errors
/// [`LoadError`] for what is no readable text.
pub fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, LoadError> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for path in list(&at)? {
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                files.insert(name.to_string_lossy().replace('\\', "/"), read(&path)?);
            }
        }
    }
    Ok(files)
}

/// The procedures shipped with the program: the nation's and the overlays.
///
/// # Errors
/// The first [`LoadError`].
pub fn shipped() -> Result<Vec<Definition>, LoadError> {
    let mut source = Source::default();
    for (jurisdiction, root) in [("", &SHIPPED), ("62", &GANSU)] {
        for dir in root.dirs() {
            let mut files = BTreeMap::new();
            collect(dir, dir.path(), &mut files);
            let name = dir.path().to_string_lossy().into_owned();
            source.folders.entry(jurisdiction.to_owned()).or_default().insert(name, files);
        }
    }
    let beside = |name| SHIPPED.get_file(name).and_then(|f| f.contents_utf8()).map(ToOwned::to_owned);
    (source.rungs, source.common) = (beside(RUNGS), beside(common::COMMON));
    source.definitions()
}

fn collect(dir: &Dir<'_>, root: &Path, files: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        if let (Ok(name), Some(text)) = (file.path().strip_prefix(root), file.contents_utf8()) {
            files.insert(name.to_string_lossy().replace('\\', "/"), text.to_owned());
        }
    }
    for inner in dir.dirs() {
        collect(inner, root, files);
    }
}
