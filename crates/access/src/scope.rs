//! Lists: what the policies allow, turned into a condition on the columns of a table.
//!
//! The condition is not written a second time: Cedar is asked about every kind of row a seat can meet (inside or
//! outside its region; of its own, of no or of another department; of its own or another operator; of each
//! classification), and the answers are minimised to as few terms as cover them.

use crate::policy::{Policies, Seat, seats};
use crate::{INTERNAL, Principal, Resource};
use base::{Date, Id, Instant};
use std::sync::{Arc, OnceLock};
use store::Sql;

/// The rows of a kind on which a principal may do an action, as a condition for `where`.
///
/// Exact for `view` and `export`. For the other actions recusal and four-eyes are not in columns: a list may then show
/// a row that the check refuses, and never hides one it allows.
#[derive(Debug, Clone)]
pub struct Scope {
    seats: Vec<(Seat, Cubes)>,
    agency: Option<&'static str>,
}

/// Terms of one seat.
pub(crate) type Cubes = Arc<[Cube]>;

/// A term: for each feature of a row the values it takes, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cube {
    region: u8,
    agency: u8,
    operator: u8,
    class: u8,
}

const OWN: u8 = 1;
const BLANK: u8 = 2;
/// Values of region, agency, operator, classification.
const SIZES: [u8; 4] = [2, 3, 2, 3];
const POINTS: usize = 36;

impl Scope {
    pub(crate) fn of(policies: &Policies, who: &Principal, action: &str, kind: &str, now: Instant) -> Self {
        let agency = matches!(kind, "matter" | "task").then_some("agency");
        let names = (
            crate::ACTIONS.iter().find(|(code, ..)| *code == action),
            crate::KINDS.iter().find(|(code, ..)| *code == kind),
        );
        let (Some((action, ..)), Some((kind, ..))) = names else {
            return Self { seats: Vec::new(), agency };
        };
        let today = now.china_date();
        let seats = seats(who)
            .filter(|seat| seat.grant.is_current(today))
            .map(|seat| {
                let cubes = policies.cubes_of(&seat, action, kind, today);
                (seat, cubes)
            })
            .filter(|(_, cubes)| !cubes.is_empty())
            .collect();
        Self { seats, agency }
    }

    /// Names the column that holds the department code. Matters and tasks have `agency` unless told otherwise (a join
    /// that makes it ambiguous fails loudly); other kinds have none, and their rows count as owned by no department.
    #[must_use]
    pub const fn with_agency(mut self, column: &'static str) -> Self {
        self.agency = Some(column);
        self
    }

    /// Whether no row at all can be in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The operator whom every row of an unclassified table belongs to; none when there are others.
    #[must_use]
    pub fn operator(&self) -> Option<Id> {
        let mut own = self.unclassified().map(|(seat, cube)| seat.operator.filter(|_| cube.operator == 1));
        let first = own.next()??;
        own.all(|operator| operator == Some(first)).then_some(first)
    }

    /// The regions in one of which every row of an unclassified table lies; none when a row may lie anywhere.
    #[must_use]
    pub fn regions(&self) -> Option<Vec<&str>> {
        let region = |seat: &'_ Seat, cube: Cube| cube.region == 1 && !seat.grant.region.is_empty();
        let all = self.unclassified();
        let mut regions = all
            .map(|(seat, cube)| region(seat, cube).then_some(seat.grant.region.as_str()))
            .collect::<Option<Vec<_>>>()?;
        regions.sort_unstable();
        regions.dedup();
        Some(regions)
    }

    /// The terms that rows of a table without classification and department can meet.
    fn unclassified(&self) -> impl Iterator<Item = (&Seat, Cube)> {
        let columns = Columns { region: "", agency: self.agency, operator: Some(""), class: None };
        let terms = self.seats.iter().flat_map(|(seat, cubes)| cubes.iter().map(move |cube| (seat, *cube)));
        terms.filter(move |(_, cube)| columns.can_meet(*cube))
    }

    /// The condition over the columns given. A column that is not given stands for its default: classification internal, no
    /// operator; rows of the table must then be checked as such.
    #[must_use]
    pub fn sql(
        &self,
        region_col: &'static str,
        class_col: Option<&'static str>,
        operator_col: Option<&'static str>,
    ) -> Sql {
        let columns =
            Columns { region: region_col, agency: self.agency, operator: operator_col, class: class_col };
        let mut out = Sql::new("(");
        let mut any = false;
        for (seat, cubes) in &self.seats {
            for cube in cubes.iter().filter(|c| columns.can_meet(**c)) {
                out.push(if any { " or " } else { "" });
                any = true;
                columns.term(&mut out, seat, *cube);
            }
        }
        out.push(if any { ")" } else { "1 = 0)" });
        out
    }
}

struct Columns {
    region: &'static str,
    agency: Option<&'static str>,
    operator: Option<&'static str>,
    class: Option<&'static str>,
}

impl Columns {
    /// Whether rows with the defaults of the missing columns can satisfy the term.
    const fn can_meet(&self, cube: Cube) -> bool {
        (self.agency.is_some() || cube.agency & BLANK != 0)
            && (self.operator.is_some() || cube.operator & 2 != 0)
            && (self.class.is_some() || cube.class & (1 << INTERNAL) != 0)
    }

