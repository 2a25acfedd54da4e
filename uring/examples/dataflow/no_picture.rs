//! No picture: this was built without what it needs.

use std::{io, path::Path};

/// Whether there can be one.
pub(crate) const IS_THERE: bool = false;

/// Says that there is none.
pub(crate) fn write(_file: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
