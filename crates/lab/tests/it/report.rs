//! Reports: four eyes, the conclusion, and what a failure brings about.

use crate::{World, analyst, cadmium, form, now, signatory, worlds};
use access::testing;
use lab::{Conclusion, Error, NonconformityFilter, SampleFilter, SampleKind, SampleSort, SampleState};
use std::sync::atomic::Ordering;

async fn approved(world: &World, no: &str, kind: SampleKind, value: &str) -> lab::Sample {
    let sample = world.register(form(no, kind)).await.unwrap();
    world.enter(&analyst(), sample.id, cadmium(value)).await.unwrap();
    world.approve(&signatory(), sample.id).await.unwrap()
}

#[tokio::test]
async fn whoever_entered_a_result_does_not_approve_the_report() {
    for world in worlds().await {
        let sample = world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        assert!(matches!(world.approve(&signatory(), sample.id).await, Err(Error::State(_))));
        world.enter(&analyst(), sample.id, cadmium("0.1")).await.unwrap();
        assert!(matches!(world.approve(&analyst(), sample.id).await, Err(Error::FourEyes)));
        assert!(matches!(world.submit(&signatory(), sample.id).await, Err(Error::State(_))));
        let sample = world.approve(&signatory(), sample.id).await.unwrap();
        assert_eq!((sample.state, sample.conclusion), (SampleState::Approved, Some(Conclusion::Qualified)));
        let late = world.enter(&analyst(), sample.id, cadmium("0.2")).await;
        assert!(matches!(late, Err(Error::State(_))));
        let done = world.submit(&signatory(), sample.id).await.unwrap();
        assert_eq!((done.sample.state, done.nonconformity), (SampleState::Submitted, None));
    }
}

#[tokio::test]
async fn a_failed_supervision_sample_becomes_a_nonconformity_with_its_matter() {
    for world in worlds().await {
        let sample = approved(&world, "GC001", SampleKind::Supervision, "0.35").await;
        assert_eq!(sample.conclusion, Some(Conclusion::Unqualified));
        let done = world.submit(&signatory(), sample.id).await.unwrap();
        let opened = done.nonconformity.unwrap();
        assert_eq!(opened.matter, Some(base::Id(77)));
        assert_eq!(opened.failures[0].reported, "0.35");
        assert!(opened.failures[0].basis.starts_with("GB 2762-2025"));
        let officer = testing::officer("620102");
        let filter = NonconformityFilter::default();
        let list = world.lab.nonconformities(&world.store, &officer, now(), &filter).await.unwrap();
        assert_eq!(list.rows, std::slice::from_ref(&opened), "{}", world.name);
        let one = world.lab.nonconformity(&world.store, &officer, now(), opened.id).await.unwrap();
        assert_eq!(one.item, done.sample.item);
        let shop = testing::firm(base::Id(4));
        let seen = world.lab.sample(&world.store, &shop, now(), sample.id).await.unwrap();
        assert_eq!(seen.nonconformity.map(|n| n.id), Some(opened.id));
    }
}

#[tokio::test]
async fn monitoring_and_evaluation_have_no_consequence_and_monitoring_stays_inside() {
    for world in worlds().await {
        for (no, kind, conclusion) in [
            ("GC001", SampleKind::Monitoring, Conclusion::ProblemFound),
            ("GC002", SampleKind::Evaluation, Conclusion::Unqualified),
        ] {
            let sample = approved(&world, no, kind, "0.35").await;
            assert_eq!(sample.conclusion, Some(conclusion));
            let done = world.submit(&signatory(), sample.id).await.unwrap();
            assert_eq!(done.nonconformity, None);
        }
        assert_eq!(world.count("select count(*) as n from nonconformity").await, 0);
        let shop = testing::firm(base::Id(4));
        let list = world.lab.samples(&world.store, &shop, now(), &SampleFilter::default()).await.unwrap();
        assert_eq!(list.rows.iter().map(|r| r.sample.form_no.as_str()).collect::<Vec<_>>(), ["GC002"]);
    }
}

#[tokio::test]
async fn when_the_consequence_fails_nothing_is_submitted() {
    for world in worlds().await {
        let sample = approved(&world, "GC001", SampleKind::Supervision, "0.35").await;
        world.opens.fails.store(true, Ordering::Relaxed);
        assert!(matches!(world.submit(&signatory(), sample.id).await, Err(Error::Hook(_))));
        let detail = world.lab.sample(&world.store, &analyst(), now(), sample.id).await.unwrap();
        assert_eq!((detail.sample.state, detail.nonconformity), (SampleState::Approved, None));
        assert_eq!(world.count("select count(*) as n from journal where kind = 'matter.opened'").await, 0);
        world.opens.fails.store(false, Ordering::Relaxed);
        assert!(world.submit(&signatory(), sample.id).await.unwrap().nonconformity.is_some());
    }
}

#[tokio::test]
async fn lists_filter_sort_and_turn_pages() {
    for world in worlds().await {
        for n in 1..=5 {
            let mut new = form(&format!("GC00{n}"), SampleKind::Supervision);
            new.sampled = crate::day(&format!("2026-11-{:02}", 15 - n));
            (new.received, new.arrival) = (None, None);
            world.register(new).await.unwrap();
        }
        let officer = testing::officer("6201");
        for (sort, first) in [(SampleSort::Registered, "GC005"), (SampleSort::Sampled, "GC001")] {
            let mut filter = SampleFilter { sort, limit: 2, ..SampleFilter::default() };
            let mut seen = Vec::new();
            loop {
                let page = world.lab.samples(&world.store, &officer, now(), &filter).await.unwrap();
                seen.extend(page.rows.into_iter().map(|r| r.sample.form_no));
                filter.after = page.next;
                if filter.after.is_none() {
                    break;
                }
            }
            assert_eq!((seen.len(), seen[0].as_str()), (5, first), "{}", world.name);
        }
        let named = async |text: &str| {
            let filter = SampleFilter { text: Some(text.to_owned()), ..SampleFilter::default() };
            world.lab.samples(&world.store, &officer, now(), &filter).await.unwrap().rows.len()
        };
        assert_eq!([named("GC003").await, named("米业").await, named("100%").await], [1, 5, 0]);
        let mut other = form("XC26620102ABC123", SampleKind::Supervision);
        other.producer_name = "虚构面粉厂".to_owned();
        other.lot_no = Some("2026B7".to_owned());
        world.register(other).await.unwrap();
        for (text, n) in [
            ("XC26620102ABC123", 1),
            ("xc26620102", 1),
            ("abc123", 1),
            ("102ABC", 1),
            ("面粉厂", 1),
            ("大米 面粉厂", 1),
            ("商店 米业", 5),
            ("2026b7", 1),
            ("面粉店", 0),
            ("米", 6),
            ("大米", 6),
            ("麦", 0),
        ] {
            assert_eq!(named(text).await, n, "{}: {text}", world.name);
        }
        let names = world.count("select count(*) as n from sample_name").await;
        assert_eq!(names, 7, "{}: a name that recurs stands once", world.name);
    }
}
