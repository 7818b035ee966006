//! Sheets of samples and results: whole or not at all.

use crate::{World, analyst, form, worlds};
use access::testing;
use lab::{Error, ResultsImported, SampleKind, SamplesImported};

async fn results(world: &World, csv: &str) -> Result<ResultsImported, Error> {
    let who = analyst();
    let mut tx = world.store.begin().await.unwrap();
    let done = world
        .lab
        .import_results(
            &mut tx,
            &world.cx(&who),
            &who,
            &paper::sheet::Workbook::read(csv.as_bytes(), "结果.csv").unwrap(),
            None,
        )
        .await?;
    tx.commit().await.unwrap();
    Ok(done)
}

#[tokio::test]
async fn a_sheet_of_results_for_several_samples_is_judged() {
    for world in worlds().await {
        for no in ["GC001", "GC002"] {
            world.register(form(no, SampleKind::Supervision)).await.unwrap();
        }
        let csv = "抽样单编号,检验项目,检验结果,结果单位,检出限\n\
                   GC001,镉(以Cd计),0.12,mg/kg,0.002\n\
                   GC001,铅(以Pb计),ND,mg/kg,0.02\n\
                   GC002,镉(以Cd计),0.31,mg/kg,0.002\n";
        let done = results(&world, csv).await.unwrap();
        assert_eq!((done.rows, done.samples.len()), (3, 2), "{}", world.name);
        assert_eq!(done.outcomes.get("conform"), Some(&2));
        assert_eq!(done.outcomes.get("nonconform"), Some(&1));
    }
}

#[tokio::test]
async fn one_bad_row_imports_nothing_and_every_bad_row_is_listed() {
    for world in worlds().await {
        world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        let csv = "抽样单编号,检验项目,检验结果,结果单位,检出限\n\
                   GC001,镉(以Cd计),0.12,mg/kg,0.002\n\
                   GC001,铅(以Pb计),未知,mg/kg,0.02\n\
                   GC009,镉(以Cd计),0.31,mg/kg,0.002\n\
                   GC001,镉(以Cd计),0.13,mg/kg,0.002\n\
                   GC001,,0.13,mg/kg,\n";
        let Err(Error::Rows(errors)) = results(&world, csv).await else { panic!() };
        let mut lines: Vec<usize> = errors.iter().map(|e| e.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [3, 4, 5, 6], "{errors:?}");
        assert_eq!(world.count("select count(*) as n from result").await, 0);
        assert_eq!(world.count("select count(*) as n from journal").await, 2, "the form and its receipt");
        let header = results(&world, "编号,结果\n1,2\n").await;
        assert!(matches!(header, Err(Error::Sheet(_))));
    }
}

#[tokio::test]
async fn sampling_forms_are_imported_whole() {
    for world in worlds().await {
        let who = testing::officer("6201");
        let import = async |csv: &str| -> Result<SamplesImported, Error> {
            let mut tx = world.store.begin().await.unwrap();
            let lab = Some(crate::LABORATORY);
            let cx = world.cx(&who);
            let done = world
                .lab
                .import_samples(
                    &mut tx,
                    &cx,
                    &who,
                    &paper::sheet::Workbook::read(csv.as_bytes(), "抽样.csv").unwrap(),
                    lab,
                )
                .await?;
            tx.commit().await.unwrap();
            Ok(done)
        };
        let head =
            "抽样单编号,抽样类别,食品名称,商品条码,批号,被抽样单位,生产日期,抽样日期,包装分类,任务来源\n";
        let good = format!(
            "{head}GC001,监督抽检,大米,,L9,虚构商店,2026-10-01,2026-11-01,预包装,市场监管\n\
             GC002,风险监测,韭菜,,,虚构商店,,2026-11-01,散装,market\n"
        );
        let done = import(&good).await.unwrap();
        assert_eq!((done.samples.len(), done.lot_unknown.len()), (2, 2), "{}", world.name);
        let bad = format!(
            "{head}GC003,监督抽检,大米,,L9,虚构商店,2026-12-01,2026-11-01,预包装,市场监管\n\
             GC004,抽着玩,大米,123,,虚构商店,,2026-11-01,散装,\n\
             GC005,监督抽检,大米,,,虚构商店,,2026-11-01,散装,\n\
             GC005,监督抽检,大米,,,虚构商店,,2026-11-01,散装,\n\
             GC001,监督抽检,大米,,,虚构商店,,2026-11-01,散装,\n"
        );
        let Err(Error::Rows(errors)) = import(&bad).await else { panic!() };
        let cells: Vec<(usize, &str)> = errors.iter().map(|e| (e.line, e.column.as_str())).collect();
        for wanted in
            [(2, "生产日期"), (3, "抽样类别"), (3, "商品条码"), (5, "抽样单编号"), (6, "抽样单编号")]
        {
            assert!(cells.contains(&wanted), "{wanted:?} in {cells:?}");
        }
        assert_eq!(world.count("select count(*) as n from sample").await, 2);
    }
}

