//! The registry: agencies, operators, their sites, persons, licences and products.
//!
//! Main types: [`Operator`], [`Site`], [`Licence`], [`Product`], [`Person`], [`Agency`], [`list::Query`],
//! [`import::Batch`]. Invariants: every change checks the right inside the function that writes and is journalled in
//! the same transaction; an import is all or nothing and one journal entry; identity numbers, names of persons and phones are
//! sealed; a licence number with a wrong check digit is kept and flagged, a code with one is refused.

pub mod agency;
mod concern;
pub mod credit;
pub mod error;
pub mod import;
pub mod issue;
pub mod kind;
mod known;
pub mod licence;
pub mod link;
pub mod list;
pub mod merge;
pub mod operator;
mod owner;
pub mod person;
pub mod prefix;
pub mod product;
pub mod publication;
mod region;
pub mod reporter;
pub mod search;
pub mod site;
pub mod standing;
pub mod timeline;

pub use agency::{Agency, NewAgency, agencies_in, create_agency};
pub use concern::concerned;
pub use error::Error;
pub use issue::{Issue, amend_licence, issue_licence, licence_held, only_place, place_of};
pub use kind::{Kinds, LicenceStatus, OperatorKind, PersonRole, Status};
pub use known::{Known, known_operators, operators_by_code};
pub use licence::{
    Licence, NewLicence, NumberCheck, create_licence, licences_by_number, licences_of, set_licence_status,
};
pub use link::{NewLink, ResolverLink, create_link, link_type_text, links_at, links_of, remove_link};
pub use list::{
    Page, PublicOperator, Query, RosterEntry, Sort, list_operators, list_sites, operator_names,
    operator_regions, operators_in, operators_meant, operators_of_kind, public_operator, public_search,
    roster,
};
pub use merge::{Merge, merge_operators, merges_of, undo_merge};
pub use operator::{
    Code, NewOperator, Operator, OperatorChange, create_operator, operator, operator_by_uscc, operator_in,
    operators_named, reveal_identity, update_operator,
};
pub use owner::Owner;
pub use person::{
    Namesake, NewPerson, Person, create_person, end_person, fill_name_keys, namesakes, namesakes_at,
    operators_of_person, persons_of,
};
pub use prefix::{
    CompanyPrefix, PREFIXES, PrefixSource, company_prefixes, prefix_owners, remove_prefix, set_own_prefix,
    set_prefixes,
};
pub use product::{
    NewProduct, Product, create_product, products_by_gtin, products_named, products_of, update_product,
};
pub use reporter::{
    Asking, Identity, NewReporter, Reporter, ask_identity, grant_identity, is_reporter, keep_reporter,
    read_identity, reporter_of,
};
pub use site::{NewSite, Site, SiteChange, create_site, site, sites_by_gln, sites_of, update_site};
pub use standing::{
    Ban, Banned, CreditEntry, DueOperator, Inspectable, NewBan, NewCreditEntry, bans_on, close_credit,
    credit_count, credit_file, credit_standing, due_for_inspection, grades_of, inspectable, lay_ban,
    note_credit, set_grade,
};
pub use timeline::{Moment, operator_timeline};
