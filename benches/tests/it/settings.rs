//! Cells as they are written on the command line.

use tidemill_benches::echo::settings::Cell;

#[test]
fn a_cell_is_read_as_it_is_written() {
    let cell = Cell::parse("100x16k").expect("a cell of the run");
    assert_eq!((cell.connections, cell.bytes), (100, 16 * 1024));
    assert_eq!(Cell::parse(&cell.name()), Some(cell));
    assert_eq!(Cell::parse("1x64").map(Cell::name).as_deref(), Some("1x64"));
}

#[test]
fn a_cell_beyond_what_the_load_can_do_is_refused() {
    for text in ["", "x", "0x64", "1x0", "1001x64", "1x17k", "1x99999999k", "1"] {
        assert_eq!(Cell::parse(text), None, "{text}");
    }
}
