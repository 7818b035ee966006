//! Procedures as data: matters, tasks, clocks, forms, documents.
