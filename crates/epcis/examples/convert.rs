//! `convert json|xml FILE OUT`: one document in the other syntax.

use epcis::{Target, WriteOptions, convert};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(to), Some(file), Some(out)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("convert json|xml FILE OUT".into());
    };
    let target = if to == "xml" { Target::Xml } else { Target::Json };
    std::fs::write(out, convert(&std::fs::read(file)?, target, &WriteOptions::default())?)?;
    Ok(())
}
