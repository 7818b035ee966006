//! Blind samples: until its report is submitted a sample shows the laboratory its blind number, food, tests, amounts and
//! dates, and nothing that says whose it is.

use crate::reported::same_analyte;
use crate::{CustodyEntry, Error, FormFields, JudgedResult, Lab, Leg, Sample, SampleState, register};
use access::{Principal, Resource};
use base::{Id, Instant};
use std::collections::HashMap;
use store::{Sql, Store, Tx};

/// The kind of record the right to see sample and firm together is asked for.
const SAMPLED: &str = "sampled";

impl Sample {
    /// The number a sample carries on its label and in the laboratory: its record number with a check character. It says
    /// nothing of place or firm, as the number of the form does.
    #[must_use]
    pub fn blind_no(&self) -> String {
        self.id.to_string()
    }

    /// The same sample without whose it is.
    #[must_use]
    pub(crate) fn blinded(mut self) -> Self {
        self.form_no = self.blind_no();
        self.product_name.clone_from(&self.food);
        (self.gtin, self.lot_no, self.item, self.lot_unknown) = (None, None, None, false);
        (self.place, self.site, self.operator, self.producer) = (None, None, None, None);
        self.place_name.clear();
        self.producer_name.clear();
        self.region.clear();
        self.registered_by = None;
        self.placing.task = None;
        self.blind = true;
        self
    }
}

/// Verdicts name the case they judged.
pub(crate) fn blind_results(number: &str, results: &mut [JudgedResult]) {
    for result in results {
        // its number names the firm
        result.declared = None;
        for record in &mut result.verdicts {
            number.clone_into(&mut record.verdict.case_id);
        }
    }
}

/// What of a form the laboratory needs: amounts, storage and the seal.
pub(crate) fn blind_form(f: FormFields) -> FormFields {
    FormFields {
        spec: f.spec,
        storage: f.storage,
        quantity: f.quantity,
        backup: f.backup,
        unit: f.unit,
        seal_no: f.seal_no,
        notice_shown: f.notice_shown,
        signed: f.signed,
        ..FormFields::default()
    }
}

/// Until it arrives, what was written down on the way may name the firm.
pub(crate) fn blind_leg(mut entry: CustodyEntry) -> CustodyEntry {
    match entry.leg {
        Leg::Sealed => {
            entry.handover.party.clear();
            entry.handover.note.clear();
        }
        Leg::Sent | Leg::Handed => entry.handover.note.clear(),
        Leg::Received | Leg::Refused | Leg::Backup => {}
    }
    entry.account = None;
    entry
}

impl Lab {
    /// The condition on a row `s` of `sample` under which the reader sees whose it is.
    pub(crate) fn revealed(&self, who: &Principal, now: Instant) -> Sql {
        let scope = self.access.scope(who, "view", SAMPLED, now);
        let mut sql = Sql::new("(s.state = 'submitted' or ");
        sql.append(&scope.sql("s.region", None, Some("s.operator"))).push(")");
        sql
    }

    /// A sample as the person may see it.
    pub(crate) fn shown(&self, who: &Principal, now: Instant, sample: Sample) -> Sample {
        let resource = Resource::new(SAMPLED, sample.region.as_str())
            .of_agency(sample.agency.as_str())
            .of_operator(sample.operator);
        let sees = sample.state == SampleState::Submitted || self.access.allows(who, "view", &resource, now);
        if sees { sample } else { sample.blinded() }
    }
}

/// A line of the worksheet: what is still to be tested.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ToTest {
    /// Blind number of the sample.
    pub number: String,
    /// Analyte as the task names it; empty when the task leaves it to the detailed rules.
    pub analyte: String,
    /// What the sample is judged as.
    pub food: String,
    /// Where the sample stands.
    pub state: SampleState,
}

impl Lab {
    /// What is still to be tested of the samples the reader sees, oldest first, up to 5000 lines. Of use to the bench: it
    /// names samples by their blind numbers whoever asks.
    ///
    /// # Errors
    /// Storage.
    pub async fn worksheet(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
    ) -> Result<Vec<ToTest>, Error> {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new(
            "select s.id, s.food, s.state, coalesce(t.analytes, '[]') as analytes from sample s \
             left join sampling_task t on t.id = s.task where s.state in ('received', 'testing') and ",
        );
        sql.append(&scope.sql("s.region", None, Some("s.laboratory"))).push(" order by s.id limit 1000");
        let rows = store.select(&sql).await?;
        let mut known: HashMap<Id, Vec<String>> = HashMap::new();
        let ids: Vec<Id> = rows.iter().map(|r| r.id("id")).collect::<Result<_, _>>()?;
        for part in ids.chunks(500) {
            let mut sql = Sql::new("select sample, analyte from result where withdrawn = 0 and sample in ");
            sql.bind_list(part.iter().copied());
            for row in store.select(&sql).await? {
                known.entry(row.id("sample")?).or_default().push(row.text("analyte")?);
            }
        }
        let mut out = Vec::new();
        for row in &rows {
            let id = row.id("id")?;
            let (number, food, state) = (id.to_string(), row.text("food")?, row.parsed("state")?);
            let analytes: Vec<String> = row.json("analytes")?;
            let had = known.get(&id).map_or(&[][..], Vec::as_slice);
            let line =
                |analyte: String| ToTest { number: number.clone(), analyte, food: food.clone(), state };
            if analytes.is_empty() && had.is_empty() {
                out.push(line(String::new()));
            }
            let same = |a: &String| had.iter().any(|h| same_analyte(h, a));
            out.extend(analytes.into_iter().filter(|a| !same(a)).map(line));
        }
        out.truncate(5000);
        Ok(out)
    }
}

/// Adds the samples meant by blind numbers, each under the number as written.
pub(crate) async fn by_blind_number(
    tx: &mut Tx,
    numbers: &[&str],
    named: &mut HashMap<String, Sample>,
) -> Result<(), Error> {
    let meant: HashMap<Id, &str> =
        numbers.iter().filter_map(|n| Some((n.trim().to_uppercase().parse().ok()?, *n))).collect();
    let ids: Vec<Id> = meant.keys().copied().collect();
    for part in ids.chunks(500) {
        let mut sql = Sql::new("select * from sample where id in ");
        sql.bind_list(part.iter().copied());
        for row in tx.select(&sql).await? {
            let sample = register::read(&row)?;
            if let Some(number) = meant.get(&sample.id) {
                named.insert((*number).to_owned(), sample);
            }
        }
    }
    Ok(())
}
