//! What a step says of one item, and how many such lines are kept packed.

use crate::How;
use crate::facts::NONE;
use crate::packed::{NOTHING, Packed, Packing, Rows, down, up};

pub(crate) const NO_QUANTITY: u8 = 255;
pub(crate) const WIDE_QUANTITY: u8 = 254;
/// Numbers of a packed line.
const COLUMNS: usize = 10;

/// What a line says of its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Said {
    Appear = 0,
    Output = 1,
    Received = 2,
    Observe = 3,
    /// Put into the parent `other`.
    Packed = 4,
    /// Taken out of the parent `other`.
    Unpacked = 5,
    /// Has the child `other` put into it.
    Holds = 6,
    /// Everything was taken out of it.
    Emptied = 7,
    Shipped = 8,
    Input = 9,
    Sold = 10,
    Destroyed = 11,
    Consumed = 12,
    Lost = 13,
}

impl Said {
    pub(crate) const ALL: [Self; 14] = [
        Self::Appear,
        Self::Output,
        Self::Received,
        Self::Observe,
        Self::Packed,
        Self::Unpacked,
        Self::Holds,
        Self::Emptied,
        Self::Shipped,
        Self::Input,
        Self::Sold,
        Self::Destroyed,
        Self::Consumed,
        Self::Lost,
    ];

    /// From the byte a sealed line holds; a byte of no meaning is a mere sighting.
    pub(crate) fn of(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Observe)
    }

    /// Whether it is of a transformation: then the line's `other` is its number.
    pub(crate) fn of_process(self) -> bool {
        matches!(self, Self::Input | Self::Output)
    }

    /// How the item left the chain, when this says so.
    pub(crate) fn how(self) -> Option<How> {
        match self {
            Self::Sold => Some(How::Sold),
            Self::Destroyed => Some(How::Destroyed),
            Self::Consumed => Some(How::Consumed),
            Self::Lost => Some(How::Lost),
            _ => None,
        }
    }
}

/// One thing one step says of one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) time: i64,
    pub(crate) mantissa: i64,
    /// Number of the step, see [`Facts::event_id`].
    pub(crate) event: u32,
    pub(crate) item: u32,
    pub(crate) place: u32,
    /// The other place, the process, or the other item of a packing.
    pub(crate) other: u32,
    pub(crate) document: u32,
    pub(crate) unit: u8,
    pub(crate) scale: u8,
    pub(crate) said: u8,
}

impl Line {
    /// With nothing but these.
    pub(crate) fn new(time: i64, item: u32, said: Said) -> Self {
        let none = (NONE, NONE, NONE);
        let (place, other, document) = none;
        let (unit, scale, said) = (0, NO_QUANTITY, said as u8);
        Self { time, mantissa: 0, event: NONE, item, place, other, document, unit, scale, said }
    }

    /// What it says.
    pub(crate) fn said(&self) -> Said {
        Said::of(self.said)
    }

    /// The same said of another item.
    pub(crate) fn of_item(self, item: u32) -> Self {
        Self { item, ..self }
    }
}

/// Turns the order of signed numbers into that of unsigned ones.
const SIGN: u64 = 1 << 63;

impl Line {
    fn row(&self) -> [u64; COLUMNS] {
        let process = self.said().of_process();
        let (other, process) = if process { (NONE, self.other) } else { (self.other, NONE) };
        let (mantissa, measure) = match self.scale {
            NO_QUANTITY => (NOTHING, NOTHING),
            scale => (self.mantissa.cast_unsigned() ^ SIGN, u64::from(self.unit) << 8 | u64::from(scale)),
        };
        [
            self.time.cast_unsigned() ^ SIGN,
            mantissa,
            up(self.event),
            up(self.item),
            up(self.place),
            up(other),
            up(process),
            up(self.document),
            measure,
            u64::from(self.said),
        ]
    }

    fn of_row(row: [u64; COLUMNS]) -> Self {
        let [time, mantissa, event, item, place, other, process, document, measure, said] = row;
        let said = u8::try_from(said).unwrap_or(u8::MAX);
        let none = measure == NOTHING;
        let [scale, unit, ..] = measure.to_le_bytes();
        Self {
            time: (time ^ SIGN).cast_signed(),
            mantissa: if none { 0 } else { (mantissa ^ SIGN).cast_signed() },
            event: down(event),
            item: down(item),
            place: down(place),
            other: down(if Said::of(said).of_process() { process } else { other }),
            document: down(document),
            unit: if none { 0 } else { unit },
            scale: if none { NO_QUANTITY } else { scale },
            said,
        }
    }
}

/// Lines, packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(pub(crate) Packed<COLUMNS>);

impl Lines {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<Line> {
        (at < self.len()).then(|| Line::of_row(self.0.get(at)))
    }

    /// All lines in order.
    pub(crate) fn rows(&self) -> std::iter::Map<Rows<'_, COLUMNS>, fn([u64; COLUMNS]) -> Line> {
        self.0.rows().map(Line::of_row as fn([u64; COLUMNS]) -> Line)
    }

    /// The numbers of the lines that come from some steps.
    pub(crate) fn of_events(&self, mut events: Vec<u64>) -> Vec<usize> {
        events.sort_unstable();
        self.0.find(2, &events)
    }

    /// Bytes, owned or mapped.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Bytes held in memory of our own.
    pub(crate) fn owned_bytes(&self) -> usize {
        self.0.owned_bytes()
    }
}

/// Lines on their way into blocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packer(Packing<COLUMNS>);

impl Packer {
    pub(crate) fn push(&mut self, line: &Line) {
        self.0.push(line.row());
    }

    pub(crate) fn close(self) -> Lines {
        Lines(self.0.close())
    }
}
