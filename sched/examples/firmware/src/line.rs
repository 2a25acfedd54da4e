//! A line of text in place: there is no heap to build it in.

use core::fmt;

use crate::Desk;

/// What does not fit is left out.
struct Line {
    bytes: [u8; 80],
    len: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Prints a line on the desk.
pub(crate) fn say(desk: &dyn Desk, words: fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; 80], len: 0 };
    let fits = fmt::write(&mut line, words).is_ok();
    let text = line.bytes.get(..line.len).and_then(|bytes| core::str::from_utf8(bytes).ok());
    desk.print(text.filter(|_| fits).unwrap_or("(a line that is too long)"));
}
