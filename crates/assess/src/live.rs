//! Assessments kept ready: a question asked again takes the results that have come since and computes what they change; another
//! assumption starts from people and results already read. Whoever asks hears how far it is and can stop it ([`crate::runs`] does).
//!
//! What is kept is a cache: any of it may be forgotten and is made again from the rows that come with the next question. Those rows
//! were read with the asker's rights, and an assessment answers only a question that comes with the same rows (or more): nobody sees
//! through another's eyes.

use crate::Error;
use crate::exposure::{Answer, Question, Told, refused};
use crate::reading::{Gathered, Row};
use crate::substances::Substance;
use risk::exposure::concentration::Observation;
use risk::exposure::model::{Assessment, Live, NewResult, Report};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most people in all assessments kept; one of 20,000 people takes some thirty megabytes.
const MOST_PEOPLE: usize = 120_000;
/// Most assessments kept.
const MOST_KEPT: usize = 24;

/// How much is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The figures alone.
    Figures,
    /// With the bootstrap intervals the question asks for.
    Intervals,
}

/// A result as it counts: substance, food, sample, lower and upper bound.
type Given = (&'static str, String, String, [u64; 2]);

/// What was found in the foods, by substance.
type Found = Vec<(&'static Substance, Gathered)>;

struct Kept {
    /// The question without its assumptions.
    key: String,
    /// The results in it, in order.
    given: Vec<Given>,
    people: usize,
    live: Live,
    /// The report with intervals, until a result comes.
    whole: Option<Report>,
}

/// Assessments kept ready.
#[derive(Default)]
pub struct Workbench {
    /// The one used last stands last.
    kept: Mutex<Vec<Kept>>,
}

fn given(gathered: &Found) -> Vec<Given> {
    let one = |substance: &'static str, food: &str, sample: &str, found: &Observation| {
        // as the table of a model tells them: a value, or a limit
        let ends = match *found {
            Observation::Value(value) => [value, value],
            Observation::Below(limit) | Observation::Between(_, limit) => [0.0, limit],
        };
        let ends = ends.map(f64::to_bits);
        (substance, food.to_owned(), sample.to_owned(), ends)
    };
    let mut out = Vec::new();
    for (substance, found) in gathered {
        for f in &found.foods {
            out.extend(f.list.iter().map(|(sample, found)| one(&substance.id, &f.food, sample, found)));
        }
    }
    out.sort_unstable();
    out
}

/// What `all` has beyond `some`, by position; `None` when `some` has what `all` lacks. Both are in order.
fn beyond(some: &[Given], all: &[Given]) -> Option<Vec<Given>> {
    let mut out = Vec::new();
    let mut rest = some.iter().peekable();
    for one in all {
        if rest.peek() == Some(&one) {
            rest.next();
        } else {
            out.push(one.clone());
        }
    }
    rest.peek().is_none().then_some(out)
}

impl Workbench {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a question from results as reported. `go_on` hears the share done and stops it by `false`; then there is no answer. Takes
    /// time in proportion to people × replicates: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`Error::Field`] naming the assumption that cannot be.
    pub fn answer(
        &self,
        question: &Question,
        rows: &[Row],
        depth: Depth,
        threads: usize,
        go_on: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Option<Answer>, Error> {
        let of = |s: &'static Substance| {
            (s, Gathered::of(rows.iter().filter(|r| r.substance == s.id), question.samples))
        };
        let gathered: Found = question.substances().map(|(s, _)| of(s)).collect();
        let mut kept = self.ready(question, &gathered, threads)?;
        let made = question.affordable_replicates();
        let whole = depth == Depth::Intervals && made > 0;
        let changed = !question.changes.is_empty();
        // two reports share the progress when something is tried
        let (first_share, second_from) = if changed { (0.5, 0.5) } else { (1.0, 0.0) };
        let before = match &kept.whole {
            Some(report) if whole => Some(report.clone()),
            _ if whole => report(kept.live.assessment(), threads, &mut |share| go_on(share * first_share)),
            _ => Some(kept.live.report()),
        };
        if whole {
            kept.whole.clone_from(&before);
        }
        let mut assessment = kept.live.assessment().clone();
        self.keep(kept);
        let Some(before) = before else { return Ok(None) };
        for change in &question.changes {
            assessment = assessment.with(change.clone()).map_err(|e| refused(&e))?;
        }
        let after = match (changed, whole) {
            (false, _) => None,
            (true, false) => Some(Live::new(assessment.clone(), threads).report()),
            (true, true) => {
                let made =
                    report(&assessment, threads, &mut |share| go_on(second_from + share * first_share));
                let Some(made) = made else { return Ok(None) };
                Some(made)
            }
        };
        let told = Told {
            before,
            after,
            substances: question.substances().map(|(s, potency)| (s.id.clone(), potency)).collect(),
            replicates: (question.replicates, if whole { made } else { 0 }),
            reference: question.reference_per_day(),
            tail: question.tail,
            results: gathered.iter().map(|(_, found)| found.results()).sum(),
        };
        Ok(Some(Answer { told, gathered, assessment, group: question.group }))
    }

    /// An assessment of the question with exactly these results: one that is kept, with what came since, or a new one.
    fn ready(&self, question: &Question, gathered: &Found, threads: usize) -> Result<Kept, Error> {
        let substances: Vec<_> =
            question.substances().map(|(s, potency)| (s.id.as_str(), potency.to_bits())).collect();
        let key = format!(
            "{substances:?} {} {} {:?} {:?} {:?} {:?} {} {} {:?} {}",
            question.survey.sha256,
            question.group,
            question.samples,
            question.concentrations,
            question.usual,
            question.reference.map(f64::to_bits),
            question.affordable_replicates(),
            question.draws,
            question.tail.map(f64::to_bits),
            question.seed,
        );
        let given = given(gathered);
        let found = {
            let mut all = self.kept();
            let fits = |k: &Kept| (k.key == key).then(|| beyond(&k.given, &given)).flatten();
            let best = all
                .iter()
                .enumerate()
                .filter_map(|(at, k)| fits(k).map(|new| (at, new)))
                .min_by_key(|(_, new)| new.len());
            best.map(|(at, new)| (all.remove(at), new))
        };
        if let Some((mut kept, new)) = found {
            if !new.is_empty() {
                let results = new.iter().map(|(substance, food, sample, [low, high])| NewResult {
                    substance: (*substance).to_owned(),
                    food: food.clone(),
                    sample: sample.clone(),
                    result: observation(f64::from_bits(*low), f64::from_bits(*high)),
                });
                kept.live.add_all(results).map_err(|e| refused(&e))?;
                kept.whole = None;
                kept.given = given;
            }
            return Ok(kept);
        }
        let assessment = Assessment::new(question.model(gathered)).map_err(|e| refused(&e))?;
        let live = Live::new(assessment, threads);
        Ok(Kept { key, given, people: question.survey.persons, live, whole: None })
    }

    /// Puts an assessment back as the one used last, and forgets the oldest when there are too many.
    fn keep(&self, one: Kept) {
        let mut all = self.kept();
        all.push(one);
        while all.len() > 1
            && (all.len() > MOST_KEPT || all.iter().map(|k| k.people).sum::<usize>() > MOST_PEOPLE)
        {
            all.remove(0);
        }
    }
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbench").field("kept", &self.kept().len()).finish_non_exhaustive()
    }
}

