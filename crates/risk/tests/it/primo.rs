//! The deterministic equations: every branch of IESTI, EFSA's printed figures, PRIMo's recalculated scenarios.

use crate::shared::{close, folder, table};
use risk::exposure::iesti::{self, Case, Portion};
use risk::exposure::primo::{POPULATIONS, Scenario, Sources, Tables, report};
use std::path::Path;

#[test]
fn iesti_of_every_branch_and_boundary_agrees_to_the_printed_digit() {
    let Some(dir) = folder("iesti") else { return };
    let given = table(&dir.join("iesti_cases.csv"));
    let found = iesti::table(&given).unwrap();
    for (given, found) in given.rows().zip(found.rows()) {
        for column in ["case", "iesti_ug_per_kg_bw", "pct_arfd", "iesti_new_ug_per_kg_bw"] {
            let (expected, found) = (given.text(column).unwrap(), found.text(column).unwrap());
            assert_eq!(found, expected, "{column} of {}", given.text("id").unwrap());
        }
    }
    assert_eq!(given.len(), 48);
}

fn sources(dir: &Path) -> Sources {
    let read = |name: String| std::fs::read_to_string(dir.join(name)).unwrap();
    Sources {
        acute: POPULATIONS.map(|who| read(format!("acute_{who}.csv"))),
        processed: POPULATIONS.map(|who| read(format!("processed_{who}.csv"))),
        diets: read("chronic_diets_g_per_kg_bw.csv".into()),
        hierarchy: read("mrl_hierarchy.csv".into()),
    }
}

#[test]
fn published_shares_of_the_acute_reference_dose_are_reproduced() {
    let (Some(dir), Some(primo)) = (folder("iesti"), folder("primo2")) else { return };
    let children = table(&primo.join("acute_children.csv"));
    for row in table(&dir.join("published_imazalil_2017.csv")).rows() {
        let code = row.text("code").unwrap();
        let food = children.rows().find(|food| food.text("code") == Ok(code)).unwrap();
        let portion = Portion {
            case: Case::parse(food.text("case").unwrap()).unwrap(),
            grams: food.number("large_portion_g").unwrap(),
            unit_g: food.number("unit_weight_g").unwrap(),
            variability: food.number("variability_factor").unwrap(),
            body_weight_kg: food.number("body_weight_kg").unwrap(),
        };
        let residue = row.number("residue_that_reproduces_it_mg_per_kg").unwrap();
        let percent =
            portion.intake(residue, 1.0) / 1000.0 / row.number("arfd_mg_per_kg_bw").unwrap() * 100.0;
        let published = row.text("published_pct_arfd").unwrap();
        assert_eq!(format!("{percent:.1}"), published, "{code}");
    }
}

#[test]
fn the_scenarios_of_primo_2_agree_to_1e_9_in_every_cell() {
    let Some(dir) = folder("primo2") else { return };
    let mut tables = Tables::read(&sources(&dir)).unwrap();
    let mut scenarios: Vec<_> =
        std::fs::read_dir(dir.join("scenarios")).unwrap().map(|entry| entry.unwrap().path()).collect();
    scenarios.sort();
    for scenario in &scenarios {
        for (at, who) in POPULATIONS.iter().enumerate() {
            tables.complete(at, &table(&scenario.join(format!("expected_processed_{who}.csv")))).unwrap();
        }
    }
    for scenario in &scenarios {
        let input = Scenario::read(&table(&scenario.join("input.csv"))).unwrap();
        let mut cells = 0;
        for (name, found) in report(&tables, &input) {
            let expected = table(&scenario.join(format!("expected_{name}.csv")));
            assert_eq!(found.len(), expected.len(), "rows of {name} in {}", scenario.display());
            let key = |row: &risk::table::Row<'_>| {
                let columns = found
                    .header()
                    .iter()
                    .filter(|column| ["code", "raw_code", "processed", "diet"].contains(&column.as_str()));
                columns.map(|column| row.text(column).unwrap().to_owned()).collect::<Vec<_>>()
            };
            for row in expected.rows() {
                let mine = found.rows().find(|mine| key(mine) == key(&row)).unwrap();
                for column in expected.header() {
                    let (text, other) = (row.text(column).unwrap(), mine.text(column).unwrap());
                    let same = match (text.parse::<f64>(), other.parse::<f64>()) {
                        // twelve decimals are printed
                        (Ok(text), Ok(other)) => close(other, text, 1e-9) || (other - text).abs() <= 6e-13,
                        _ => text == other,
                    };
                    assert!(
                        same,
                        "{} {name} {:?} {column}: {other} instead of {text}",
                        scenario.display(),
                        key(&row)
                    );
                    cells += 1;
                }
            }
        }
        eprintln!("{}: {cells} cells", scenario.file_name().unwrap().display());
    }
}

#[test]
fn no_acute_assessment_is_made_where_none_is_necessary_and_the_adi_stands_in_for_a_missing_dose() {
    let Some(dir) = folder("primo2") else { return };
    let tables = Tables::read(&sources(&dir)).unwrap();
    let read = |arfd: &str| {
        let text = format!("key,value\nadi_mg_per_kg_bw,0.01\n{arfd}\nloq_mg_per_kg,0.01\nmrl:130010,1\n");
        report(
            &tables,
            &Scenario::read(&risk::table::Table::read("input.csv", text.as_bytes()).unwrap()).unwrap(),
        )
    };
    let rows = |report: &[(String, risk::table::Table)]| {
        report.iter().map(|(_, table)| table.len()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&read("arfd_mg_per_kg_bw,n.n.")), [0, 0, 0, 0, 27]);
    assert_eq!(read("arfd_mg_per_kg_bw,"), read("arfd_mg_per_kg_bw,0.01"));
}
