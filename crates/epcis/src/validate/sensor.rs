//! Sensor elements: field tables, and the rules of the conformance tests about them.

use super::Checker;
use crate::node::Node;
use crate::pointer::Path;
use crate::time::Moment;
use crate::vocabulary::{ALERT, COMPONENT, MEASUREMENT};
use base::Text;

impl Checker<'_> {
    pub(super) fn sensor_element(&mut self, path: &Path<'_>, node: &Node, event_time: Option<Moment>) {
        let Some(members) = self.object(path, node) else { return };
        if node.get("sensorReport").is_none() {
            self.missing(path, "sensorReport", "至少一个读数", "at least one report");
        }
        for (name, value) in members {
            let at = path.name(name);
            match &**name {
                "sensorMetadata" => self.sensor_metadata(&at, value, event_time),
                "sensorReport" => {
                    self.fewest(&at, value);
                    self.each(&at, value, Self::sensor_report);
                }
                other => self.extension_name(path, other),
            }
        }
        self.repeated_attributes(path, node);
    }

    fn sensor_metadata(&mut self, path: &Path<'_>, node: &Node, event_time: Option<Moment>) {
        for (name, value) in self.object(path, node).unwrap_or_default() {
            let at = path.name(name);
            match &**name {
                "time" => {
                    let measured = self.time(&at, value);
                    // M122: compared as instants, so the zone counts
                    if let (Some(measured), Some(event)) = (measured, event_time)
                        && (measured.seconds, measured.nanos) > (event.seconds, event.nanos)
                    {
                        self.advise(
                            &at,
                            Text::of("测量时间晚于事件时间。", "The time of measurement is after the event."),
                            Text::of(
                                "请使 sensorMetadata.time 不晚于 eventTime。",
                                "sensorMetadata.time must not be later than eventTime.",
                            ),
                        );
                    }
                }
                "startTime" | "endTime" => {
                    self.time(&at, value);
                }
                "deviceID" | "deviceMetadata" | "rawData" | "dataProcessingMethod" | "bizRules" => {
                    self.uri(&at, value);
                }
                other => self.extension_name(path, other),
            }
        }
    }

    fn sensor_report(&mut self, path: &Path<'_>, node: &Node) {
        let Some(members) = self.object(path, node) else { return };
        // the XSD lets a report carry an exception instead of a measurement type
        if node.get("type").is_none() && !(self.is_xml() && node.get("exception").is_some()) {
            self.missing(
                path,
                "type",
                "测量类型，如 Temperature",
                "the type of measurement, such as Temperature",
            );
        }
        for (name, value) in members {
            let at = path.name(name);
            match &**name {
                "type" => self.vocabulary(&at, value, &MEASUREMENT),
                "exception" => self.vocabulary(&at, value, &ALERT),
                "component" => self.vocabulary(&at, value, &COMPONENT),
                "deviceID"
                | "deviceMetadata"
                | "rawData"
                | "dataProcessingMethod"
                | "bizRules"
                | "microorganism"
                | "chemicalSubstance"
                | "coordinateReferenceSystem"
                | "uriValue" => self.uri(&at, value),
                "time" => {
                    self.time(&at, value);
                }
                "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue" => {
                    self.number(&at, value);
                }
                "stringValue" | "uom" => {
                    self.text(&at, value);
                }
                "booleanValue" => self.boolean(&at, value),
                "hexBinaryValue" => self.hexadecimal(&at, value),
                other => self.extension_name(path, other),
            }
        }
    }

    fn hexadecimal(&mut self, path: &Path<'_>, node: &Node) {
        let Some(text) = self.text(path, node) else { return };
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            self.error(
                path,
                Text::new(format!("“{text}”不是十六进制数。"), format!("\"{text}\" is not hexadecimal.")),
                Text::of("请只用 0–9、A–F。", "Use only 0–9 and A–F."),
            );
        }
    }

    /// TCR-53 step 29: an attribute stands in the metadata or in the report, not in both.
    fn repeated_attributes(&mut self, path: &Path<'_>, node: &Node) {
        const SHARED: [&str; 6] =
            ["time", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"];
        let Some(metadata) = node.get("sensorMetadata") else { return };
        let list = path.name("sensorReport");
        for (i, report) in node.get("sensorReport").map(Node::items).unwrap_or_default().iter().enumerate() {
            for name in SHARED {
                if metadata.get(name).is_some() && report.get(name).is_some() {
                    self.advise(
                        &list.index(i).name(name),
                        Text::new(
                            format!("{name} 同时出现在 sensorMetadata 和 sensorReport 中。"),
                            format!("{name} is given in both sensorMetadata and sensorReport."),
                        ),
                        Text::of("请只保留一处。", "Keep it in one place."),
                    );
                }
            }
        }
    }
}