/// The result between its bounds again.
fn observation(low: f64, high: f64) -> Observation {
    if low.to_bits() == high.to_bits() { Observation::Value(low) } else { Observation::Below(high) }
}

fn report(assessment: &Assessment, threads: usize, go_on: &mut dyn FnMut(f64) -> bool) -> Option<Report> {
    let report = assessment.report_unless_stopped(threads, go_on)?;
    Some(Report { recipe: assessment.exported_recipe(), ..report })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Samples;
    use crate::survey::Survey;
    use risk::exposure::model::{Change, Concentrations, Figure, LimitMode};

    fn row(n: usize) -> Row {
        Row {
            substance: "cadmium",
            sample: n.to_string(),
            representative: true,
            food: ["挂面", "大米", "大白菜", "苹果"][n % 4].into(),
            reported: if n.is_multiple_of(5) { "未检出".into() } else { format!("0.0{}", 1 + n % 9) },
            unit: "mg/kg".into(),
            lod: Some("0.002".into()),
            loq: None,
        }
    }

    fn question(changes: Vec<Change>) -> Question {
        Question {
            substance: crate::substances::find("cadmium").unwrap(),
            others: vec![],
            survey: Survey::generated(),
            group: "all",
            samples: Samples::All,
            concentrations: Concentrations::Samples,
            usual: None,
            reference: None,
            changes,
            replicates: 20,
            draws: 300,
            tail: None,
            seed: 3,
        }
    }

    fn figures(answer: &Answer) -> Vec<Figure> {
        let mut all = answer.told.before.figures.clone();
        all.extend(answer.told.report().figures.clone());
        all
    }

    #[test]
    fn what_is_kept_answers_as_a_new_bench_does_whatever_came_or_went() {
        let bench = Workbench::default();
        let tried =
            vec![crate::exposure::limit(question(vec![]).substance, Some("rice"), 0.04, LimitMode::Enforced)];
        let many: Vec<Row> = (0..40).map(row).collect();
        // results come one by one, some go again, assumptions are tried in between
        for (take, changes) in
            [(20, vec![]), (21, tried.clone()), (40, tried.clone()), (40, vec![]), (30, tried), (31, vec![])]
        {
            let (asked, rows) = (question(changes), &many[..take]);
            for depth in [Depth::Figures, Depth::Intervals] {
                let of =
                    |bench: &Workbench| bench.answer(&asked, rows, depth, 2, &mut |_| true).unwrap().unwrap();
                let (ours, fresh) = (of(&bench), of(&Workbench::default()));
                assert_eq!(figures(&ours), figures(&fresh), "{take} {depth:?}");
                assert_eq!(ours.told.report().recipe, ours.model().recipe());
                assert_eq!(ours.told.report().recipe, fresh.told.report().recipe);
            }
        }
        assert!(bench.kept().len() <= 3, "what grew is kept once");
    }
}
