//! Who ate what: a generated survey for demonstration, and surveys that a province uploads.

use crate::Error;
use crate::foods::{Food, Foods, Places};
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text};
use ledger::{Context, Entry};
use risk::table::{Row, Table, TableError, digits};
use sha2::{Digest as _, Sha256};
use stats::random::{Purpose, Stream};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use store::{Sql, Store, Tx};

/// People of the generated survey.
const PEOPLE: usize = 1200;
/// Days of each.
const DAYS: usize = 2;
/// Most people of an uploaded survey.
pub const MOST_PEOPLE: usize = 50_000;

const PERSON: Purpose = Purpose::of("generated survey: person");

/// A survey ready for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// `demo`, or the id of an upload.
    pub id: String,
    /// Name.
    pub title: Text,
    /// Made up by a program; nobody's diary.
    pub generated: bool,
    /// People.
    pub persons: usize,
    /// Days of each.
    pub days: usize,
    /// SHA-256 of both tables.
    pub sha256: String,
    /// CSV of people.
    pub people: String,
    /// CSV of what they ate.
    pub consumption: String,
}

impl Survey {
    /// The generated survey of the rulebook: the same everywhere.
    #[must_use]
    pub fn generated() -> Arc<Self> {
        static ONE: OnceLock<Arc<Survey>> = OnceLock::new();
        ONE.get_or_init(|| Arc::new(generate(&Foods::builtin().all))).clone()
    }

    /// Reads an uploaded survey: a row a food eaten, with `person`, `day`, `food`, `grams`, `body_weight_kg`, and `age` (or `age_group`),
    /// `sex`, `weight`, `region` where there are. Persons are numbered anew: what identified them is not kept.
    ///
    /// # Errors
    /// [`Error::Rows`] with every wrong row (at most fifty), naming column and remedy.
    pub fn read(title: &str, bytes: &[u8]) -> Result<Self, Error> {
        let table = Table::read("survey.csv", bytes).map_err(|e| Error::Rows(vec![fault(&e)]))?;
        let mut faults = Vec::new();
        table
            .require(&["person", "day", "food", "grams", "body_weight_kg"])
            .map_err(|e| Error::Rows(vec![fault(&e)]))?;
        let mut reader = Reader::default();
        for row in table.rows() {
            if let Err(text) = reader.take(&row) {
                faults.push(text);
                if faults.len() == 50 {
                    break;
                }
            }
        }
        if reader.people.is_empty() && faults.is_empty() {
            faults.push(Text::of("文件里没有数据行", "the file holds no row of data"));
        }
        if reader.people.len() > MOST_PEOPLE {
            faults.push(Text::new(
                format!("人数超过 {MOST_PEOPLE}，请抽取子样本"),
                format!("more than {MOST_PEOPLE} people: upload a subsample"),
            ));
        }
        if !faults.is_empty() {
            return Err(Error::Rows(faults));
        }
        Ok(reader.done(title))
    }
}

impl Survey {
    /// The survey as one table that could be uploaded again.
    #[must_use]
    pub fn joined(&self) -> String {
        let read = |text: &str| Table::read("survey", text.as_bytes()).unwrap_or_default();
        let (people, eaten) = (read(&self.people), read(&self.consumption));
        let mut out = Table::with_header(
            "survey",
            &["person", "day", "body_weight_kg", "age", "sex", "weight", "food", "grams"],
        );
        let mut of: BTreeMap<&str, Vec<[&str; 3]>> = BTreeMap::new();
        for row in eaten.rows() {
            of.entry(row.cell(0)).or_default().push([row.cell(1), row.cell(2), row.cell(3)]);
        }
        for person in people.rows() {
            let nothing = vec![["1", "", ""]];
            for [day, food, grams] in of.get(person.cell(0)).unwrap_or(&nothing) {
                let cells = [
                    person.cell(0),
                    day,
                    person.cell(1),
                    person.cell(2),
                    person.cell(3),
                    person.cell(4),
                    food,
                    grams,
                ];
                out.push(cells.map(ToOwned::to_owned).to_vec());
            }
        }
        out.to_csv()
    }
}

