//! Steps that wait: for a time somebody else has to answer in, and for the level above.

use crate::Error;
use crate::definition::Transition;
use crate::live::{ClockRow, Live, clock_columns};
use access::Resource;
use base::calendar::Calendar;
use base::{Instant, RegionCode, Text};
use store::Tx;

/// The region above a region; where nobody stands above it, the region itself.
fn above(region: &str) -> String {
    let code = region.parse::<RegionCode>().ok();
    let up = code.and_then(|c| c.parent()).filter(|c| !c.as_str().is_empty());
    up.map_or_else(|| region.to_owned(), |c| c.as_str().to_owned())
}

impl Live {
    /// The matter as authorisation sees it for a step: of the department that takes it, in the region that takes it.
    pub(crate) fn resource_of(&self, t: &Transition) -> Resource {
        let mut resource = self.resource("matter");
        if let Some(agency) = &t.agency {
            resource.agency.clone_from(agency);
        }
        if t.above {
            resource.region = above(&resource.region);
        }
        resource
    }

    /// What is said while the day or the time a step waits for is not over; `None` when it is. Nothing of a drill is served, so no days of a
    /// party begin there.
    pub(crate) async fn too_early(
        &self,
        tx: &mut Tx,
        calendar: &Calendar,
        t: &Transition,
        now: Instant,
    ) -> Result<Option<Text>, Error> {
        if let Some(early) = self.before_its_day(t, now) {
            return Ok(Some(early));
        }
        let rule = t.after_clock.as_deref().and_then(|c| self.procedure.definition.clock(c));
        let Some(rule) = rule.filter(|_| !self.drill) else { return Ok(None) };
        let sql = concat!(
            "select ",
            clock_columns!(),
            " from clock where matter = $1 and rule = $2 and void_at is null order by id desc limit 1"
        );
        let row = tx.first(sql, &[self.draft.id.into(), rule.id.as_str().into()]).await?;
        let Some(row) = row else {
            return Ok(Some(Text::new(
                format!("“{}”的期限尚未起算（文书尚未送达）", rule.title.zh),
                format!("the time for \"{}\" has not begun: the paper is not served yet", rule.title.en),
            )));
        };
        let clock = ClockRow::read(&row, rule)?.clock;
        if clock.met_at.is_some() {
            return Ok(None);
        }
        match clock.due(calendar) {
            Some(due) if due.at < now => Ok(None),
            Some(due) => Ok(Some(Text::new(
                format!("“{}”的期限到 {} 止，期满后方可办理此步", rule.title.zh, due.date),
                format!(
                    "the time for \"{}\" runs until {}; the step is possible after it",
                    rule.title.en, due.date
                ),
            ))),
            None => Ok(Some(Text::new(
                format!("“{}”的期限已中止，恢复并期满后方可办理此步", rule.title.zh),
                format!(
                    "the time for \"{}\" stands still; the step is possible once it ran out",
                    rule.title.en
                ),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn a_county_stands_under_its_prefecture_and_the_province_under_nobody() {
        for (region, up) in
            [("620102001", "620102"), ("620102", "6201"), ("6201", "62"), ("62", "62"), ("x", "x")]
        {
            assert_eq!(above(region), up, "{region}");
        }
    }
}
