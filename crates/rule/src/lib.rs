//! CEL guards and decision tables.
