//! What supply needs to know of places and partners, asked from whoever keeps the register.

use async_trait::async_trait;
use base::{Date, Id};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A failure of the register behind a [`PlaceDirectory`].
pub type DirectoryError = Box<dyn std::error::Error + Send + Sync>;

/// A place as the register knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceInfo {
    /// Place key: canonical GS1 Digital Link of a GLN, or the URI events use for it.
    pub key: String,
    /// The operator whose place it is.
    pub operator: Option<Id>,
    /// The operator's name.
    pub operator_name: String,
    /// The site in the register.
    pub site: Option<Id>,
    /// The site's name, as shown on maps and lists.
    pub name: String,
    /// Region code of the place (6 digits or longer).
    pub region: String,
    /// Business form (`farm`, `producer`, `wholesale`, `retail`, `catering`, …) or empty.
    pub form: String,
}

impl PlaceInfo {
    /// A product or a party, of which master data speak as they do of places: it has an owner and no site.
    pub(crate) fn product(key: &str, operator: Id, operator_name: String) -> Self {
        Self {
            key: key.to_owned(),
            operator: Some(operator),
            operator_name,
            site: None,
            name: String::new(),
            region: String::new(),
            form: String::new(),
        }
    }
}

/// An operator as far as capture needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorInfo {
    /// Record id.
    pub id: Id,
    /// Name as registered.
    pub name: String,
    /// Region code.
    pub region: String,
    /// Its places; the first is the main one, which a ledger upload takes when it names none.
    pub places: Vec<PlaceInfo>,
}

/// How a ledger names the other side of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Partner {
    /// Global location number, 13 digits with a right check digit.
    Gln(String),
    /// Unified social credit code (GB 32100), 18 characters.
    Uscc(String),
    /// The registered name, exactly.
    Name(String),
}

/// What the register says of an operator as a partner in trade.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dossier {
    /// Unified social credit code; empty for who has none.
    pub code: String,
    /// Address of its main place; empty when none is registered.
    pub address: String,
    /// A contact is on record.
    pub reachable: bool,
    /// Its licences: number, first and last day in force.
    pub licences: Vec<(String, Option<Date>, Option<Date>)>,
}

impl Dossier {
    /// The number of a licence in force on a day.
    #[must_use]
    pub fn licence_on(&self, day: Date) -> Option<&str> {
        let covers = |l: &&(String, Option<Date>, Option<Date>)| {
            l.1.is_none_or(|d| d <= day) && l.2.is_none_or(|d| day <= d)
        };
        self.licences.iter().find(covers).map(|l| l.0.as_str())
    }
}

/// The register of operators and their places. `shian` implements it over the registry.
#[async_trait]
pub trait PlaceDirectory: Send + Sync {
    /// The registered places among `keys`; a key nobody registered is absent from the answer.
    async fn owners(&self, keys: &[String]) -> Result<HashMap<String, PlaceInfo>, DirectoryError>;

    /// Whose the products and parties are that these keys of master data name, by the register: operator and name. What it does not know
    /// is absent.
    async fn stewards(&self, _keys: &[String]) -> Result<HashMap<String, (Id, String)>, DirectoryError> {
        Ok(HashMap::new())
    }

    /// One operator with its places.
    async fn operator(&self, id: Id) -> Result<Option<OperatorInfo>, DirectoryError>;

    /// The regions of operators; one it does not know is absent.
    async fn regions(&self, operators: &[Id]) -> Result<HashMap<Id, String>, DirectoryError> {
        let mut found = HashMap::with_capacity(operators.len());
        for id in operators {
            found.extend(self.operator(*id).await?.map(|o| (*id, o.region)));
        }
        Ok(found)
    }

    /// What it says of operators as partners in trade; a register that keeps no licences says nothing.
    async fn dossiers(&self, _operators: &[Id]) -> Result<HashMap<Id, Dossier>, DirectoryError> {
        Ok(HashMap::new())
    }

    /// The operators whose entry in the register, sites or licences a journal entry changed, by what is known now; a
    /// register that never changes names none.
    async fn concerned(&self, _entry: &ledger::JournalRow) -> Result<Vec<Id>, DirectoryError> {
        Ok(Vec::new())
    }

    /// The classes of food (codes of GB 2762 Annex A, those above included) a product of this name lies in; none when the
    /// name is unknown, or nothing here knows foods.
    async fn food_classes(&self, _product: &str) -> Result<Vec<String>, DirectoryError> {
        Ok(Vec::new())
    }

    /// The places each partner may mean: none when unknown, several when the name is not unique.
    /// The answer has one list for each partner asked, in order.
    async fn partners(&self, partners: &[Partner]) -> Result<Vec<Vec<PlaceInfo>>, DirectoryError>;
}
