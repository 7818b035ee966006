//! Master data of capture headers: kept with every version, answered as the standard's `SimpleMasterDataQuery`.

use crate::capture::{Load, Standing};
use crate::{Error, PlaceInfo, Supply, site_key};
use access::Principal;
use base::{Id, Instant, Text};
use epcis::query::{MasterData, MasterDataQuery};
use epcis::{Context, Node, Problem, ProblemType, Syntax};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Sql, Tx};

const TYPES: &str = "urn:epcglobal:epcis:vtype:";

/// One element as a header states it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    /// Where it stands in the document.
    pub(crate) pointer: String,
    /// Vocabulary type.
    pub(crate) vocabulary: String,
    /// Key of the element.
    pub(crate) key: String,
    /// The element as stated.
    pub(crate) body: String,
}

/// The key an element is found by: canonical for places and items.
pub(crate) fn element_key(id: &str) -> String {
    let place = epcis::ident::place_key(id);
    if place == id { epcis::ident::item_key(id).uri } else { place }
}

/// The type of a vocabulary in one form: the standard's own types as URN.
pub(crate) fn vocabulary_type(kind: &str) -> String {
    let bare = kind.rsplit([':', '/', '#']).next().unwrap_or(kind);
    let own = [
        "BusinessLocation",
        "ReadPoint",
        "EPCClass",
        "BusinessTransaction",
        "SourceDestination",
        "Location",
        "Party",
    ];
    if own.contains(&bare) && (kind == bare || kind.contains("epcis")) {
        format!("{TYPES}{bare}")
    } else {
        kind.to_owned()
    }
}

/// The statements of a valid `epcisHeader`.
pub(crate) fn statements(header: &Node) -> Vec<Statement> {
    let mut out = Vec::new();
    let list = header.get("epcisMasterData").and_then(|m| m.get("vocabularyList"));
    for (v, table) in list.map(Node::items).unwrap_or_default().iter().enumerate() {
        let kind = vocabulary_type(table.str("type").unwrap_or_default());
        let elements = table.get("vocabularyElementList").map(Node::items).unwrap_or_default();
        for (e, element) in elements.iter().enumerate() {
            let Some(id) = element.str("id") else { continue };
            out.push(Statement {
                pointer: format!("/epcisHeader/epcisMasterData/vocabularyList/{v}/vocabularyElementList/{e}"),
                vocabulary: kind.clone(),
                key: element_key(id),
                body: element.to_json(),
            });
        }
    }
    out
}

/// A firm describes its own places, products and parties; those registered to another operator are theirs to describe.
pub(crate) fn own_elements_only(standing: &Standing, owners: &HashMap<String, PlaceInfo>, load: &mut Load) {
    let Some(own) = standing.operator else { return };
    let problems = &mut load.problems;
    load.vocabulary.retain(|s| {
        let owner = owners.get(site_key(&s.key)).filter(|p| p.operator.is_some_and(|o| o != own));
        let Some(place) = owner else { return true };
        problems.push(Problem::new(
            ProblemType::Forbidden,
            format!("{}/id", s.pointer),
            Text::new(
                format!(
                    "{} 登记在另一经营者“{}”名下，其主数据不能由您报送。",
                    place.key, place.operator_name
                ),
                format!(
                    "{} is registered to another operator, {}; its master data are theirs to state.",
                    place.key, place.operator_name
                ),
            ),
            Text::of(
                "请只报送本单位场所、产品和主体的主数据。",
                "State master data of your own places, products and parties only.",
            ),
        ));
        false
    });
}

