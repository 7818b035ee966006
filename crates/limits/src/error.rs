//! Why a rule book cannot be loaded.

/// A fault in a rule file; loading stops, because half a rule book would pass foods silently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A file named by another is absent.
    #[error("{0}: file not given")]
    Missing(String),
    /// A table is empty or lacks columns.
    #[error(transparent)]
    Heading(#[from] base::HeadingError),
    /// A file cannot be read as CSV or TOML.
    #[error("{file}: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// What the reader said.
        problem: String,
    },
    /// A printed term is neither a node of the edition's tree nor in its term list.
    #[error(
        "{file}: row {row}: the term “{term}” is not in the food tree; add it to the tree or to the term list"
    )]
    Term {
        /// The file.
        file: String,
        /// Row id.
        row: String,
        /// The term.
        term: String,
    },
    /// A field of a row cannot be understood.
    #[error("{file}: row {row}: field {field}: “{value}” is not understood")]
    Field {
        /// The file.
        file: String,
        /// Row id.
        row: String,
        /// Column.
        field: &'static str,
        /// What it holds.
        value: String,
    },
}