#[tokio::test]
async fn a_result_outside_the_accreditation_is_refused_and_says_what_to_do() {
    for world in worlds().await {
        let (desk, a) = (testing::desk("62"), analyst());
        let annex = "检验项目,检验方法,食品大类,资质,证书编号,有效期起,有效期止\n\
                     镉,GB 5009.15,,CMA,ZJ-1,2025-01-01,2030-12-31\n\
                     铅,GB 5009.12-2023,,CATL,ZJ-1,2020-01-01,2025-12-31\n";
        let put = async |who: &access::Principal, text: &str| {
            let mut tx = world.store.begin().await.unwrap();
            let id = crate::LABORATORY;
            let done = world
                .lab
                .import_scope(
                    &mut tx,
                    &world.cx(who),
                    who,
                    id,
                    &paper::sheet::Workbook::read(text.as_bytes(), "附表.csv").unwrap(),
                )
                .await?;
            tx.commit().await.unwrap();
            Ok::<_, Error>(done)
        };
        assert!(matches!(put(&a, annex).await, Err(Error::Denied(_))), "not by the laboratory itself");
        let wrong = put(&desk, &annex.replace("2030-12-31", "2024-12-31")).await;
        assert!(matches!(wrong, Err(Error::Rows(_))), "a certificate that ends before it begins");
        assert_eq!(put(&desk, annex).await.unwrap(), 2, "{}", world.name);
        assert_eq!(lab::accreditation(&world.store, crate::LABORATORY).await.unwrap().len(), 2);
        let sample = world.register(form("GC020", SampleKind::Supervision)).await.unwrap();
        let fields = async |new: lab::NewResult| match world.enter(&a, sample.id, new).await {
            Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.field).collect(),
            Err(other) => panic!("{other}"),
            Ok(_) => Vec::new(),
        };
        let lead = |method: &str| lab::NewResult {
            analyte: "铅(以Pb计)".to_owned(),
            method: method.to_owned(),
            ..crate::cadmium("0.1")
        };
        assert_eq!(fields(lead("GB 5009.12-2023")).await, ["analyte"], "the certificate has ended");
        let mercury = lab::NewResult { analyte: "总汞".to_owned(), ..crate::cadmium("0.01") };
        assert_eq!(fields(mercury).await, ["analyte"], "not in the annex");
        let by_other = lab::NewResult { method: "快检".to_owned(), ..crate::cadmium("0.1") };
        assert_eq!(fields(by_other).await, ["method"]);
        assert!(fields(crate::cadmium("0.1")).await.is_empty(), "any edition of the method");
        let sheet = "抽样单编号,检验项目,检验结果,结果单位,检验方法\nGC020,总汞,0.01,mg/kg,GB 5009.17\n";
        let Err(Error::Rows(rows)) = results(&world, sheet).await else {
            panic!("a sheet knows no other rule")
        };
        assert_eq!(rows[0].line, 2);
    }
}

#[tokio::test]
async fn no_result_is_entered_by_any_way_before_the_sample_is_received() {
    for world in worlds().await {
        let new = lab::NewSample { received: None, arrival: None, ..form("GC030", SampleKind::Supervision) };
        let sample = world.register(new).await.unwrap();
        let Err(Error::State(text)) = world.enter(&analyst(), sample.id, crate::cadmium("0.1")).await else {
            panic!("{}: entered before receipt", world.name)
        };
        assert!(text.zh.contains("收样") && text.en.contains("check it in"), "{text:?}");
        let sheet = "抽样单编号,检验项目,检验结果,结果单位\nGC030,镉,0.1,mg/kg\n";
        assert!(results(&world, sheet).await.is_err(), "a sheet knows no other rule");
        let who = analyst();
        let sent = vec![lab::SentResult { sample: "GC030".to_owned(), new: crate::cadmium("0.1") }];
        let mut tx = world.store.begin().await.unwrap();
        let answers = world.lab.send_results(&mut tx, &world.cx(&who), &who, sent).await.unwrap();
        assert!(answers[0].result.is_none() && answers[0].problems[0].message.zh.contains("收样"));
        let arrived = lab::Handover { received: Some(sample.sampled), ..crate::sampling::accepted() };
        world.lab.check_in(&mut tx, &world.cx(&who), &who, sample.id, arrived).await.unwrap();
        tx.commit().await.unwrap();
        world.enter(&who, sample.id, crate::cadmium("0.1")).await.unwrap();
    }
}

