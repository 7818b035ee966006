//! The standard vocabularies of CBV 2.0 as facts: bare words and the web URI each stands for.

use std::borrow::Cow;

/// One vocabulary: where its words may stand and how a word becomes a URI.
#[derive(Debug)]
pub struct Vocabulary {
    /// Start of the full web URI.
    pub base: &'static str,
    /// Start of the older URN form of CBV 1.x, when it has one.
    pub urn: Option<&'static str>,
    /// The bare words.
    pub words: &'static [&'static str],
}

/// Business steps (CBV 2.0 §7.1), 41 words.
pub const BIZ_STEP: Vocabulary = Vocabulary {
    base: "https://ref.gs1.org/cbv/BizStep-",
    urn: Some("urn:epcglobal:cbv:bizstep:"),
    words: &[
        "accepting",
        "arriving",
        "assembling",
        "collecting",
        "commissioning",
        "consigning",
        "creating_class_instance",
        "cycle_counting",
        "decommissioning",
        "departing",
        "destroying",
        "disassembling",
        "dispensing",
        "encoding",
        "entering_exiting",
        "holding",
        "inspecting",
        "installing",
        "killing",
        "loading",
        "other",
        "packing",
        "picking",
        "receiving",
        "removing",
        "repackaging",
        "repairing",
        "replacing",
        "reserving",
        "retail_selling",
        "shipping",
        "staging_outbound",
        "stock_taking",
        "stocking",
        "storing",
        "transporting",
        "unloading",
        "unpacking",
        "void_shipping",
        "sensor_reporting",
        "sampling",
    ],
};

/// Dispositions (CBV 2.0 §7.2), 33 words.
pub const DISPOSITION: Vocabulary = Vocabulary {
    base: "https://ref.gs1.org/cbv/Disp-",
    urn: Some("urn:epcglobal:cbv:disp:"),
    words: &[
        "active",
        "container_closed",
        "damaged",
        "destroyed",
        "dispensed",
        "disposed",
        "encoded",
        "expired",
        "in_progress",
        "in_transit",
        "inactive",
        "no_pedigree_match",
        "non_sellable_other",
        "partially_dispensed",
        "recalled",
        "reserved",
        "retail_sold",
        "returned",
        "sellable_accessible",
        "sellable_not_accessible",
        "stolen",
        "unknown",
        "available",
        "completeness_verified",
        "completeness_inferred",
        "conformant",
        "container_open",
        "mismatch_instance",
        "mismatch_class",
        "mismatch_quantity",
        "needs_replacement",
        "non_conformant",
        "unavailable",
    ],
};

/// Business transaction types (CBV 2.0 §7.3), 13 words.
pub const TRANSACTION_TYPE: Vocabulary = Vocabulary {
    base: "https://ref.gs1.org/cbv/BTT-",
    urn: Some("urn:epcglobal:cbv:btt:"),
    words: &[
        "bol",
        "cert",
        "desadv",
        "inv",
        "pedigree",
        "po",
        "poc",
        "prodorder",
        "recadv",
        "rma",
        "testprd",
        "testres",
        "upevt",
    ],
};

/// Source and destination types (CBV 2.0 §7.4), 3 words.
pub const PARTY_TYPE: Vocabulary = Vocabulary {
    base: "https://ref.gs1.org/cbv/SDT-",
    urn: Some("urn:epcglobal:cbv:sdt:"),
    words: &["owning_party", "possessing_party", "location"],
};

/// Error reasons (CBV 2.0 §7.5), 2 words.
pub const ERROR_REASON: Vocabulary = Vocabulary {
    base: "https://ref.gs1.org/cbv/ER-",
    urn: Some("urn:epcglobal:cbv:er:"),
    words: &["did_not_occur", "incorrect_data"],
};

/// Components of a sensor reading (CBV 2.0 §7.6), 14 words.
pub const COMPONENT: Vocabulary = Vocabulary {
    base: "https://ref.gs1.org/cbv/Comp-",
    urn: None,
    words: &[
        "x",
        "y",
        "z",
        "axial_distance",
        "azimuth",
        "height",
        "spherical_radius",
        "polar_angle",
        "elevation_angle",
        "easting",
        "northing",
        "latitude",
        "longitude",
        "altitude",
    ],
};

