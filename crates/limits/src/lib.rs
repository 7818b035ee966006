//! Standards, food trees, scope expressions, adjudication.