    fn term(&self, out: &mut Sql, seat: &Seat, cube: Cube) {
        out.push("(1 = 1");
        match cube.region {
            3 => {}
            1 => self.range(out.push(" and "), &seat.grant.region),
            _ => {
                self.range(out.push(" and not "), &seat.grant.region);
            }
        }
        if let (Some(column), 1..=6) = (self.agency, cube.agency) {
            // listed when "other" is not among them, else excluded
            let other = cube.agency & 4 != 0;
            let listed = if other { !cube.agency } else { cube.agency };
            let mut codes = Vec::new();
            if listed & OWN != 0 {
                codes.push(seat.grant.agency.as_str());
            }
            if listed & BLANK != 0 {
                codes.push("");
            }
            out.push(" and ").push(column).push(if other { " not in " } else { " in " }).bind_list(codes);
        }
        if let (Some(column), Some(own)) = (self.operator, seat.operator) {
            match cube.operator {
                1 => {
                    out.push(" and ").push(column).push(" = ").bind(own);
                }
                2 => {
                    out.push(" and (")
                        .push(column)
                        .push(" is null or ")
                        .push(column)
                        .push(" <> ")
                        .bind(own)
                        .push(")");
                }
                _ => {}
            }
        }
        if let Some(column) = self.class {
            let classes = (0..SIZES[3]).filter(|c| cube.class & (1 << c) != 0).map(i64::from);
            out.push(" and ").push(column).push(" in ").bind_list(classes);
        }
        out.push(")");
    }

    fn range(&self, out: &mut Sql, prefix: &str) {
        match successor(prefix) {
            None => out.push("1 = 1"),
            Some(end) => out
                .push("(")
                .push(self.region)
                .push(" >= ")
                .bind(prefix)
                .push(" and ")
                .push(self.region)
                .push(" < ")
                .bind(end)
                .push(")"),
        };
    }
}

/// The first code after every code that starts with the prefix; `None` for the empty prefix.
fn successor(prefix: &str) -> Option<String> {
    let last = prefix.chars().last()?;
    let next = char::from_u32(u32::from(last) + 1)?;
    Some(format!("{}{next}", &prefix[..prefix.len() - last.len_utf8()]))
}

impl Policies {
    fn cubes_of(&self, seat: &Seat, action: &'static str, kind: &'static str, today: Date) -> Cubes {
        // the answers depend on the grant and on having an operator, not on who the person is
        let anybody =
            Seat { account: Principal::NOBODY, operator: seat.operator.map(|_| Id(1)), ..seat.clone() };
        let key = (anybody, action, kind);
        if let Some(found) = self.cubes.read().ok().and_then(|c| c.get(&key).cloned()) {
            return found;
        }
        let cubes: Cubes = minimise(self.answers(seat, action, kind, today)).into();
        if let Ok(mut cache) = self.cubes.write() {
            if cache.len() > 20_000 {
                cache.clear();
            }
            cache.insert(key, Arc::clone(&cubes));
        }
        cubes
    }

    /// Cedar's answer for every kind of row, as a bit set over [`POINTS`].
    fn answers(&self, seat: &Seat, action: &str, kind: &'static str, today: Date) -> u64 {
        let mut allowed = 0u64;
        for (i, [region, agency, operator, class]) in points().enumerate() {
            let home = &seat.grant.region;
            let res = Resource {
                kind,
                region: match region {
                    0 if home.is_empty() => "62".to_owned(),
                    0 => home.clone(),
                    // a nation-wide seat has no outside: the answer inside stands for both
                    _ if home.is_empty() => "62".to_owned(),
                    _ => outside(home),
                },
                agency: match agency {
                    0 => seat.grant.agency.clone(),
                    1 => String::new(),
                    _ => "~other".to_owned(),
                },
                operator: if operator == 0 { seat.operator } else { seat.operator.map(|o| Id(!o.0)) },
                classification: class,
                recused: Vec::new(),
                submitter: None,
            };
            if self.ask(seat, action, &res, today).is_some() {
                allowed |= 1 << i;
            }
        }
        allowed
    }
}

/// A region that no code inside `home` belongs to and that is not above it.
fn outside(home: &str) -> String {
    let first = if home.starts_with('9') { '8' } else { '9' };
    format!("{first}{}", &home[1..])
}

fn points() -> impl Iterator<Item = [u8; 4]> {
    (0..SIZES[0]).flat_map(|r| {
        (0..SIZES[1])
            .flat_map(move |a| (0..SIZES[2]).flat_map(move |o| (0..SIZES[3]).map(move |c| [r, a, o, c])))
    })
}

/// Every term and the points it covers, largest first.
fn terms() -> &'static [(Cube, u64)] {
    static TERMS: OnceLock<Vec<(Cube, u64)>> = OnceLock::new();
    TERMS.get_or_init(|| {
        let mut out = Vec::new();
        for region in 1..4 {
            for agency in 1..8 {
                for operator in 1..4 {
                    for class in 1..8 {
                        let cube = Cube { region, agency, operator, class };
                        out.push((cube, cube.mask()));
                    }
                }
            }
        }
        out.sort_by_key(|(_, mask)| std::cmp::Reverse(mask.count_ones()));
        out
    })
}

impl Cube {
    fn mask(self) -> u64 {
        points().enumerate().take(POINTS).fold(0, |mask, (i, [r, a, o, c])| {
            let inside = self.region >> r & 1 != 0
                && self.agency >> a & 1 != 0
                && self.operator >> o & 1 != 0
                && self.class >> c & 1 != 0;
            mask | u64::from(inside) << i
        })
    }
}

/// Few terms that cover exactly the allowed points: the largest that lie inside, until all are covered.
fn minimise(allowed: u64) -> Vec<Cube> {
    let mut left = allowed;
    let mut out = Vec::new();
    while left != 0 {
        let inside = terms().iter().filter(|(_, mask)| mask & !allowed == 0);
        let Some((cube, mask)) =
            inside.max_by_key(|(_, mask)| ((mask & left).count_ones(), mask.count_ones()))
        else {
            break;
        };
        out.push(*cube);
        left &= !mask;
    }
    out
}