#[tokio::test]
async fn a_unit_written_with_the_value_goes_to_its_own_field() {
    for world in worlds().await {
        let sample = world.register(form("GC032", SampleKind::Supervision)).await.unwrap();
        let both =
            lab::NewResult { reported: "0.05mg/kg".to_owned(), unit: String::new(), ..crate::cadmium("") };
        world.enter(&analyst(), sample.id, both).await.unwrap();
        let d = world.lab.sample(&world.store, &analyst(), crate::now(), sample.id).await.unwrap();
        let kept = &d.results[0].reported;
        assert_eq!((kept.reported.as_str(), kept.unit.as_str()), ("0.05", "mg/kg"), "{}", world.name);
        let lead = lab::NewResult { analyte: "铅".to_owned(), ..crate::cadmium("50μg/kg") };
        let Err(Error::Invalid(problems)) = world.enter(&analyst(), sample.id, lead).await else {
            panic!("{}: two units", world.name)
        };
        assert_eq!(problems[0].field, "reported");
        assert!(problems[0].message.zh.contains("与单位栏的mg/kg不一致"), "{:?}", problems[0]);
    }
}

#[tokio::test]
async fn a_result_has_a_unit_of_its_analyte_and_says_no_more_than_the_whole() {
    for world in worlds().await {
        let sample = world.register(form("GC031", SampleKind::Supervision)).await.unwrap();
        let refused = async |new: lab::NewResult| match world.enter(&analyst(), sample.id, new).await {
            Err(Error::Invalid(problems)) => problems,
            Err(other) => panic!("{other}"),
            Ok(judged) => panic!("{:?} is stored", judged.reported),
        };
        let cadmium = crate::cadmium;
        let litre = refused(lab::NewResult { unit: "升".to_owned(), ..cadmium("0.05") }).await;
        assert_eq!(litre[0].field, "unit");
        assert!(litre[0].message.zh.contains("mg/kg"), "{:?}", litre[0].message);
        let swapped = lab::NewResult { loq: Some("0.001".to_owned()), ..cadmium("0.05") };
        assert_eq!(refused(swapped).await[0].field, "lod");
        assert!(refused(cadmium("1e5")).await[0].message.zh.contains("1e5"));
        for beyond in ["1000001", "2×10^6"] {
            assert!(refused(cadmium(beyond)).await[0].message.en.contains("whole"), "{beyond}");
        }
        // micrograms and an amount in a litre of drink are told of the same analyte
        for (value, unit) in [("50", "μg/kg"), ("0.05", "mg/L")] {
            let new = lab::NewResult { unit: unit.to_owned(), lod: None, ..cadmium(value) };
            let mut tx = world.store.begin().await.unwrap();
            let who = analyst();
            let done = world.lab.enter_result(&mut tx, &world.cx(&who), &who, sample.id, new).await;
            if let Err(Error::Invalid(problems)) = &done {
                assert!(problems.iter().all(|p| p.field != "unit"), "{unit}: {problems:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_analyte_given_twice_at_once_is_told_apart_from_one_with_a_result() {
    for world in worlds().await {
        let sample = world.register(form("GC032", SampleKind::Supervision)).await.unwrap();
        let who = analyst();
        let twice = vec![crate::cadmium("0.1"), crate::cadmium("0.2")];
        let mut tx = world.store.begin().await.unwrap();
        let done = world.lab.enter_results(&mut tx, &world.cx(&who), &who, sample.id, twice, "create").await;
        let Err(Error::Invalid(problems)) = done else { panic!("{}: stored", world.name) };
        assert!(problems[0].message.zh.contains("填写了两次"), "{problems:?}");
        drop(tx);
        world.enter(&who, sample.id, crate::cadmium("0.1")).await.unwrap();
        let Err(Error::Invalid(problems)) = world.enter(&who, sample.id, crate::cadmium("0.2")).await else {
            panic!("{}: stored", world.name)
        };
        assert!(problems[0].message.zh.contains("已有这一项目"), "{problems:?}");
    }
}
