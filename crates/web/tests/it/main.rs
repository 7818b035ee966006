//! The doors from outside: EPCIS bindings, REST, pages, rights, headers, budgets.

mod bindings;
mod doors;
mod examples;
mod firm;
mod province;
mod rest;
