//! What is wrong with an expression or a table, in words for the person who wrote the rulebook.

/// A fault in a rule or in the facts given to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not an expression.
    #[error("`{text}` is not an expression: {problem}")]
    Syntax {
        /// The expression.
        text: String,
        /// What the parser found.
        problem: String,
    },
    /// The expression names a fact that was not declared.
    #[error(
        "`{text}` names `{name}`, which is not declared; declare it or correct the name (declared: {known})"
    )]
    Undeclared {
        /// The expression.
        text: String,
        /// The path used.
        name: String,
        /// Some of the declared paths.
        known: String,
    },
    /// The expression uses something rules may not use.
    #[error("`{text}` uses {what}; {remedy}")]
    Forbidden {
        /// The expression.
        text: String,
        /// The construct.
        what: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// The facts do not let the expression be evaluated.
    #[error("`{text}` cannot be evaluated: {problem}")]
    Facts {
        /// The expression.
        text: String,
        /// What is missing or of the wrong kind.
        problem: String,
    },
    /// A decision table is malformed, incomplete or overlapping.
    #[error("decision table {table}: {problem}")]
    Table {
        /// The table's id.
        table: String,
        /// What is wrong, with the row or combination.
        problem: String,
    },
}
