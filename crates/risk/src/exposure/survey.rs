//! A survey of consumption: people, their days and what they ate, in flat arrays.

use crate::table::{Table, TableError};
use std::collections::BTreeMap;

/// A person of the survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Name in the survey.
    pub id: String,
    /// Age in years.
    pub age: Option<f64>,
    /// Sex as the survey spells it.
    pub sex: String,
    /// Body weight, kg.
    pub body_weight_kg: f64,
    /// How many people the person stands for.
    pub weight: f64,
}

/// People, days and eating events. Whatever the order of the rows, the survey is the same: people and foods are in the order of their
/// names (numbers by size), days and events likewise.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    persons: Vec<Person>,
    foods: Vec<String>,
    days: usize,
    /// Where the events of each person-day begin; one more than there are person-days.
    starts: Vec<usize>,
    events: Vec<(u32, f64)>,
}

/// Numbers by size, other names by letters after them.
fn by_name(name: &str) -> (f64, String) {
    (name.parse().unwrap_or(f64::INFINITY), name.to_owned())
}

impl Survey {
    /// Reads the people (`person`, `body_weight_kg`, and where there are `age`, `sex`, `weight`) and what they ate (`person`, `day`, `food`,
    /// `grams`). Everybody has as many days as the table has different ones; a day without an event is a day of zero.
    ///
    /// # Errors
    /// The column or cell that is not as it must be; a person twice or unknown; more than 2³² foods.
    pub fn read(persons: &Table, consumption: &Table) -> Result<Self, TableError> {
        persons.require(&["person", "body_weight_kg"])?;
        let mut people = vec![];
        for row in persons.rows() {
            let id = row.word("person")?.to_owned();
            let weight = row.optional("weight")?.unwrap_or(1.0);
            if weight < 0.0 {
                return Err(row.fault("weight", "must be 0 or more"));
            }
            let sex = if persons.has("sex") { row.text("sex")?.to_owned() } else { String::new() };
            let (age, body_weight_kg) = (row.optional("age")?, row.positive("body_weight_kg")?);
            people.push((by_name(&id), row, Person { id, age, sex, body_weight_kg, weight }));
        }
        people.sort_by(|a, b| a.0.0.total_cmp(&b.0.0).then_with(|| a.0.1.cmp(&b.0.1)));
        if let Some(pair) = people.windows(2).find(|pair| pair[0].2.id == pair[1].2.id) {
            return Err(pair[1].1.fault("person", "appears twice: one row a person"));
        }
        let number: BTreeMap<&str, usize> =
            people.iter().enumerate().map(|(at, (_, _, person))| (person.id.as_str(), at)).collect();
        consumption.require(&["person", "day", "food", "grams"])?;
        let names = |column: &str| {
            let mut found: Vec<&str> =
                consumption.rows().map(|row| row.word(column)).collect::<Result<_, _>>()?;
            found.sort_unstable();
            found.dedup();
            found.sort_by(|a, b| {
                let (a, b) = (by_name(a), by_name(b));
                a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1))
            });
            Ok::<_, TableError>(found)
        };
        let (days, foods) = (names("day")?, names("food")?);
        let index = |names: &[&str]| {
            names.iter().enumerate().map(|(at, &name)| (name.to_owned(), at)).collect::<BTreeMap<_, _>>()
        };
        let (day_index, food_index) = (index(&days), index(&foods));
        let mut eaten = Vec::with_capacity(consumption.len());
        for row in consumption.rows() {
            let person = *number
                .get(row.word("person")?)
                .ok_or_else(|| row.fault("person", "is not in the table of persons"))?;
            let day = person * days.len() + day_index[row.word("day")?];
            let food = u32::try_from(food_index[row.word("food")?])
                .map_err(|_| row.fault("food", "is one too many: 2^32 foods at most"))?;
            eaten.push((day, food, row.amount("grams")?));
        }
        eaten.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let mut starts = Vec::with_capacity(people.len() * days.len() + 1);
        let mut at = 0;
        for day in 0..people.len() * days.len() {
            starts.push(at);
            at += eaten[at..].iter().take_while(|event| event.0 == day).count();
        }
        starts.push(at);
        Ok(Self {
            days: days.len(),
            foods: foods.iter().map(|&food| food.to_owned()).collect(),
            starts,
            events: eaten.into_iter().map(|(_, food, grams)| (food, grams)).collect(),
            persons: people.into_iter().map(|(_, _, person)| person).collect(),
        })
    }

    /// The people.
    #[must_use]
    pub fn persons(&self) -> &[Person] {
        &self.persons
    }

    /// Names of the foods; events give their numbers.
    #[must_use]
    pub fn foods(&self) -> &[String] {
        &self.foods
    }

    /// The number of a food.
    #[must_use]
    pub fn food(&self, name: &str) -> Option<usize> {
        self.foods.iter().position(|food| food == name)
    }

    /// Days of every person.
    #[must_use]
    pub fn days(&self) -> usize {
        self.days
    }

    /// Foods and grams of one day of one person.
    #[must_use]
    pub fn day(&self, person: usize, day: usize) -> &[(u32, f64)] {
        let at = person * self.days + day;
        &self.events[self.starts[at]..self.starts[at + 1]]
    }

    /// Foods and grams of all days of one person, day by day.
    #[must_use]
    pub fn all_days(&self, person: usize) -> &[(u32, f64)] {
        &self.events[self.starts[person * self.days]..self.starts[(person + 1) * self.days]]
    }

    /// The people of a group: age from..until (full years, end included), sex when not empty.
    #[must_use]
    pub fn members(&self, from: Option<f64>, until: Option<f64>, sex: &str) -> Vec<usize> {
        let within = |person: &Person| {
            let age = person.age.map_or((from.is_none(), until.is_none()), |age| {
                (from.is_none_or(|from| age >= from), until.is_none_or(|until| age < until + 1.0))
            });
            age == (true, true) && (sex.is_empty() || person.sex == sex)
        };
        (0..self.persons.len()).filter(|&at| within(&self.persons[at])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(persons: &str, eaten: &str) -> Result<Survey, TableError> {
        Survey::read(
            &Table::read("persons.csv", persons.as_bytes()).unwrap(),
            &Table::read("consumption.csv", eaten.as_bytes()).unwrap(),
        )
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let one = read(
            "person,body_weight_kg,age\n10,60,30\n9,20,5\n",
            "person,day,food,grams\n9,1,rice,50\n10,2,milk,200\n10,1,rice,100\n",
        );
        let two = read(
            "person,age,body_weight_kg\n9,5,20\n10,30,60\n",
            "person,day,food,grams\n10,1,rice,100\n10,2,milk,200\n9,1,rice,50\n",
        );
        let survey = one.unwrap();
        assert_eq!(survey, two.unwrap());
        assert_eq!(survey.persons()[0].id, "9");
        assert_eq!((survey.day(0, 1).len(), survey.day(1, 1)), (0, &[(0, 200.0)][..]));
        assert_eq!(survey.members(Some(0.0), Some(5.0), ""), [0]);
    }

    #[test]
    fn a_row_that_cannot_be_is_named() {
        let persons = "person,body_weight_kg\n1,60\n";
        for (persons, eaten, part) in [
            (persons, "person,day,food,grams\n2,1,rice,5\n", "row 2, column \"person\""),
            (persons, "person,day,food,grams\n1,1,rice,-5\n", "row 2, column \"grams\""),
            ("person,body_weight_kg\n1,60\n1,50\n", "person,day,food,grams\n", "row 3, column \"person\""),
            ("person,body_weight_kg\n1,0\n", "person,day,food,grams\n", "column \"body_weight_kg\""),
        ] {
            let error = read(persons, eaten).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
