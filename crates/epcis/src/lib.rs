//! EPCIS 2.0 / CBV 2.0 model, validation, identifiers, event hash; no storage.