/// What is wrong with a table, in both languages.
fn fault(e: &TableError) -> Text {
    let zh = match e {
        TableError::Unreadable { .. } => "文件无法按 CSV 读取：请另存为 UTF-8 编码、带表头的 CSV".to_owned(),
        TableError::Heading(e) => return e.text(),
        TableError::Cell { row, column, value, .. } => {
            format!("第 {row} 行 {column} 列：“{value}”不合要求，请填写有效的值")
        }
    };
    Text::new(zh, e.to_string())
}

#[derive(Default)]
struct Person {
    number: usize,
    body_weight: f64,
    age: Option<f64>,
    sex: String,
    weight: f64,
}

#[derive(Default)]
struct Reader {
    people: BTreeMap<String, Person>,
    days: BTreeMap<String, usize>,
    eaten: Vec<(usize, usize, &'static str, f64)>,
    places: Places,
}

impl Reader {
    fn take(&mut self, row: &Row<'_>) -> Result<(), Text> {
        let say = |e: TableError| fault(&e);
        let name = row.word("person").map_err(say)?;
        let body_weight = row.positive("body_weight_kg").map_err(say)?;
        let age = match row.optional("age").map_err(say)? {
            Some(age) => Some(age),
            None => group_start(row.text("age_group").unwrap_or_default()),
        };
        let weight = row.optional("weight").map_err(say)?.unwrap_or(1.0);
        if weight < 0.0 {
            return Err(say(row.fault("weight", "must be 0 or more")));
        }
        let sex = row.text("sex").unwrap_or_default().to_owned();
        let next = self.people.len() + 1;
        let known = self.people.entry(name.to_owned()).or_insert_with(|| Person {
            number: next,
            body_weight,
            age,
            sex,
            weight,
        });
        if (known.body_weight - body_weight).abs() > 1e-9 {
            return Err(say(row.fault(
                "body_weight_kg",
                "differs from an earlier row of this person: give one weight a person",
            )));
        }
        let number = known.number;
        let day = row.word("day").map_err(say)?;
        let next = self.days.len() + 1;
        let day = *self.days.entry(day.to_owned()).or_insert(next);
        let said = row.text("food").map_err(say)?;
        if said.is_empty() {
            // a day on which nothing of the foods asked about was eaten
            return Ok(());
        }
        let grams = row.amount("grams").map_err(say)?;
        let place = self.places.of(said).ok_or_else(|| {
            Text::new(
                format!("第 {} 行 food 列：“{said}”不在食品目录中；请用 rulebook/cn/consumption/foods.toml 的编号或名称，或食品分类中的名称", row.at() + 2),
                format!("row {}, column food: {said:?} is not known; use an id or name of rulebook/cn/consumption/foods.toml or a name of the food tree", row.at() + 2),
            )
        })?;
        self.eaten.push((number, day, place.id.as_str(), grams));
        Ok(())
    }

