//! The procedures of the rulebook, and what the check finds in a broken one.

use crate::support::{OUTSIDE, effects};
use flow::{Definition, Vocabulary, check, draw};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn words(all: &[Definition]) -> Vocabulary {
    Vocabulary::new(effects().names().map(ToOwned::to_owned).chain(OUTSIDE.map(ToOwned::to_owned)), all)
}

#[test]
fn every_shipped_procedure_is_read_and_proved() {
    let all = flow::shipped().unwrap();
    assert!(all.len() >= 2);
    for d in &all {
        assert_eq!(check(d, &words(&all)), [], "{}", d.id);
        let svg = draw(d);
        for state in &d.states {
            assert!(svg.contains(&*state.title.zh), "{}: {}", d.id, state.id);
        }
        // no line runs out of its box
        let words =
            svg.split("<text x=\"40\"").skip(1).filter_map(|t| t.split_once("</text>")?.0.split_once('>'));
        for (_, line) in words.filter(|(size, _)| size.contains("\"12\"") || size.contains("\"10\"")) {
            assert!(line.chars().filter(|c| !c.is_ascii()).count() <= 30, "{}: {line}", d.id);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebook");
    assert_eq!(flow::load_all(&folder).unwrap(), all);
}

#[test]
fn the_picture_shows_each_clock_in_the_state_it_begins_with_its_length_and_clause() {
    let all = flow::shipped().unwrap();
    let d = all.iter().find(|d| d.id == "inspection").unwrap();
    for d in &all {
        let svg = draw(d);
        for c in &d.clocks {
            let title: String = c.title.zh.chars().take(12).collect();
            let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            assert!(svg.contains(&format!("⏱ {title}")), "{}: {}", d.id, c.id);
        }
    }
    let penalty = draw(all.iter().find(|d| d.id == "penalty_case").unwrap());
    assert!(penalty.contains("⏱ 缴纳罚款（当事人）：15 日"), "{penalty}");
    assert!(penalty.contains("中华人民共和国行政处罚法 第六十七条"));
    // where a person sets the day the picture names the fact
    assert!(draw(d).contains("至“整改期限”"), "{}", draw(d));
}

#[test]
fn a_version_is_the_hash_of_everything() {
    let hash = |d: Definition| flow::Procedure::compile(d).unwrap().hash;
    let d = flow::shipped().unwrap().remove(0);
    let mut other = d.clone();
    other.templates.values_mut().next().unwrap().push(' ');
    assert_eq!(hash(d.clone()), hash(d.clone()));
    assert_ne!(hash(d), hash(other));
}

#[test]
fn the_check_names_what_is_wrong() {
    let all = flow::shipped().unwrap();
    let words = words(&all);
    type Break = fn(&mut Definition);
    let cases: &[(Break, &str, &str)] = &[
        (|d| d.states[1].title.en = "".into(), "state.tracking", "a language is empty"),
        (|d| d.title.en = "处置".into(), "title", "en holds Chinese"),
        (|d| d.basis.clear(), "basis", "cite at least one clause"),
        (|d| d.states[0].initial = false, "state", "exactly one state is initial"),
        (|d| d.transitions.retain(|t| t.id != "conclude"), "state.concluded", "no transition leads here"),
        (
            |d| {
                d.transitions.retain(|t| {
                    !matches!(
                        t.id.as_str(),
                        "close" | "retest_overturned" | "overturned_by_retest" | "end_corrected"
                    )
                })
            },
            "state.concluded",
            "no way leads",
        ),
        (|d| d.clocks.retain(|c| c.task.is_some()), "state.concluded", "no clock runs here"),
        (|d| d.clocks[0].amount = 9, "clock.serve", "differs from row `SAM-08`"),
        (|d| d.clocks[0].basis.clause.clear(), "clock.serve", "cites no clause"),
        (|d| d.clocks[0].stop = vec!["enter:nowhere".into()], "clock.serve", "is not an event here"),
        (|d| d.transitions[2].guard = Some("facts.itme != null".into()), "transition.launch", "facts.itme"),
        (|d| d.transitions[2].refusal = None, "transition.launch", "a guard needs a refusal"),
        (|d| d.transitions[2].action = "press".into(), "transition.launch", "action `press`"),
        (
            |d| d.transitions[2].effects[0].run = "supply.scope".into(),
            "transition.launch",
            "no effect `supply.scope`",
        ),
        (|d| d.transitions[2].form = Some("lanch".into()), "transition.launch", "no form `lanch`"),
        (|d| d.transitions[2].documents.push("poster".into()), "transition.launch", "no document `poster`"),
        (|d| d.transitions[2].opens.push("recal".into()), "transition.launch", "no procedure `recal` here"),
        (|d| d.transitions[2].sets.push("weight".into()), "transition.launch", "sets `weight`"),
        (|d| d.tasks[0].agency = "markt".into(), "task.seal", "not a department"),
        (|d| d.templates.clear(), "document.notice", "is missing"),
        (|d| d.tables[0].rows.truncate(2), "table.level", "no row for facts.harm = label"),
        (|d| d.forms[0].fields[1].options.clear(), "form.service.method", "a select has options"),
    ];
    for (n, (spoil, place, problem)) in cases.iter().enumerate() {
        let mut d = all.iter().find(|d| d.id == "disposal").unwrap().clone();
        spoil(&mut d);
        let found = check(&d, &words);
        let hit = found.iter().any(|f| f.place.starts_with(place) && f.problem.contains(problem));
        assert!(hit, "case {n}: wanted {place}: {problem}, found {found:#?}");
    }
}

#[test]
fn a_code_is_read_as_words_on_pages_in_titles_and_in_papers() {
    let all = flow::shipped().unwrap();
    let words = words(&all);
    let of = |id: &str| all.iter().find(|d| d.id == id).unwrap().clone();
    let said = |d: &Definition| check(d, &words).into_iter().map(|f| f.to_string()).collect::<Vec<_>>();
    // a code a table writes
    let mut d = of("incident");
    d.facts.iter_mut().find(|f| f.id == "level").unwrap().options.clear();
    assert!(
        said(&d).iter().any(|f| f.starts_with("fact.level: the code `none` has no words")),
        "{:?}",
        said(&d)
    );
    // one an effect sets, one another file tells
    let mut d = of("disposal");
    d.facts.iter_mut().find(|f| f.id == "recheck").unwrap().options.clear();
    assert!(said(&d).iter().any(|f| f.contains("the code `pending` has no words")), "{:?}", said(&d));
    let mut d = of("recall");
    d.facts.iter_mut().find(|f| f.id == "harm").unwrap().options.clear();
    assert!(said(&d).iter().any(|f| f.contains("the code `serious` has no words")), "{:?}", said(&d));
    // every choice of every procedure, printed as it is stored in each paper and title
    for d in &all {
        let chosen = |f: &&flow::Fact| {
            !f.options.is_empty()
                || d.forms.iter().filter_map(|x| x.field(&f.id)).any(|x| !x.options.is_empty())
        };
        let chosen: Vec<&str> = d.facts.iter().filter(chosen).map(|f| f.id.as_str()).collect();
        let mut raw = d.clone();
        for text in raw.templates.values_mut() {
            chosen.iter().for_each(|fact| text.push_str(&format!("{{{{ facts.{fact} }}}}")));
        }
        let said = said(&raw);
        for (file, fact) in d.templates.keys().flat_map(|file| chosen.iter().map(move |fact| (file, fact))) {
            let want = format!("templates/{file}: prints the code of `facts.{fact}`");
            assert!(said.iter().any(|f| f.starts_with(&want)), "{}: {want}", d.id);
        }
    }
    // several chosen are read one after the other
    let d = of("recall");
    let harm = d.facts.iter().find(|f| f.id == "harm").unwrap();
    let several = d.words(harm, &serde_json::json!(["serious", "label"])).unwrap();
    assert!(several.zh.contains("、") && several.en.contains(", "), "{several:?}");
    assert_eq!(d.words(harm, &serde_json::json!("unknown")), None);
}

#[test]
fn a_clock_is_held_against_the_table_of_its_own_rulebook() {
    let all = flow::shipped().unwrap();
    let mut d = all.iter().find(|d| d.id == "complaint").unwrap().clone();
    let clock = d.clocks.iter_mut().find(|c| c.law.as_deref() == Some("CMP-02")).unwrap();
    let (old, new) = (clock.amount, clock.amount + 15);
    clock.amount = new;
    let mut words = words(&all);
    let found = check(&d, &words);
    assert!(found.len() == 1 && found[0].departs_from_law(), "{found:?}");
    // the draft changes the row as well: nothing to say; the file in force departs from the draft's table instead
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebook/cn/clocks/deadlines.csv");
    let table = std::fs::read_to_string(folder).unwrap();
    let row = table.lines().find(|l| l.starts_with("CMP-02,")).unwrap();
    let changed = table.replace(row, &row.replacen(&format!(",{old},"), &format!(",{new},"), 1));
    assert_ne!(changed, table);
    words.clocks = Some(base::clock::Rules::parse(&changed).unwrap());
    assert_eq!(check(&d, &words), []);
    let found = check(all.iter().find(|d| d.id == "complaint").unwrap(), &words);
    assert!(found.len() == 1 && found[0].departs_from_law(), "{found:?}");
    assert!(
        !flow::Finding { place: "state".into(), problem: "no clock runs here".into() }.departs_from_law()
    );
}

#[test]
fn a_random_inspection_is_made_by_a_draw_and_chosen_by_nobody() {
    let all = flow::shipped().unwrap();
    let d = all.iter().find(|d| d.id == "inspection").unwrap();
    let form = d.form(d.opening.as_ref().unwrap().form.as_deref().unwrap()).unwrap();
    let kind = form.field("kind").unwrap();
    assert!(kind.options.len() > 1 && kind.options.iter().all(|o| o.id != "random"), "{kind:?}");
    // a draw writes it, and it is read in words
    let fact = d.facts.iter().find(|f| f.id == "kind").unwrap();
    assert_eq!(d.words(fact, &serde_json::json!("random")).unwrap().zh, "双随机抽查");
}

#[test]
fn what_makes_a_drill_is_said_at_the_opening_and_never_changes() {
    let all = flow::shipped().unwrap();
    let words = words(&all);
    type Break = fn(&mut Definition);
    let cases: &[(Break, &str, &str)] = &[
        (|d| d.drill = Some("exercise".into()), "drill", "no fact `exercise`"),
        (|d| d.drill = Some("place".into()), "drill", "of type yes_no"),
        (
            |d| d.opening.as_mut().unwrap().sets.retain(|s| s != "drill"),
            "drill",
            "the opening must set `drill`",
        ),
        (|d| d.transitions[0].sets.push("drill".into()), "transition.", "a drill stays a drill"),
    ];
    for (n, (spoil, place, problem)) in cases.iter().enumerate() {
        let mut d = all.iter().find(|d| d.drill.is_some()).unwrap().clone();
        spoil(&mut d);
        let found = check(&d, &words);
        let hit = found.iter().any(|f| f.place.starts_with(place) && f.problem.contains(problem));
        assert!(hit, "case {n}: wanted {place}: {problem}, found {found:#?}");
    }
}

#[test]
fn whoever_takes_a_step_sees_the_matter() {
    let all = flow::shipped().unwrap();
    let mut d = all.iter().find(|d| d.id == "inspection").unwrap().clone();
    d.states.iter_mut().find(|s| s.id == "served").unwrap().unseen = true;
    let found = check(&d, &words(&all));
    let hit =
        |f: &flow::Finding| f.place == "state.served" && f.problem.contains("so it must see the matter");
    assert!(found.iter().any(hit), "{found:#?}");
}

#[test]
fn papers_a_step_asks_for_exist_can_be_made_and_rest_on_a_clause() {
    let all = flow::shipped().unwrap();
    let words = words(&all);
    type Break = fn(&mut flow::PaperRule);
    let cases: &[(Break, &str)] = &[
        (|p| p.document = Some("notise".into()), "no document `notise`"),
        (|p| p.form = Some("evidence".into()), "either a document or a form"),
        (|p| p.document = None, "either a document or a form"),
        (|p| (p.document, p.form) = (None, Some("evidense".into())), "no form `evidense`"),
        (|p| p.document = Some("report".into()), "for the party or the public is served"),
        (|p| p.document = Some("decision".into()), "no other step brings it"),
        (|p| p.field = Some("files".into()), "no field of its form"),
        (|p| p.when = Some("facts.finne != null".into()), "facts.finne"),
        (|p| p.basis.clause.clear(), "cites no clause"),
    ];
    for (n, (spoil, problem)) in cases.iter().enumerate() {
        let mut d = all.iter().find(|d| d.id == "penalty_case").unwrap().clone();
        let decide = d.transitions.iter_mut().find(|t| t.id == "decide").unwrap();
        spoil(decide.papers.iter_mut().find(|p| p.served).unwrap());
        let found = check(&d, &words);
        let hit = |f: &flow::Finding| {
            f.place.starts_with("transition.decide.paper.1") && f.problem.contains(problem)
        };
        assert!(found.iter().any(hit), "case {n}: wanted {problem}, found {found:#?}");
    }
}

#[test]
fn a_day_follows_what_is_known_and_rows_differ_in_a_column_that_stands() {
    let all = flow::shipped().unwrap();
    let words = words(&all);
    type Break = fn(&mut flow::Field);
    let cases: &[(&str, &str, Break, &str)] = &[
        ("decision", "decided_on", |f| f.since = Some("filing".into()), "`filing` is none"),
        (
            "decision",
            "outcome",
            |f| f.since = Some("opened".into()),
            "only a date of the form itself follows",
        ),
        ("decision", "decided_on", |f| f.ahead = true, "not in the past lies ahead"),
        ("filing", "officers", |f| f.distinct = Some("badge".into()), "`badge` is none"),
        ("source", "respondent", |f| f.when = None, "the free name is asked only `when` there is none"),
    ];
    for (form, field, spoil, problem) in cases {
        let mut d = all.iter().find(|d| d.id == "penalty_case").unwrap().clone();
        let form = d.forms.iter_mut().find(|f| f.id == *form).unwrap();
        spoil(form.fields.iter_mut().find(|f| f.id == *field).unwrap());
        let found = check(&d, &words);
        assert!(found.iter().any(|f| f.problem.contains(problem)), "wanted {problem}, found {found:#?}");
    }
}

#[test]
fn a_clock_ends_on_a_day_whatever_begins_it_asks_for_and_no_day_comes_too_soon() {
    let all = flow::shipped().unwrap();
    let words = words(&all);
    type Break = fn(&mut Definition);
    fn clock(d: &mut Definition) -> &mut flow::ClockUse {
        d.clocks.iter_mut().find(|c| c.id == "correct").unwrap()
    }
    let cases: &[(&str, Break, &str, &str)] = &[
        ("inspection", |d| clock(d).until = Some("by_when".into()), "clock.correct", "until names no fact"),
        ("inspection", |d| clock(d).until = None, "clock.correct", "amount must be at least 1"),
        ("inspection", |d| clock(d).unit = base::clock::Unit::Hour, "clock.correct", "hours end at a moment"),
        (
            "inspection",
            |d| d.transitions.iter_mut().find(|t| t.id == "order").unwrap().sets.clear(),
            "transition.order",
            "begins the clock `correct`, which ends on `correct_by`",
        ),
        (
            "inspection",
            |d| d.forms.iter_mut().find(|f| f.id == "again").unwrap().fields[0].required = false,
            "transition.recheck_fail",
            "begins the clock `correct`",
        ),
        ("penalty_case", |d| d.earliest[0].amount = 5, "earliest.hearing", "differs from row `PEN-07`"),
        ("penalty_case", |d| d.earliest[0].fact = "hearing".into(), "earliest.hearing", "no fact `hearing`"),
        (
            "penalty_case",
            |d| d.earliest[0].document = Some("call".into()),
            "earliest.hearing",
            "no document `call`",
        ),
        ("penalty_case", |d| d.earliest[0].steps.push("hear".into()), "earliest.hearing", "no step `hear`"),
        ("penalty_case", |d| d.earliest[0].basis.clause.clear(), "earliest.hearing", "cites no clause"),
    ];
    for (n, (of, spoil, place, problem)) in cases.iter().enumerate() {
        let mut d = all.iter().find(|d| d.id == *of).unwrap().clone();
        assert_eq!(check(&d, &words), [], "case {n}: the file as shipped has no fault");
        spoil(&mut d);
        let found = check(&d, &words);
        let hit = found.iter().any(|f| f.place.starts_with(place) && f.problem.contains(problem));
        assert!(hit, "case {n}: wanted {place}: {problem}, found {found:#?}");
    }
    // an overlay neither shortens the time before a hearing nor leaves an end to a person that the nation limits
    let nation = all.iter().find(|d| d.id == "penalty_case").unwrap();
    let mut overlay = nation.clone();
    overlay.earliest[0].amount = 5;
    let pay = overlay.clocks.iter_mut().find(|c| c.id == "pay").unwrap();
    (pay.until, pay.amount) = (Some("served_on".into()), 0);
    let places: Vec<String> = flow::check_overlay(nation, &overlay).into_iter().map(|f| f.place).collect();
    assert_eq!(places, ["clock.pay", "earliest.hearing"]);
}

#[test]
fn a_file_that_cannot_be_read_names_file_key_and_remedy() {
    let whole = "id = \"x\"\nvalid_from = \"2026-01-01\"\nsubject = \"lot\"\nagency = \"market\"\nclassification = 1\n\
                 basis = []\nstate = []\ntransition = []\ntitle = { zh = \"甲\", en = \"A\" }\n";
    let read = |toml: &str, more: &[(&str, &str)]| {
        let mut files = BTreeMap::from([("procedure.toml".to_owned(), toml.to_owned())]);
        files.extend(more.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())));
        flow::load("x", &files)
    };
    assert!(read(whole, &[]).is_ok());
    for (toml, more, wanted) in [
        (
            whole.replace("en = \"A\"", "eng = \"A\""),
            &[][..],
            ["x/procedure.toml", "unknown field `eng`", "spelling"],
        ),
        (
            whole.replace(", en = \"A\"", ""),
            &[],
            ["x/procedure.toml", "missing field `en`", "both zh and en"],
        ),
        (format!("{whole}colour = 1\n"), &[], ["line 10", "unknown field `colour`", "remove the key"]),
        (
            whole.replace("id = \"x\"", "id = \"y\""),
            &[],
            ["x/procedure.toml", "id is `y`", "like its folder"],
        ),
        (whole.to_owned(), &[("notes.txt", "")], ["x/notes.txt", "no such file", "only"]),
        (
            whole.to_owned(),
            &[("forms.toml", "[[form]]\nid = 1")],
            ["x/forms.toml", "line 2", "correct the value"],
        ),
    ] {
        let said = read(&toml, more).unwrap_err().to_string();
        for part in wanted {
            assert!(said.contains(part), "{said} lacks {part}");
        }
    }
}
