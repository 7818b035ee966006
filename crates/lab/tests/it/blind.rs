//! Blind samples: what a laboratory can and cannot learn before its report is submitted.

use crate::{LABORATORY, analyst, cadmium, form, now, signatory, worlds};
use access::testing;
use lab::{NewSample, SampleFilter, SampleKind};

/// What would say whose the sample is.
const TELLING: [&str; 7] =
    ["XC26620102000001", "虚构大米", "虚构商店", "虚构米业", "6990000000043", "06900000000", "620102"];

#[track_caller]
fn tells_nothing(text: &str, what: &str) {
    for word in TELLING {
        assert!(!text.contains(word), "{what} shows {word}: {text}");
    }
}

#[tokio::test]
async fn until_the_report_is_submitted_the_laboratory_sees_number_food_tests_and_dates_only() {
    for world in worlds().await {
        let new = NewSample {
            base_qty: Some("50 kg".to_owned()),
            ..form("XC26620102000001", SampleKind::Supervision)
        };
        let sample = world.register(new).await.unwrap();
        world.enter(&analyst(), sample.id, cadmium("0.36")).await.unwrap();
        let (bench, officer) = (analyst(), testing::officer("620102"));
        let all = SampleFilter::default();

        let rows = world.lab.samples(&world.store, &bench, now(), &all).await.unwrap().rows;
        assert_eq!(rows.len(), 1, "{}", world.name);
        let seen = &rows[0].sample;
        assert!(seen.blind && seen.form_no == sample.blind_no() && seen.food == "大米");
        assert_eq!((seen.base_qty.as_deref(), seen.sampled), (Some("50 kg"), sample.sampled));
        tells_nothing(&serde_json::to_string(&rows).unwrap(), "the list");
        let detail = world.lab.sample(&world.store, &bench, now(), sample.id).await.unwrap();
        tells_nothing(&serde_json::to_string(&detail).unwrap(), "the page");
        let lines = world.lab.worksheet(&world.store, &bench, now()).await.unwrap();
        tells_nothing(&serde_json::to_string(&lines).unwrap(), "the worksheet");
        let approved = world.approve(&signatory(), sample.id).await.unwrap();
        tells_nothing(&serde_json::to_string(&approved).unwrap(), "the approved report");

        // no question gives it away either
        for filter in [
            SampleFilter { text: Some("虚构".to_owned()), ..all.clone() },
            SampleFilter { text: Some("XC2662".to_owned()), ..all.clone() },
            SampleFilter { operator: sample.operator, ..all.clone() },
            SampleFilter { region: Some("620102".to_owned()), ..all.clone() },
            SampleFilter { item: sample.item.clone(), ..all.clone() },
        ] {
            let asked = world.lab.samples(&world.store, &bench, now(), &filter).await.unwrap().rows;
            assert!(asked.is_empty(), "{filter:?}");
            let same = world.lab.samples(&world.store, &officer, now(), &filter).await.unwrap().rows;
            assert_eq!(same.len(), 1, "{filter:?}");
        }
        for text in [sample.blind_no(), sample.blind_no().to_lowercase(), "大米".to_owned()] {
            let filter = SampleFilter { text: Some(text), ..all.clone() };
            assert_eq!(world.lab.samples(&world.store, &bench, now(), &filter).await.unwrap().rows.len(), 1);
        }
        for (number, found) in [(sample.form_no.clone(), None), (sample.blind_no(), Some(sample.id))] {
            let got = world.lab.sample_by_form(&world.store, &bench, now(), &number).await.unwrap();
            assert_eq!(got, found, "{number}");
        }

        // who orders and decides sees both; the report that leaves the laboratory names the firm
        let officers = world.lab.sample(&world.store, &officer, now(), sample.id).await.unwrap().sample;
        assert_eq!((officers.place_name.as_str(), officers.blind), ("虚构商店", false));
        world.submit(&signatory(), sample.id).await.unwrap();
        let issued = world.lab.sample(&world.store, &bench, now(), sample.id).await.unwrap().sample;
        assert_eq!(
            (issued.form_no.as_str(), issued.producer_name.as_str()),
            ("XC26620102000001", "虚构米业")
        );
    }
}