/// Stores what changed as new versions; the same statement again is none.
pub(crate) async fn store(
    tx: &mut Tx,
    cx: &ledger::Context,
    standing: &Standing,
    capture: Id,
    statements: &[Statement],
) -> Result<(), Error> {
    for s in statements {
        let before = tx
            .first(
                "select id, version, body from master_data where vocabulary = $1 and element = $2 and latest = 1",
                &[s.vocabulary.as_str().into(), s.key.as_str().into()],
            )
            .await?;
        let version = match &before {
            Some(row) if row.text("body")? == s.body => continue,
            Some(row) => {
                tx.exec("update master_data set latest = 0 where id = $1", &[row.id("id")?.into()]).await?;
                row.int("version")? + 1
            }
            None => 1,
        };
        tx.exec(
            "insert into master_data (id, vocabulary, element, version, recorded, capture, operator, region, body, \
             latest) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
            &[
                cx.id().into(),
                s.vocabulary.as_str().into(),
                s.key.as_str().into(),
                version.into(),
                cx.now.into(),
                capture.into(),
                standing.operator.into(),
                standing.region.as_str().into(),
                s.body.as_str().into(),
            ],
        )
        .await?;
    }
    Ok(())
}

impl Supply {
    /// Answers a query of master data, as it is now or as it was recorded at a time. Everybody with an account may ask:
    /// names and addresses of places are what the register publishes, too.
    ///
    /// # Errors
    /// [`Error::Denied`] without an account; [`Error::Refused`] when more elements match than asked for.
    pub async fn master_data(
        &self,
        who: &Principal,
        now: Instant,
        query: &MasterDataQuery,
        at: Option<Instant>,
    ) -> Result<MasterData, Error> {
        self.may_look(who, now)?;
        let mut query = query.clone();
        for kind in &mut query.vocabularies {
            *kind = vocabulary_type(kind).into();
        }
        let data = match at {
            None => self.master_data_view().await?,
            Some(_) => Arc::new(self.load_master_data(at).await?),
        };
        query.select(&data).map_err(|problem| Error::Refused(vec![*problem]))
    }

    /// The master data in force, as queries look them up; read once for each change.
    ///
    /// # Errors
    /// Storage.
    pub async fn master_data_view(&self) -> Result<Arc<MasterData>, Error> {
        let row = self.store.one("select coalesce(max(id), 0) as last from master_data", &[]).await?;
        let last = row.int("last")?;
        let kept = self.master.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((read, data)) = kept
            && read == last
        {
            return Ok(data);
        }
        let data = Arc::new(self.load_master_data(None).await?);
        *self.master.lock().unwrap_or_else(PoisonError::into_inner) = Some((last, data.clone()));
        Ok(data)
    }

    async fn load_master_data(&self, at: Option<Instant>) -> Result<MasterData, Error> {
        let mut sql = Sql::new(
            "select m.vocabulary, m.body, c.context from master_data m join capture c on c.id = m.capture where ",
        );
        match at {
            Some(at) => sql.push("m.recorded <= ").bind(at),
            None => sql.push("m.latest = 1"),
        };
        // a later version takes the place of an earlier one
        sql.push(" order by m.vocabulary, m.element, m.version");
        let mut data = MasterData::default();
        let bounds = epcis::Limits::default();
        let plain = Context::standard(Syntax::Json);
        for row in self.store.select(&sql).await? {
            let (Ok(body), Ok(context)) = (
                epcis::parse(row.text("body")?.as_bytes(), &bounds),
                epcis::parse(row.text("context")?.as_bytes(), &bounds),
            ) else {
                continue;
            };
            let vocabulary = row.text("vocabulary")?;
            let table = Node::Object(vec![
                ("type".into(), Node::text(&vocabulary)),
                ("vocabularyElementList".into(), Node::Array(vec![body])),
            ]);
            let one = MasterData::from_node(&Context::from_node(&context), &Node::Array(vec![table]));
            for (id, element) in one.vocabularies().values().flatten() {
                data.insert(&plain, &vocabulary, id, element.clone());
            }
        }
        Ok(data)
    }
}

/// What this process has read, and up to which record.
pub(crate) type Kept = Arc<Mutex<Option<(i64, Arc<MasterData>)>>>;