    fn done(self, title: &str) -> Survey {
        let mut people: Vec<&Person> = self.people.values().collect();
        people.sort_by_key(|p| p.number);
        let mut table = Table::with_header("persons", &["person", "body_weight_kg", "age", "sex", "weight"]);
        for p in people {
            let cells = [
                p.number.to_string(),
                digits(Some(p.body_weight)),
                digits(p.age),
                p.sex.clone(),
                digits(Some(p.weight)),
            ];
            table.push(cells.to_vec());
        }
        let mut consumption = Table::with_header("consumption", &["person", "day", "food", "grams"]);
        for (person, day, food, grams) in &self.eaten {
            consumption.push(vec![
                person.to_string(),
                day.to_string(),
                (*food).to_owned(),
                digits(Some(*grams)),
            ]);
        }
        made(String::new(), Text::new(title, title), false, self.days.len(), &table, &consumption)
    }
}

/// The lower end of an age group such as `18-59`, `65+`.
fn group_start(text: &str) -> Option<f64> {
    let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn made(
    id: String,
    title: Text,
    generated: bool,
    days: usize,
    people: &Table,
    consumption: &Table,
) -> Survey {
    let persons = people.len();
    let (people, consumption) = (people.to_csv(), consumption.to_csv());
    let mut hash = Sha256::new();
    hash.update(people.as_bytes());
    hash.update([0]);
    hash.update(consumption.as_bytes());
    Survey { id, title, generated, persons, days, sha256: hex::encode(hash.finalize()), people, consumption }
}

/// People of all ages; what they eat grows with age as a child's share of an adult's, portions are log-normal.
fn generate(foods: &[Food]) -> Survey {
    let mut people = Table::with_header("persons", &["person", "body_weight_kg", "age", "sex", "weight"]);
    let mut consumption = Table::with_header("consumption", &["person", "day", "food", "grams"]);
    for person in 0..PEOPLE {
        let mut stream = Stream::new(62, PERSON, person as u64);
        let age = 2 + stream.index(79);
        let male = stream.uniform() < 0.5;
        let adult: f64 = if male { 66.0 } else { 57.0 };
        let grown = match age {
            0..=6 => 10.0 + 2.1 * age as f64,
            7..=17 => 22.5 + (adult - 24.0) * (age - 6) as f64 / 12.0,
            _ => adult,
        };
        let weight = (grown * (0.13 * stream.normal()).exp() * 10.0).round() / 10.0;
        let share = (0.35 + 0.65 * (weight / adult)).min(1.15);
        let id = (person + 1).to_string();
        let sex = if male { "M" } else { "F" };
        people.push(vec![id.clone(), digits(Some(weight)), age.to_string(), sex.to_owned(), "1".to_owned()]);
        // what one likes: the same on both days
        let tastes: Vec<f64> = foods.iter().map(|food| (0.6 * food.spread * stream.normal()).exp()).collect();
        for day in 1..=DAYS {
            for (food, taste) in foods.iter().zip(&tastes) {
                if food.id == "infant" && age > 3 || stream.uniform() >= food.share {
                    continue;
                }
                // the mean of both log-normal factors is taken out, so that the mean of all days is the one given
                let total = food.spread * (0.36_f64 + 1.0).sqrt();
                let portion = food.grams / food.share * (-total * total / 2.0).exp();
                let grams = portion * taste * (food.spread * stream.normal()).exp() * share;
                let grams = (grams * 10.0).round() / 10.0;
                consumption.push(vec![id.clone(), day.to_string(), food.id.clone(), digits(Some(grams))]);
            }
        }
    }
    let title =
        Text::of("演示用生成调查（非真实人群）", "generated survey for demonstration (no real people)");
    made("demo".into(), title, true, DAYS, &people, &consumption)
}

/// An uploaded survey as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Record.
    pub id: Id,
    /// Name.
    pub title: String,
    /// Region.
    pub region: String,
    /// People.
    pub persons: i64,
    /// Days of each.
    pub days: i64,
    /// Rows of consumption.
    pub eaten: i64,
    /// Hash of both tables.
    pub sha256: String,
    /// When.
    pub created: Instant,
}

/// Stores an uploaded survey. Right: create sample in the region. The same survey again is the record there is.
///
/// # Errors
/// [`Error::Field`], [`Error::Rows`], [`Error::Denied`], storage.
pub async fn upload(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    (region, title): (&str, &str),
    bytes: &[u8],
) -> Result<Id, Error> {
    let permit = access.check(who, "create", &Resource::new("sample", region), cx.now)?;
    if title.trim().is_empty() {
        return Err(Error::field("title", "请填写调查名称", "give the survey a name"));
    }
    let survey = Survey::read(title.trim(), bytes)?;
    let before = tx
        .first(
            "select id from diet_survey where region = $1 and sha256 = $2",
            &[region.into(), survey.sha256.as_str().into()],
        )
        .await?;
    if let Some(row) = before {
        return Ok(row.id("id")?);
    }
    let id = cx.id();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let eaten = count(survey.consumption.lines().count().saturating_sub(1));
    tx.exec(
        "insert into diet_survey (id, region, title, sha256, persons, days, eaten, people, consumption, uploaded_by, created) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            id.into(),
            region.into(),
            title.trim().into(),
            survey.sha256.as_str().into(),
            count(survey.persons).into(),
            count(survey.days).into(),
            eaten.into(),
            survey.people.into(),
            survey.consumption.into(),
            who.account.into(),
            cx.now.into(),
        ],
    )
    .await?;
    let entry = Entry {
        kind: "survey.uploaded",
        region: region.to_owned(),
        subject: format!("survey:{id}"),
        body: serde_json::json!({ "title": title.trim(), "sha256": survey.sha256, "persons": survey.persons }),
        private: None,
    };
    ledger::append(tx, cx, &permit, entry).await?;
    Ok(id)
}

