//! `shian rulebook`: every law fact the program ships, checked as a whole; procedures as pictures.

use super::{Outcome, Usage, whatif};
use crate::cli::RulebookCommand;
use crate::{effects, out};
use access::Vault;
use base::calendar::Calendar;
use base::region::Regions;
use limits::Rules;
use paper::document::Template;
use serde_json::json;
use std::path::Path;

/// `shian rulebook`
pub(crate) fn run(command: RulebookCommand) -> Outcome {
    match command {
        RulebookCommand::Check { folder } => check(folder.as_deref()),
        RulebookCommand::Draw { procedure, region } => {
            draw(&procedure, region.as_deref().unwrap_or_default())
        }
        RulebookCommand::Whatif(args) => super::block(whatif::whatif(args)),
        RulebookCommand::Xlsform { file } => whatif::xlsform(&file),
    }
}

/// Collects findings; prints each as it comes.
#[derive(Default)]
struct Findings(usize);

impl Findings {
    fn add(&mut self, part: &str, place: &str, problem: &str) {
        self.0 += 1;
        out::json(&json!({ "part": part, "place": place, "problem": problem }));
    }
}

fn check(folder: Option<&Path>) -> Outcome {
    let mut found = Findings::default();
    let clocks = clocks(&mut found, folder);
    let law = clocks.as_ref().unwrap_or_else(|| base::clock::Rules::builtin()).iter().count();
    let (procedures, templates) = procedures(&mut found, folder, clocks);
    let rules = limit_rows(&mut found);
    let policies = match access::Access::new(Vault::from_key([0; 32])) {
        Ok(access) => access.policies().len(),
        Err(e) => {
            found.add("policies", "policies", &e.to_string());
            0
        }
    };
    let years = calendar(&mut found);
    let regions = regions(&mut found);
    out::json(&json!({
        "findings": found.0, "procedures": procedures, "templates": templates, "effects": effects::names(),
        "editions": Rules::builtin().editions().len(), "limit_rows": rules, "limits_hash": Rules::builtin().hash(),
        "policies": policies, "calendar_years": years, "regions": regions, "clocks": law,
    }));
    Ok(found.0 == 0)
}

/// The table of clocks of a folder; `None` where it has none of its own, and the one built in counts.
fn clocks(found: &mut Findings, folder: Option<&Path>) -> Option<base::clock::Rules> {
    const TABLE: &str = "cn/clocks/deadlines.csv";
    let file = folder?.join(TABLE);
    let read = || {
        let text = std::fs::read_to_string(&file).map_err(|e| e.to_string())?;
        base::clock::Rules::parse(&text).map_err(|e| e.to_string())
    };
    match file.exists().then(read)? {
        Ok(rules) => Some(rules),
        Err(problem) => {
            found.add("clocks", TABLE, &problem);
            None
        }
    }
}

/// Procedures with their guards, clocks, effects, forms and templates: those built in, or those of a folder.
fn procedures(
    found: &mut Findings,
    folder: Option<&Path>,
    clocks: Option<base::clock::Rules>,
) -> (usize, usize) {
    let definitions = match folder.map_or_else(flow::shipped, flow::load_all) {
        Ok(definitions) => definitions,
        Err(e) => {
            found.add("procedures", &e.file, &format!("{}; {}", e.problem, e.remedy));
            return (0, 0);
        }
    };
    if definitions.is_empty() {
        let problem = "there is no procedure here; name the folder of a rulebook, with cn/procedures in it";
        found.add("procedures", "cn/procedures", problem);
    }
    let words = flow::Vocabulary { clocks, ..effects::vocabulary(&definitions) };
    let mut templates = 0;
    for d in &definitions {
        let folder =
            if d.jurisdiction.is_empty() { d.id.clone() } else { format!("cn-{}/{}", d.jurisdiction, d.id) };
        for finding in effects::findings(d, &definitions, &words) {
            found.add("procedures", &format!("{folder}/{}", file_of(&finding.place)), &finding.problem);
        }
        if let Some(title) = d.opening.as_ref().and_then(|o| o.title.clone()) {
            let template = Template { title, zh: String::new(), en: String::new() };
            match template.check() {
                Err(e) => found.add("templates", &format!("{folder}/opening.title"), &e.to_string()),
                Ok(names) => {
                    for name in names.iter().filter(|n| !known(d, n)) {
                        let problem = format!("`{name}` is nothing a title may name");
                        found.add("templates", &format!("{folder}/opening.title"), &problem);
                    }
                }
            }
        }
        for rule in &d.documents {
            let body = |lang: &str| d.templates.get(&format!("{}.{lang}.html", rule.template)).cloned();
            let (Some(zh), Some(en)) = (body("zh"), body("en")) else { continue };
            templates += 1;
            let template = Template { title: rule.title.clone(), zh, en };
            let place = format!("{}/templates/{}", d.id, rule.template);
            match template.check() {
                Err(e) => found.add("templates", &place, &e.to_string()),
                Ok(names) => {
                    for name in names.iter().filter(|n| !known(d, n)) {
                        found.add("templates", &place, &format!("`{name}` is nothing a template may name"));
                    }
                }
            }
        }
    }
    (definitions.len(), templates)
}