#[tokio::test]
async fn results_are_imported_by_blind_number() {
    for world in worlds().await {
        let sample = world.register(form("XC26620102000002", SampleKind::Supervision)).await.unwrap();
        let who = testing::laboratory(LABORATORY);
        let csv = format!("盲样编号,检验项目,检验结果,结果单位\n{},镉,0.1,mg/kg\n", sample.blind_no());
        let mut tx = world.store.begin().await.unwrap();
        let done = world
            .lab
            .import_results(
                &mut tx,
                &world.cx(&who),
                &who,
                &paper::sheet::Workbook::read(csv.as_bytes(), "r.csv").unwrap(),
                None,
            )
            .await
            .unwrap();
        assert_eq!(done.samples, [sample.id], "{}", world.name);
        drop(tx);
    }
}

#[tokio::test]
async fn what_is_said_of_a_row_names_the_blind_number_and_nothing_confirms_a_guessed_form_number() {
    for world in worlds().await {
        let sample = world.register(form("XC26620102000003", SampleKind::Supervision)).await.unwrap();
        world.enter(&analyst(), sample.id, cadmium("0.1")).await.unwrap();
        world.approve(&signatory(), sample.id).await.unwrap();
        let send = async |who: &access::Principal, number: &str| {
            let mut tx = world.store.begin().await.unwrap();
            let row = lab::SentResult { sample: number.to_owned(), new: cadmium("0.2") };
            world.lab.send_results(&mut tx, &world.cx(who), who, vec![row]).await.unwrap().remove(0).problems
        };
        let closed = send(&analyst(), &sample.blind_no()).await;
        assert!(closed[0].message.zh.contains(&sample.blind_no()), "{}: {closed:?}", world.name);
        tells_nothing(&serde_json::to_string(&closed).unwrap(), "the refusal");

        // another laboratory: a number that exists and one that does not are told alike, whatever the row says
        let stranger = testing::laboratory(base::Id(901));
        let import = async |number: &str, value: &str| {
            let csv = format!("抽样单编号,检验项目,检验结果,结果单位\n{number},镉,{value},mg/kg\n");
            let mut tx = world.store.begin().await.unwrap();
            let cx = world.cx(&stranger);
            let done = world
                .lab
                .import_results(
                    &mut tx,
                    &cx,
                    &stranger,
                    &paper::sheet::Workbook::read(csv.as_bytes(), "r.csv").unwrap(),
                    None,
                )
                .await;
            match done {
                Err(lab::Error::Rows(errors)) => {
                    errors.iter().map(|e| (e.column.clone(), e.message.clone())).collect::<Vec<_>>()
                }
                other => panic!("{}: {other:?}", world.name),
            }
        };
        for value in ["0.1", "1e99999"] {
            let known = import("XC26620102000003", value).await;
            assert_eq!(known, import("XC26620102999999", value).await, "{}: {value}", world.name);
        }
        // and for one sample the number of its form is as wrong as any other
        let csv = "抽样单编号,检验项目,检验结果,结果单位\nXC26620102000004,铅,0.1,mg/kg\n";
        let blind = world.register(form("XC26620102000004", SampleKind::Supervision)).await.unwrap();
        let mut tx = world.store.begin().await.unwrap();
        let who = analyst();
        let guess = world
            .lab
            .import_results(
                &mut tx,
                &world.cx(&who),
                &who,
                &paper::sheet::Workbook::read(csv.as_bytes(), "r.csv").unwrap(),
                Some(blind.id),
            )
            .await;
        assert!(matches!(guess, Err(lab::Error::Rows(_))), "{}", world.name);
    }
}
