//! The picture of what was built.

use std::{fs, io, path::Path};

use tidemill_core::dag;

/// Whether there can be one.
pub(crate) const IS_THERE: bool = true;

/// Writes all that there is at this moment for Graphviz.
pub(crate) fn write(file: &Path) -> io::Result<()> {
    let mut text = String::new();
    dag::snapshot().write_dot(&mut text).map_err(io::Error::other)?;
    fs::write(file, text)
}
