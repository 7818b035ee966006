//! Whose a site, licence or product is: given as a record or as a code from a file.

use crate::{Code, Error};
use access::Access;
use base::{Id, Uscc};
use std::collections::HashMap;
use store::{Row, Sql, Tx};

/// The operator something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A record.
    Id(Id),
    /// A code.
    Uscc(Uscc),
}

impl From<Id> for Owner {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl Owner {
    /// Reads the code in a file.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        match Code::read(text)? {
            Code::Uscc(uscc) => Ok(Self::Uscc(uscc)),
            Code::Person(_) => Err(Error::invalid(
                "operator",
                "请填写统一社会信用代码；自然人经营者请在页面上逐个登记",
                "give the unified social credit code; enter natural persons one by one on the page",
            )),
        }
    }
}

/// Owners found: record and region.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    by_id: HashMap<Id, String>,
    by_code: HashMap<String, Id>,
}

impl Owners {
    /// Looks them all up, a few hundred at a time.
    pub(crate) async fn find(tx: &mut Tx, owners: impl Iterator<Item = Owner>) -> Result<Self, Error> {
        let (mut ids, mut codes) = (Vec::new(), Vec::new());
        let mut seen = std::collections::HashSet::new();
        for owner in owners.filter(|o| seen.insert(*o)) {
            match owner {
                Owner::Id(id) => ids.push(id),
                Owner::Uscc(uscc) => codes.push(uscc.as_str().to_owned()),
            }
        }
        let mut found = Self::default();
        for part in ids.chunks(800) {
            let mut sql = Sql::new("select id, code_key, region from operator where id in ");
            sql.bind_list(part.iter().copied());
            found.keep(&tx.select(&sql).await?)?;
        }
        for part in codes.chunks(800) {
            let mut sql = Sql::new("select id, code_key, region from operator where code_key in ");
            sql.bind_list(part.iter().cloned());
            found.keep(&tx.select(&sql).await?)?;
        }
        Ok(found)
    }

    fn keep(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            let id = row.id("id")?;
            self.by_id.insert(id, row.text("region")?);
            self.by_code.insert(row.text("code_key")?, id);
        }
        Ok(())
    }

    /// Record and region of an owner.
    pub(crate) fn get(&self, owner: Owner) -> Result<(Id, &str), Error> {
        let id = match owner {
            Owner::Id(id) => Some(id),
            Owner::Uscc(uscc) => self.by_code.get(uscc.as_str()).copied(),
        };
        id.and_then(|id| Some((id, self.by_id.get(&id)?.as_str()))).ok_or_else(|| {
            Error::invalid(
                "operator",
                "该生产经营者尚未登记，请先登记或核对代码",
                "this operator is not registered; enter it first or check the code",
            )
        })
    }
}

/// Record and region of one owner.
pub(crate) async fn one(tx: &mut Tx, owner: Owner) -> Result<(Id, String), Error> {
    let owners = Owners::find(tx, std::iter::once(owner)).await?;
    owners.get(owner).map(|(id, region)| (id, region.to_owned()))
}

/// The codes of these operators that are registered already.
pub(crate) async fn registered(
    tx: &mut Tx,
    access: &Access,
    codes: impl Iterator<Item = &Code>,
) -> Result<std::collections::HashSet<String>, Error> {
    let keys: Vec<String> = codes.map(|c| c.key(access)).collect();
    let mut out = std::collections::HashSet::new();
    for part in keys.chunks(800) {
        let mut sql = Sql::new("select code_key from operator where code_key in ");
        sql.bind_list(part.iter().cloned());
        for row in tx.select(&sql).await? {
            out.insert(row.text("code_key")?);
        }
    }
    Ok(out)
}