/// Measurement types of the GS1 web vocabulary, 72 words.
pub const MEASUREMENT: Vocabulary = Vocabulary {
    base: "https://gs1.org/voc/",
    urn: None,
    words: &[
        "AbsoluteHumidity",
        "AbsorbedDose",
        "AbsorbedDoseRate",
        "Acceleration",
        "Radioactivity",
        "Altitude",
        "AmountOfSubstance",
        "AmountOfSubstancePerUnitVolume",
        "Angle",
        "AngularAcceleration",
        "AngularMomentum",
        "AngularVelocity",
        "Area",
        "Capacitance",
        "Conductance",
        "Conductivity",
        "Count",
        "Density",
        "Dimensionless",
        "DoseEquivalent",
        "DoseEquivalentRate",
        "DynamicViscosity",
        "ElectricCharge",
        "ElectricCurrent",
        "ElectricCurrentDensity",
        "ElectricFieldStrength",
        "Energy",
        "Exposure",
        "Force",
        "Frequency",
        "Illuminance",
        "Inductance",
        "Irradiance",
        "KinematicViscosity",
        "Length",
        "LinearMomentum",
        "Luminance",
        "LuminousFlux",
        "LuminousIntensity",
        "MagneticFlux",
        "MagneticFluxDensity",
        "MagneticVectorPotential",
        "Mass",
        "MassConcentration",
        "MassFlowRate",
        "MassPerAreaTime",
        "MemoryCapacity",
        "MolalityOfSolute",
        "MolarEnergy",
        "MolarMass",
        "MolarVolume",
        "Power",
        "Pressure",
        "RadiantFlux",
        "RadiantIntensity",
        "RelativeHumidity",
        "Resistance",
        "Resistivity",
        "SolidAngle",
        "SpecificVolume",
        "Speed",
        "SurfaceDensity",
        "SurfaceTension",
        "Temperature",
        "Time",
        "Torque",
        "Voltage",
        "Volume",
        "VolumeFlowRate",
        "VolumeFraction",
        "VolumetricFlux",
        "Wavenumber",
    ],
};

/// Sensor alert types of the GS1 web vocabulary, 2 words.
pub const ALERT: Vocabulary =
    Vocabulary { base: "https://gs1.org/voc/", urn: None, words: &["ALARM_CONDITION", "ERROR_CONDITION"] };
/// Namespaces in which a bare word must be used instead of the URI (JSON schema, `vocab-other-uri`).
pub(crate) fn is_cbv_uri(uri: &str) -> bool {
    uri.starts_with("urn:epcglobal:cbv")
        || uri.starts_with("http://ns.gs1.org/cbv/")
        || uri.starts_with("https://ns.gs1.org/cbv/")
}

/// The GS1 web vocabulary, for measurement and alert types (JSON schema, `vocab-nonGS1WebVoc-uri`).
pub(crate) fn is_gs1_voc_uri(uri: &str) -> bool {
    ["http://gs1.org/voc/", "https://gs1.org/voc/", "http://www.gs1.org/voc/", "https://www.gs1.org/voc/"]
        .iter()
        .any(|start| uri.starts_with(start))
}

impl Vocabulary {
    /// The full web URI of a bare word.
    #[must_use]
    pub fn uri(&self, word: &str) -> Option<String> {
        self.words.contains(&word).then(|| format!("{}{word}", self.base))
    }

    /// The bare word of a web URI, URN or `prefix:` form of a standard term; other values as they are.
    #[must_use]
    pub fn bare<'a>(&self, value: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(self.tail(value).filter(|tail| self.words.contains(tail)).unwrap_or(value))
    }

    /// What follows the part that all URIs, URNs or `prefix:` forms of these terms have in common.
    fn tail<'a>(&self, value: &'a str) -> Option<&'a str> {
        value
            .strip_prefix(self.base)
            .or_else(|| self.urn.and_then(|urn| value.strip_prefix(urn)))
            .or_else(|| value.strip_prefix("gs1:").filter(|_| self.base == MEASUREMENT.base))
            .or_else(|| {
                value.strip_prefix("cbv:").and_then(|t| t.strip_prefix(self.base.trim_start_matches(CBV)))
            })
    }

    /// The term closest to a mistyped one, in the form that was typed, for the remedy.
    #[must_use]
    pub fn nearest(&self, typed: &str) -> Option<String> {
        let word = self.tail(typed).unwrap_or(typed);
        let form = &typed[..typed.len() - word.len()];
        self.words
            .iter()
            .map(|known| (distance(word, known), *known))
            .min()
            .filter(|(distance, known)| *distance <= known.len() / 3 + 1)
            .map(|(_, known)| format!("{form}{known}"))
    }
}

const CBV: &str = "https://ref.gs1.org/cbv/";

/// Edit distance (Levenshtein), letter case ignored; long inputs are not compared.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let a = a.to_ascii_lowercase();
    let b: Vec<char> = b.to_ascii_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
