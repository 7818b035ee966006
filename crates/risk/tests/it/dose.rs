//! Benchmark doses against the output of PROAST, where it has converged.

use risk::dose::{Columns, Data, Family, Point, Settings, average, data, run};

/// (set, quantal, response): family → log-likelihood and benchmark doses as PROAST prints them.
type Case = (&'static str, bool, f64, &'static [(Family, f64, &'static [f64])]);

const CASES: &[Case] = &[
    (
        "proast-analysis-1",
        true,
        0.1,
        &[
            (Family::TwoStage, -110.9, &[2.6211, 1.7499]),
            (Family::LogLogistic, -110.93, &[3.4118, 2.4533]),
            (Family::Weibull, -110.31, &[2.772, 1.9037]),
            (Family::LogProbit, -110.44, &[3.3012, 2.4135]),
            (Family::Gamma, -109.9, &[3.049, 2.1551]),
        ],
    ),
    (
        "idQuantal_number",
        true,
        0.05,
        &[
            (Family::Exponential, -83.01, &[0.4494]),
            (Family::Hill, -83.05, &[0.4974]),
            (Family::TwoStage, -84.2, &[3.0567]),
            (Family::LogLogistic, -83.14, &[0.6446]),
            (Family::Weibull, -83.03, &[0.587]),
            (Family::LogProbit, -83.15, &[0.7363]),
            (Family::Gamma, -82.98, &[0.5296]),
            (Family::Logistic, -85.66, &[8.0649]),
        ],
    ),
    (
        "foetalExp_Weight",
        false,
        -0.05,
        &[(Family::Exponential, -36.66, &[199.17]), (Family::Hill, -36.36, &[320.3])],
    ),
    (
        "2016-E90-HepaRG-AdipoRed-72h",
        false,
        0.01,
        &[(Family::Exponential, -7.99, &[36.4955]), (Family::Hill, -7.94, &[13.1817])],
    ),
    (
        "160425-B-CAR",
        false,
        -0.05,
        &[(Family::Exponential, 4.26, &[0.0591]), (Family::Hill, 4.39, &[0.0317])],
    ),
    (
        "ERODExp_erod_SINGMOD",
        false,
        0.05,
        &[(Family::Exponential, -17.16, &[3.038]), (Family::Hill, -16.09, &[8.557])],
    ),
];

#[test]
fn every_set_of_the_reference_is_met() {
    let Some(folder) = crate::shared::folder("bmd") else { return };
    let mut wrong = Vec::new();
    for (set, quantal, response, families) in CASES {
        let table = crate::shared::table(&folder.join(format!("{set}_data.csv")));
        let points = data(&table, &Columns { quantal: *quantal, ..Columns::default() }).unwrap();
        let found = run(&points, Settings { response: *response, confidence: 0.9, margin: 2.0 }).unwrap();
        println!(
            "== {set} null {:?} full {:?} effect {} overall {:?}",
            found.null, found.full, found.effect, found.overall
        );
        for f in &found.fits {
            println!(
                "{:?} {} ll {:.3} {:?} {:?}",
                f.fit.spec.family,
                f.fit.spec.label(),
                f.fit.log_likelihood,
                f.fit.parameters,
                f.interval
            );
        }
        for (family, ll, doses) in *families {
            let f = &found.fits.iter().find(|f| f.fit.spec.family == *family).unwrap().fit;
            // the printed log-likelihood has two decimals; a better maximum than the reference's is no error
            if f.log_likelihood < ll - 0.011 {
                wrong.push(format!("{set} {family:?}: {} below {ll}", f.log_likelihood));
            }
            let same = f.log_likelihood < ll + 0.011;
            if same
                && (f.dose.len() != doses.len()
                    || f.dose.iter().zip(*doses).any(|(a, b)| (a / b - 1.0).abs() > 0.02))
            {
                wrong.push(format!("{set} {family:?}: {:?} instead of {doses:?}", f.dose));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_average_of_families_agrees_with_a_reference() {
    // invented: 3, 4, 9, 22, 40 of 50 animals; R 4.2.2: each family in its textbook form by `optim`, weights by AIC, `uniroot` on the mean curve
    let animals = [(0.0, 3.0), (5.0, 4.0), (15.0, 9.0), (50.0, 22.0), (150.0, 40.0)];
    let points = animals.map(|(dose, y)| Point { dose, y, n: 50.0, spread: 0.0, below: false, group: 0 });
    let data = Data { quantal: true, points: points.to_vec(), groups: vec![String::new()] };
    let settings = Settings { response: 0.1, confidence: 0.9, margin: 2.0 };
    let report = run(&data, settings).unwrap();
    let reference = [
        (Family::Exponential, -108.596_421, 9.641_465, 0.107_574_45),
        (Family::Hill, -108.427_361, 10.555_203, 0.127_388_64),
        (Family::TwoStage, -108.318_566, 10.639_880, 0.142_029_94),
        (Family::LogLogistic, -108.241_647, 13.573_064, 0.153_385_87),
        (Family::Weibull, -108.286_121, 11.431_089, 0.146_713_63),
        (Family::LogProbit, -108.273_967, 13.900_847, 0.148_507_65),
        (Family::Gamma, -108.272_256, 11.734_245, 0.148_761_93),
        (Family::Logistic, -111.913_028, 27.137_406, 0.010_607_65),
        (Family::Probit, -111.564_539, 25.798_177, 0.015_030_25),
    ];
    let averaged = average(&data, &report, settings, 60, 3);
    let [one] = averaged.as_slice() else { panic!("one group") };
    for (family, likelihood, dose, weight) in reference {
        let fit = &report.fits.iter().find(|f| f.fit.spec.family == family).unwrap().fit;
        assert!((fit.log_likelihood - likelihood).abs() < 1e-5, "{family:?} {}", fit.log_likelihood);
        assert!((fit.dose[0] / dose - 1.0).abs() < 1e-3, "{family:?} {:?}", fit.dose);
        let ours = one.weights.iter().find(|(name, _)| *name == family.label()).unwrap().1;
        assert!((ours - weight).abs() < 1e-5, "{family:?} {ours}");
    }
    assert!((one.dose / 12.053_822_1 - 1.0).abs() < 1e-4, "{}", one.dose);
    // the bootstrap: about the dose, wider when more confidence is asked, the same for the same seed
    assert!(one.rounds > 50 && one.low < one.dose && one.dose < one.high, "{one:?}");
    assert_eq!(average(&data, &report, settings, 60, 3), averaged);
    let wider = average(&data, &report, Settings { confidence: 0.95, ..settings }, 60, 3);
    assert!(wider[0].low <= one.low && one.high <= wider[0].high);
}

#[test]
fn a_larger_model_must_earn_its_parameters_by_the_margin() {
    // two sexes of the same animals, the second more and more sensitive; invented
    let doses = [0.0, 10.0, 30.0, 100.0];
    let affected = [2.0, 5.0, 14.0, 31.0];
    let (mut larger, mut kept) = (0, 0);
    for more in [0.0, 2.0, 4.0, 6.0, 8.0] {
        let point = |(dose, y): (&f64, &f64), group: usize, more: f64| {
            let y = if *dose > 0.0 { y + more } else { *y };
            Point { dose: *dose, y, n: 50.0, spread: 0.0, below: false, group }
        };
        let sex = |group: usize, more: f64| {
            doses.iter().zip(&affected).map(move |pair| point(pair, group, more)).collect::<Vec<_>>()
        };
        let points = sex(0, 0.0).into_iter().chain(sex(1, more)).collect();
        let data = Data { quantal: true, points, groups: vec!["f".into(), "m".into()] };
        let best = |margin: f64| run(&data, Settings { response: 0.1, confidence: 0.9, margin }).unwrap();
        let (free, strict) = (best(0.0), best(2.0));
        for (free, strict) in free.fits.iter().zip(&strict.fits) {
            let (free, strict) = (&free.fit, &strict.fit);
            assert!(strict.aic <= free.aic + 2.0 * 3.0, "{:?} {more}", free.spec.family);
            larger += usize::from(free.parameters.len() > strict.parameters.len());
            kept += usize::from(free.parameters.len() == strict.parameters.len());
        }
    }
    // where the larger model lowers the AIC by less than the margin the smaller one stays, elsewhere both say the same
    assert!(larger > 0 && kept > 0, "{larger} {kept}");
}

#[test]
fn data_that_do_not_say_so_are_quantal_when_they_are_affected_among_so_many() {
    let table = |header: &[&str], rows: &[&[&str]]| {
        let mut t = risk::table::Table::with_header("t", header);
        rows.iter().for_each(|r| t.push(r.iter().map(|c| (*c).to_owned()).collect()));
        t
    };
    let columns = risk::dose::Columns::default();
    for (t, quantal) in [
        (table(&["dose", "affected", "N"], &[&["0", "1", "20"], &["10", "9", "20"]]), true),
        (table(&["dose", "mean", "N"], &[&["0", "1.5", "20"], &["10", "0.7", "20"]]), false),
        (table(&["dose", "mean", "N"], &[&["0", "31", "20"], &["10", "22", "20"]]), false),
        (table(&["dose", "mean", "SD", "N"], &[&["0", "1", "2", "20"], &["10", "9", "1", "20"]]), false),
        (table(&["dose", "weight"], &[&["0", "1"], &["10", "9"]]), false),
    ] {
        assert_eq!(risk::dose::is_quantal(&t, &columns).unwrap(), quantal, "{:?}", t.header());
    }
}

#[test]
fn a_wrong_number_of_animals_affected_is_named_and_never_read_as_a_mean() {
    let columns = risk::dose::Columns::default();
    for (text, reason) in [
        ("dose,affected,n\n0,5,50\n1,60,50\n5,20,50\n", "more affected than there are"),
        ("dose,incidence,n\n0,1.5,50\n1,6,50\n5,20,50\n", "whole number"),
    ] {
        let table = risk::table::Table::read("t", text.as_bytes()).unwrap();
        assert!(risk::dose::is_quantal(&table, &columns).unwrap(), "{text}");
        let quantal = risk::dose::Columns { quantal: true, ..columns.clone() };
        let error = risk::dose::data(&table, &quantal).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_curve_through_every_value_gives_no_interval_but_the_reason() {
    let settings = risk::dose::Settings { response: 0.05, confidence: 0.9, margin: 2.0 };
    for text in [
        "dose,mean,sd,n\n0,10,0,10\n1,10.5,0,10\n5,12,0,10\n20,15,0,10\n",
        "dose,mean,sd,n\n0,10,1,1\n1,10.5,1,1\n5,12,1,1\n",
    ] {
        let table = risk::table::Table::read("t", text.as_bytes()).unwrap();
        let data = risk::dose::data(&table, &risk::dose::Columns::default()).unwrap();
        assert!(matches!(risk::dose::run(&data, settings), Err(risk::dose::Error::NoSpread)), "{text}");
    }
}