/// The uploaded surveys of the reader's regions, newest first. Right: view sample.
///
/// # Errors
/// Storage.
pub async fn uploaded(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
) -> Result<Vec<Uploaded>, Error> {
    let mut sql =
        Sql::new("select id, title, region, persons, days, eaten, sha256, created from diet_survey where ");
    sql.append(&access.scope(who, "view", "sample", now).sql("region", None, None));
    sql.push(" order by id desc limit 200");
    let mut out = Vec::new();
    for row in store.select(&sql).await? {
        out.push(Uploaded {
            id: row.id("id")?,
            title: row.text("title")?,
            region: row.text("region")?,
            persons: row.int("persons")?,
            days: row.int("days")?,
            eaten: row.int("eaten")?,
            sha256: row.text("sha256")?,
            created: row.instant("created")?,
        });
    }
    Ok(out)
}

/// The survey of a word: `demo` or empty for the generated one, else an upload the reader may see.
///
/// # Errors
/// [`Error::NotFound`], storage.
pub async fn find(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    word: &str,
) -> Result<Arc<Survey>, Error> {
    if word.is_empty() || word == "demo" {
        return Ok(Survey::generated());
    }
    let id: Id = word.parse().map_err(|_| Error::NotFound("survey"))?;
    let mut sql =
        Sql::new("select title, sha256, persons, days, people, consumption from diet_survey where id = ");
    sql.bind(id).push(" and ").append(&access.scope(who, "view", "sample", now).sql("region", None, None));
    let rows = store.select(&sql).await?;
    let row = rows.first().ok_or(Error::NotFound("survey"))?;
    let title = row.text("title")?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    Ok(Arc::new(Survey {
        id: word.to_owned(),
        title: Text::new(title.clone(), title),
        generated: false,
        persons: count(row.int("persons")?),
        days: count(row.int("days")?),
        sha256: row.text("sha256")?,
        people: row.text("people")?,
        consumption: row.text("consumption")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_survey_is_the_same_everywhere_and_has_the_means_it_was_made_from() {
        let survey = Survey::generated();
        assert_eq!((survey.persons, survey.days, survey.generated), (PEOPLE, DAYS, true));
        assert_eq!(*survey, generate(&Foods::builtin().all));
        let wheat: f64 = survey
            .consumption
            .lines()
            .filter_map(|line| line.split_once(",wheat,"))
            .map(|(_, grams)| grams.parse::<f64>().unwrap())
            .sum();
        let mean = wheat / (PEOPLE * DAYS) as f64;
        // children eat less: below an adult's 240 g, and not by more than a fifth
        assert!((192.0..250.0).contains(&mean), "{mean}");
    }

    #[test]
    fn a_survey_is_read_and_persons_are_numbered_anew() {
        let csv = "person,day,body_weight_kg,age_group,region,food,grams\n张三,1,60,18-59,6201,挂面,120\n张三,2,60,18-59,6201,rice,80\n李四,1,20,3-6,6201,,\n";
        let survey = Survey::read("试验", csv.as_bytes()).unwrap();
        assert_eq!((survey.persons, survey.days), (2, 2));
        assert!(!survey.people.contains("张三") && survey.people.contains("1,60,18,,1"), "{}", survey.people);
        let again = Survey::read("试验", survey.joined().as_bytes()).unwrap();
        assert_eq!((&again.people, &again.consumption), (&survey.people, &survey.consumption));
        assert!(survey.consumption.contains("1,1,wheat,120") && survey.consumption.contains("1,2,rice,80"));
    }

    #[test]
    fn every_wrong_row_is_named_with_its_remedy() {
        let head = "person,day,food,grams,body_weight_kg\n";
        for (csv, part) in [
            ("person,day,food\n1,1,rice\n".to_owned(), "grams"),
            (format!("{head}1,1,水泥,5,60\n"), "水泥"),
            (format!("{head}1,1,rice,-5,60\n"), "row 2, column \"grams\""),
            (format!("{head}1,1,rice,5,60\n1,2,rice,5,61\n"), "one weight a person"),
            (head.to_owned(), "no row of data"),
        ] {
            let Error::Rows(rows) = Survey::read("x", csv.as_bytes()).unwrap_err() else { panic!("{csv}") };
            assert!(rows.iter().any(|t| t.en.contains(part) && !t.zh.is_empty()), "{rows:?}");
        }
    }
}
