//! Trace index: this lot at this place from this time.
