//! Pages, REST and OpenAPI, public site, EPCIS bindings, islands.
