//! A model is learnt, kept as it was learnt, repeated from its tables, and read only by those who may.

use crate::{Yard, now};
use access::testing;
use base::Id;
use risk::table::Table;
use risk::target::{Options, run};
use target::testing::{COUNTY, OPERATORS, bad};
use target::{Aim, Error, Learnt, ScoreFilter, ScoreSort};

#[tokio::test]
async fn a_model_finds_the_bad_ones_says_why_and_repeats_from_its_tables() {
    for (name, y) in Yard::all().await {
        let id = y.learn(Aim::Inspect).await;
        let who = testing::desk("62");
        let m = y.target.model(&y.store, &who, now(), id).await.unwrap();
        assert_eq!((m.row.visits, m.row.candidates), (900, OPERATORS), "{name}");
        assert!(!m.body.windows.is_empty() && m.body.reliability.len() == 10, "{name}");
        let w = &m.body.windows.last().unwrap().averaged;
        assert!(w.days.low <= w.days.value && w.days.value <= w.days.high && w.days.value < w.perfect_days);
        assert!(w.days.value > w.random_days.value, "{name}: {w:?}");
        for column in ["kind", "prefecture", "size"] {
            assert!(m.body.fairness.iter().any(|f| f.column == column), "{name}: {column}");
        }
        let page =
            y.target.scores(&y.store, &who, now(), Aim::Inspect, &ScoreFilter::default()).await.unwrap();
        assert_eq!((page.total, page.rows.len(), page.next.as_deref()), (60, 50, Some("50")));
        let first: Vec<bool> = page.rows.iter().take(12).map(|s| bad(s.operator.unwrap().0)).collect();
        assert!(first.iter().filter(|b| **b).count() >= 10, "{name}: {first:?}");
        assert!(!page.rows[0].reasons.is_empty() && page.rows[0].place == 1);
        // the tables and the settings give the same scores anywhere
        let table = async |train| {
            let text = y.target.table(&y.store, &who, now(), id, train).await.unwrap();
            Table::read("t", text.as_bytes()).unwrap()
        };
        let s = &m.body.settings;
        let options = Options {
            seed: s.seed,
            windows: s.windows,
            horizon: Some(s.horizon),
            forests: s.forests,
            ..Options::default()
        };
        let again = run(&table(true).await, None, &table(false).await, &options).unwrap();
        for row in &page.rows {
            let same = again.scores.iter().find(|x| x.id == row.subject).unwrap();
            assert!((same.chance - row.chance).abs() < 1e-12, "{name}: {}", row.subject);
        }
        assert_eq!(y.journal("targeting.model_learnt").await, 1, "{name}");
        // the same visits teach nothing new
        let same = y.target.learn(&y.store, &y.system(now()), Aim::Inspect).await.unwrap();
        assert_eq!(same, Learnt::Same(id), "{name}");
        assert!(!y.target.is_due(&y.store, Aim::Inspect, now()).await.unwrap());
        assert!(y.target.is_due(&y.store, Aim::Sample, now()).await.unwrap(), "never tried");
        assert!(y.target.is_due(&y.store, Aim::Inspect, now().plus_seconds(86_400)).await.unwrap());
    }
}

#[tokio::test]
async fn scores_are_cut_to_the_region_and_closed_to_firms() {
    for (name, y) in Yard::all().await {
        let id = y.learn(Aim::Sample).await;
        let ask = async |who: &access::Principal, f: ScoreFilter| {
            y.target.scores(&y.store, who, now(), Aim::Sample, &f).await
        };
        let (here, there) = (testing::officer(COUNTY), testing::officer("620802"));
        assert_eq!(ask(&here, ScoreFilter::default()).await.unwrap().total, 60, "{name}");
        assert_eq!(ask(&there, ScoreFilter::default()).await.unwrap().total, 0, "{name}");
        let subject = format!("{COUNTY}~04~circulation");
        assert!(y.target.score(&y.store, &here, now(), Aim::Sample, &subject).await.is_ok());
        let hidden = y.target.score(&y.store, &there, now(), Aim::Sample, &subject).await;
        assert!(matches!(hidden, Err(Error::NotFound(_))), "{name}");
        for who in [testing::firm(Id(4)), testing::laboratory(Id(50)), access::Principal::anonymous()] {
            assert!(matches!(ask(&who, ScoreFilter::default()).await, Err(Error::Denied(_))), "{name}");
            assert!(matches!(y.target.model(&y.store, &who, now(), id).await, Err(Error::Denied(_))));
        }
        // the tables name everybody: the whole province's right is needed
        assert!(matches!(y.target.table(&y.store, &here, now(), id, true).await, Err(Error::Denied(_))));
        let named =
            ScoreFilter { name: Some("对象04".into()), sort: ScoreSort::Name, ..ScoreFilter::default() };
        assert_eq!(ask(&here, named).await.unwrap().total, 1, "{name}");
        let last = ScoreFilter { sort: ScoreSort::Least, limit: 1, ..ScoreFilter::default() };
        assert_eq!(ask(&here, last).await.unwrap().rows[0].place, 60, "{name}");
    }
}

#[tokio::test]
async fn past_inspections_come_from_a_file_once_and_whole_or_not_at_all() {
    for (name, y) in Yard::all().await {
        let who = testing::desk(COUNTY);
        let take = async |text: &str| {
            let mut tx = y.store.begin().await.unwrap();
            let done = y
                .target
                .import_history(
                    &mut tx,
                    &y.cx(&who, now()),
                    &who,
                    COUNTY,
                    &paper::sheet::Workbook::read(text.as_bytes(), "a.csv").unwrap(),
                )
                .await;
            tx.commit().await.unwrap();
            done
        };
        let head = "统一社会信用代码,检查日期,发现问题,重点项不合格数,检查组\n";
        let wrong = take(&format!(
            "{head}CODE1,2025-03-01,是,1,A\nCODE99,2025-03-01,也许,,A\nCODE98,2025-03-02,否,,\n"
        ))
        .await;
        assert!(matches!(&wrong, Err(Error::Rows(rows)) if rows.len() == 1), "{name}: {wrong:?}");
        let unknown = take(&format!("{head}CODE98,2025-03-02,否,,\n")).await;
        assert!(matches!(&unknown, Err(Error::Rows(_))), "{name}");
        let late = take(&format!("{head}CODE1,2027-03-02,否,,\n")).await;
        assert!(matches!(&late, Err(Error::Rows(_))), "{name}");
        let file = format!("{head}CODE1,2025-03-01,是,1,A\nCODE2,2025-03-01,否,,A\n");
        let done = take(&file).await.unwrap();
        assert_eq!((done.rows, done.new), (2, 2), "{name}");
        assert_eq!(take(&file).await.unwrap().new, 0, "{name}: taken once");
        assert_eq!(y.journal("targeting.history_imported").await, 2, "{name}");
        let mut tx = y.store.begin().await.unwrap();
        let stranger = testing::officer("620802");
        let denied = y
            .target
            .import_history(
                &mut tx,
                &y.cx(&stranger, now()),
                &stranger,
                COUNTY,
                &paper::sheet::Workbook::read(file.as_bytes(), "a.csv").unwrap(),
            )
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{name}");
        tx.rollback().await.unwrap();
        let id = y.learn(Aim::Inspect).await;
        let m = y.target.model(&y.store, &testing::desk("62"), now(), id).await.unwrap();
        assert_eq!(m.row.visits, 902, "{name}: learnt from too");
    }
}
