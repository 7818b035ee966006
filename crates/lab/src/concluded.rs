//! Samples with a conclusion, for the system's own learning, and what came of the tasks of a plan.

use crate::sample_filter::failed_sample;
use crate::{Error, Lab, NewTask, Stage};
use access::Principal;
use base::{Date, Id};
use ledger::Context;
use store::{Store, Tx};

/// A submitted sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concluded {
    /// The sample.
    pub sample: Id,
    /// Region code of the place sampled.
    pub region: String,
    /// Food class, two digits; empty when it has none.
    pub class: String,
    /// Where in the chain; empty when not told.
    pub stage: String,
    /// The operator sampled.
    pub operator: Option<Id>,
    /// The maker.
    pub producer: Option<Id>,
    /// The laboratory.
    pub laboratory: Option<Id>,
    /// Day it was taken.
    pub sampled: Date,
    /// It failed, or a problem was found, and nothing overturned that.
    pub failed: bool,
}

/// Every submitted sample with a conclusion, oldest first, in regions that begin so: for the system's own learning, only counts and
/// scores may leave it.
///
/// # Errors
/// Storage.
pub async fn concluded(store: &Store, region: &str) -> Result<Vec<Concluded>, Error> {
    let rows = store
        .query(
            concat!(
                "select s.id, s.region, s.class, s.stage, s.operator, s.producer, s.laboratory, s.sampled, case when ",
                failed_sample!(),
                " then 1 else 0 end as failed from sample s where s.state = 'submitted' and s.conclusion is not null \
                 and s.conclusion <> 'undecided' and s.region >= $1 and s.region < $2 order by s.sampled, s.id"
            ),
            &[region.into(), format!("{region}:").into()],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(Concluded {
                sample: r.id("id")?,
                region: r.text("region")?,
                class: r.opt_text("class")?.unwrap_or_default(),
                stage: r.opt_text("stage")?.unwrap_or_default(),
                operator: r.opt_id("operator")?,
                producer: r.opt_id("producer")?,
                laboratory: r.opt_id("laboratory")?,
                sampled: r.date("sampled")?,
                failed: r.flag("failed")?,
            })
        })
        .collect::<Result<_, store::Error>>()
        .map_err(Into::into)
}

/// County, class and stage of a task.
pub type Slot = (String, String, String);

/// Results of the samples taken under a plan: the task's slot, and whether the sample failed.
///
/// # Errors
/// Storage.
pub async fn concluded_of_plan(store: &Store, plan: Id) -> Result<Vec<(Slot, bool)>, Error> {
    let rows = store
        .query(
            concat!(
                "select t.region, t.class, t.stage, case when ",
                failed_sample!(),
                " then 1 else 0 end as failed from sample s join sampling_task t on t.id = s.task \
                 where t.plan = $1 and s.state = 'submitted' and s.conclusion is not null and s.conclusion <> 'undecided' order by s.id"
            ),
            &[plan.into()],
        )
        .await?;
    rows.iter()
        .map(|r| Ok(((r.text("region")?, r.text("class")?, r.text("stage")?), r.flag("failed")?)))
        .collect::<Result<_, store::Error>>()
        .map_err(Into::into)
}

impl Lab {
    /// Adds batches of food classes at stages in counties to a draft: to the task there is, or as a task of its own.
    ///
    /// # Errors
    /// As [`Lab::set_tasks`].
    pub async fn add_batches(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        plan: Id,
        slots: &[(String, String, Stage)],
        batches: u32,
    ) -> Result<u32, Error> {
        let head = crate::sampling::plan_in(tx, plan).await?.plan;
        let mut tasks = crate::sampling::tasks_in(tx, plan).await?;
        for (region, class, stage) in slots {
            let same = |t: &&mut NewTask| t.region == *region && t.class == *class && t.stage == *stage;
            match tasks.iter_mut().find(same) {
                Some(task) => task.quota = task.quota.saturating_add(batches),
                None => tasks.push(NewTask {
                    region: region.clone(),
                    class: class.clone(),
                    stage: *stage,
                    budget: head.level,
                    analytes: Vec::new(),
                    quota: batches,
                    laboratory: None,
                    until: Some(Date::constant(head.year, 11, 30)),
                    months: Vec::new(),
                }),
            }
        }
        self.set_tasks(tx, cx, who, plan, tasks).await
    }
}
