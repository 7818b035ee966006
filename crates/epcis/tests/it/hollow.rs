//! What the official XSD refuses inside an event is refused here, with place and remedy; found by mutating the valid examples.

use epcis::{Limits, xml};

const DOCUMENT: &str = r#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:ex="https://ex.example/" schemaVersion="2.0" creationDate="2026-05-01T00:00:00Z">
<EPCISBody><EventList><ObjectEvent>
<eventTime>2026-05-01T08:00:00Z</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
<epcList><epc>urn:epc:id:sgtin:690123.4000001.1</epc></epcList>
<action>ADD</action>
<readPoint><id>urn:epc:id:sgln:690123.400000.0</id></readPoint>
<bizTransactionList><bizTransaction type="po">urn:epc:id:gdti:690123.40000.1</bizTransaction></bizTransactionList>
<quantityList><quantityElement><epcClass>urn:epc:class:lgtin:690123.4000001.L1</epcClass><quantity>20</quantity><uom>KGM</uom></quantityElement></quantityList>
<sourceList><source type="owning_party">urn:epc:id:pgln:690123.400000</source></sourceList>
<destinationList><destination type="owning_party">urn:epc:id:pgln:690123.400001</destination></destinationList>
<sensorElementList><sensorElement><sensorReport type="Temperature" value="4" uom="CEL"/></sensorElement></sensorElementList>
<ilmd><ex:grade>A</ex:grade></ilmd>
<extension><ex:note>1</ex:note></extension>
</ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"#;

#[test]
fn what_the_schema_refuses_inside_an_event_is_refused_with_its_place_and_a_remedy() {
    let read = |text: &str| xml::read_document(text.as_bytes(), Limits::default());
    assert!(read(DOCUMENT).is_ok(), "{:?}", read(DOCUMENT));
    let list = |name: &str| {
        let start = DOCUMENT.find(&format!("<{name}>")).unwrap();
        let end = DOCUMENT.find(&format!("</{name}>")).unwrap() + name.len() + 3;
        &DOCUMENT[start..end]
    };
    for (from, to, words, line) in [
        (list("bizTransactionList"), "<bizTransactionList/>", "no bizTransaction in bizTransactionList", 7),
        (list("sourceList"), "<sourceList></sourceList>", "no source in sourceList", 9),
        (list("destinationList"), "<destinationList/>", "no destination in destinationList", 10),
        (list("sensorElementList"), "<sensorElementList/>", "no sensorElement in sensorElementList", 11),
        ("<quantity>20</quantity>", "", "a unit (uom) and no quantity", 8),
        (list("extension"), "<extension/>", "The element extension is empty", 13),
        ("<ex:note>1</ex:note>", "<note>1</note>", "note in extension has no namespace", 13),
        ("<ex:grade>A</ex:grade>", "<grade>A</grade>", "grade in ilmd has no namespace", 12),
        ("ADD</action>", "ADD<ex:more>1</ex:more></action>", "action holds text, no element more", 5),
        (".1</epc>", ".1<ex:more/></epc>", "epc holds text, no element more", 4),
        ("400000.0</id>", "400000.0<ex:more/></id>", "id holds text, no element more", 6),
        ("KGM</uom>", "KGM<ex:more/></uom>", "uom holds text, no element more", 8),
        ("400000</source>", "400000<ex:more/></source>", "source holds text, no element more", 9),
    ] {
        let text = DOCUMENT.replacen(from, to, 1);
        assert_ne!(text, DOCUMENT, "{from}");
        let problems = read(&text).expect_err(to);
        let first = problems.errors().next().unwrap();
        assert!(first.detail.en.contains(words), "{to}: {}", first.detail.en);
        assert!(!first.remedy.en.is_empty() && !first.remedy.zh.is_empty(), "{to}");
        assert_eq!(first.position.map(|at| at.line), Some(line), "{to}");
        assert!(first.pointer.starts_with("/epcisBody/eventList/0"), "{}", first.pointer);
    }
}

#[test]
fn lists_that_may_be_empty_and_quantities_without_unit_stay_valid() {
    for (from, to) in [
        ("<uom>KGM</uom>", ""),
        ("<quantity>20</quantity><uom>KGM</uom>", ""),
        ("<ilmd><ex:grade>A</ex:grade></ilmd>", "<ilmd/>"),
        ("<extension><ex:note>1</ex:note></extension>", "<ex:note><inner>1</inner></ex:note>"),
    ] {
        let text = DOCUMENT.replacen(from, to, 1);
        let read = xml::read_document(text.as_bytes(), Limits::default());
        assert!(read.is_ok(), "{to}: {read:?}");
    }
}

#[test]
fn a_document_is_in_the_namespace_of_the_standard_or_it_is_none() {
    let declared = r#" xmlns:epcis="urn:epcglobal:epcis:xsd:2""#;
    for (root, words) in [
        (r#" xmlns:epcis="urn:wrong""#, "namespace urn:wrong, which is not that of EPCIS"),
        (r#" xmlns:epcis="urn:epcglobal:epcis-query:xsd:2""#, "which is not that of EPCIS"),
        (r#" xmlns:epcis="urn:epcglobal:epcis:xsd:3""#, "which is not that of EPCIS"),
    ] {
        let problems =
            xml::read_document(DOCUMENT.replace(declared, root).as_bytes(), Limits::default()).unwrap_err();
        assert!(problems.0[0].detail.en.contains(words), "{root}: {problems:?}");
        assert!(problems.0[0].remedy.en.contains("urn:epcglobal:epcis:xsd:2"), "{root}: {problems:?}");
    }
    let plain = DOCUMENT.replace(declared, "").replace("epcis:EPCISDocument", "EPCISDocument");
    let problems = xml::read_document(plain.as_bytes(), Limits::default()).unwrap_err();
    assert!(problems.0[0].detail.en.contains("has no namespace"), "{problems:?}");
    // the default namespace serves as well as a prefix
    let default = plain.replace("<EPCISDocument", r#"<EPCISDocument xmlns="urn:epcglobal:epcis:xsd:2""#);
    assert!(xml::read_document(default.as_bytes(), Limits::default()).is_ok());
}