/// The file a finding stands in, before its key.
fn file_of(place: &str) -> String {
    let file = if place.starts_with("form.") { "forms.toml" } else { "procedure.toml" };
    if place.starts_with("templates/") { place.to_owned() } else { format!("{file}: {place}") }
}

/// What a template of a procedure may name.
fn known(d: &flow::Definition, name: &str) -> bool {
    const MATTER: [&str; 11] = [
        "id",
        "title_zh",
        "title_en",
        "region_zh",
        "region_en",
        "agency_zh",
        "agency_en",
        "office_zh",
        "office_en",
        "subject",
        "opened",
    ];
    match name.split_once('.') {
        None => matches!(name, "today" | "matter" | "facts" | "words"),
        Some(("matter", field)) => MATTER.contains(&field),
        Some(("facts", fact)) => d.facts.iter().any(|f| f.id == fact),
        // what the codes of a fact mean, in one language
        Some(("words", fact)) if !fact.contains('.') => known(d, &format!("words.{fact}.zh")),
        Some(("words", rest)) => rest.split_once('.').is_some_and(|(fact, lang)| {
            let chosen = || d.forms.iter().filter_map(|f| f.field(fact)).any(|f| !f.options.is_empty());
            matches!(lang, "zh" | "en")
                && d.facts.iter().any(|f| f.id == fact && (!f.options.is_empty() || chosen()))
        }),
        Some(_) => false,
    }
}

/// Rows of the limits: each must have a clause, a food that its tree knows, and a limit; editions must not overlap.
fn limit_rows(found: &mut Findings) -> usize {
    let rules = Rules::builtin();
    let mut rows = 0;
    for edition in rules.editions() {
        let place = |row: &str| format!("{}/{row}", edition.id);
        if edition.to.is_some_and(|to| to < edition.from) {
            found.add("limits", &edition.id, "it ends before it begins");
        }
        let mut ids = std::collections::BTreeSet::new();
        for rule in &edition.rules {
            rows += 1;
            if !ids.insert(rule.id.as_str()) {
                found.add("limits", &place(&rule.id), "two rows have this id");
            }
            if rule.clause.is_empty() {
                found.add("limits", &place(&rule.id), "the row cites no clause");
            }
            if rule.include.is_empty() && rule.conditions.is_empty() {
                found.add("limits", &place(&rule.id), "the row covers no class of food");
            }
            if rule.printed.is_empty() {
                found.add("limits", &place(&rule.id), "the row has no limit");
            }
        }
        let twin = rules.editions().iter().find(|other| {
            // Parts of one edition stand side by side.
            other.standard == edition.standard
                && other.edition != edition.edition
                && other.from > edition.from
                && edition.to.is_none_or(|to| to >= other.from)
        });
        if let Some(twin) = twin {
            let problem = format!("in force together with {}; end this one the day before", twin.id);
            found.add("limits", &edition.id, &problem);
        }
    }
    rows
}

/// Years the calendar declares; the current one must be among them.
fn calendar(found: &mut Findings) -> Vec<i16> {
    let calendar = Calendar::builtin();
    let today = crate::province::now().china_date();
    let years: Vec<i16> = (2000..2100)
        .filter(|y| jiff::civil::Date::new(*y, 6, 1).is_ok_and(|d| calendar.is_declared(d)))
        .collect();
    if !calendar.is_declared(today) {
        found.add(
            "calendar",
            &today.year().to_string(),
            "the holidays of this year are not declared: due dates are provisional",
        );
    }
    years
}

/// Regions: each below one that exists.
fn regions(found: &mut Findings) -> usize {
    let regions = Regions::builtin();
    let mut count = 0;
    for region in regions.within(&base::RegionCode::nation()) {
        count += 1;
        let mut above = region.code.parent();
        // county-level units directly below a province have no prefecture
        while let Some(code) = above.take() {
            if regions.get(&code).is_some() || code.as_str().is_empty() {
                above = Some(code);
                break;
            }
            above = code.parent();
        }
        if above.is_none() && !region.code.as_str().is_empty() {
            found.add("regions", region.code.as_str(), "no region above it is known");
        }
        if region.name.zh.is_empty() || region.name.en.is_empty() {
            found.add("regions", region.code.as_str(), "a name is missing in one language");
        }
    }
    count
}

fn draw(procedure: &str, region: &str) -> Outcome {
    let definitions = flow::shipped()?;
    let of =
        |jurisdiction: &str| definitions.iter().find(|d| d.id == procedure && d.jurisdiction == jurisdiction);
    let Some(found) = of(region).or_else(|| of("")) else {
        let known: std::collections::BTreeSet<&str> = definitions.iter().map(|d| d.id.as_str()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Usage(format!("there is no procedure `{procedure}`; there are: {known}")).into());
    };
    out::line(flow::draw(found).trim_end());
    Ok(true)
}
