//! Agencies, operators, sites, persons, licences, products.
