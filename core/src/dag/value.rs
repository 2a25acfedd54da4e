//! What a value carries in its queue: by it the registry is told of what becomes of the value and of its epochs.
//!
//! [V1] A value is written down when somebody enrols, or names it, and until its queue is dropped. Its index is 0 before.

use core::panic::Location;

use super::{
    event::What,
    node::{Kind, NodeInfo, Site},
    record::{Content, EpochRecord, Phase, Role, SeatRecord, ValueRecord},
    registry::{Registry, with},
    seat::Seat,
    thread::current,
};

/// What a value tells the registry by. It is used under the lock of the value.
#[derive(Debug)]
pub(crate) struct Value {
    index: u64,
    type_name: fn() -> &'static str,
    label: Option<&'static str>,
    location: &'static Location<'static>,
    content: Content,
}

impl Value {
    /// Whether anything is written down.
    pub(crate) const SHOWN: bool = true;

    /// Of a value of this type, made there, which is there or not.
    pub(crate) const fn new(type_name: fn() -> &'static str, site: Site, there: bool) -> Self {
        let content = if there { Content::Constructed } else { Content::Unconstructed };
        Self { index: 0, type_name, label: None, location: site.0, content }
    }

    /// Names the value.
    pub(crate) fn label(&mut self, label: &'static str) {
        self.label = Some(label);
        let index = self.index;
        with(|registry| {
            if let Some(value) = registry.values.get(index) {
                value.info.label = Some(label);
            }
        });
    }

    fn info(&self, index: u64, kind: Kind, location: &'static Location<'static>) -> NodeInfo {
        let address = core::ptr::from_ref(self).addr();
        let type_name = (self.type_name)();
        NodeInfo { kind, index, address, type_name, label: self.label, location }
    }

    /// Writes the value and its first epoch down, if they are not [V1].
    pub(crate) fn show(&mut self, number: u64) {
        if self.index != 0 {
            return;
        }
        let phase = match self.content {
            Content::Unconstructed => Phase::Vacant,
            Content::Constructed | Content::Invalid => Phase::Reading,
        };
        let site = Site(self.location);
        with(|registry| {
            self.index = registry.number();
            let info = self.info(self.index, Kind::Value, self.location);
            let record = ValueRecord { info, content: self.content, front: number };
            let found = registry.values.insert(self.index, record);
            registry.count(found);
            self.add(registry, number, phase, site);
        });
    }

    fn add(&self, registry: &mut Registry, number: u64, phase: Phase, site: Site) {
        let index = registry.number();
        let info = self.info(index, Kind::Epoch, site.0);
        let record = EpochRecord { info, value: self.index, number, phase };
        let found = registry.epochs.insert((self.index, number), record);
        registry.count(found);
    }

    /// There is an epoch more, which has a writer.
    pub(crate) fn open(&mut self, number: u64, site: Site) {
        with(|registry| {
            self.add(registry, number, Phase::Writing, site);
            registry.tell(What::Writing, (self.index, number), current());
        });
    }

    /// There is an epoch more, before the others and without a writer.
    #[cfg(feature = "alloc")]
    pub(crate) fn prepend(&mut self, number: u64, site: Site) {
        with(|registry| {
            self.add(registry, number, Phase::Vacant, site);
            self.move_front(registry, number);
        });
    }

    fn set(&mut self, number: u64, phase: Phase, what: What) {
        if self.index == 0 {
            return;
        }
        with(|registry| {
            if let Some(epoch) = registry.epochs.get((self.index, number)) {
                epoch.phase = phase;
            }
            registry.tell(what, (self.index, number), current());
        });
    }

    /// The epoch has a writer now.
    pub(crate) fn writing(&mut self, number: u64) {
        self.set(number, Phase::Writing, What::Writing);
    }

    /// Its writer left before its turn.
    pub(crate) fn ended(&mut self, number: u64) {
        self.set(number, Phase::Ended, What::Ended);
    }

    /// It may be read.
    pub(crate) fn reading(&mut self, number: u64) {
        self.set(number, Phase::Reading, What::Reading);
    }

    /// The epoch before this one is over, and this is in front.
    pub(crate) fn front(&mut self, number: u64) {
        with(|registry| {
            let before = number - 1;
            if registry.epochs.remove((self.index, before)).is_some() {
                registry.tell(What::Finished, (self.index, before), current());
            }
            self.move_front(registry, number);
        });
    }

    fn move_front(&self, registry: &mut Registry, number: u64) {
        if let Some(value) = registry.values.get(self.index) {
            value.front = number;
        }
        registry.tell(What::Front, (self.index, number), current());
    }

    /// What the value holds now.
    pub(crate) fn hold(&mut self, content: Content) {
        self.content = content;
        with(|registry| {
            if let Some(value) = registry.values.get(self.index) {
                value.content = self.content;
            }
        });
    }

    /// Somebody enrolled as a reader.
    pub(crate) fn reader(&mut self, number: u64) -> Seat {
        self.enrol(number, Role::Reader)
    }

    /// Somebody enrolled as a writer.
    pub(crate) fn writer(&mut self, number: u64) -> Seat {
        self.enrol(number, Role::Writer)
    }

    fn enrol(&mut self, number: u64, role: Role) -> Seat {
        let value = self.index;
        with(|registry| {
            let index = registry.number();
            let record = SeatRecord {
                index,
                value,
                number,
                role,
                argument_of: None,
                awaited_by: None,
                waits: false,
            };
            let found = registry.seats.insert(index, record);
            registry.count(found);
            registry.tell(What::Enrolled(role), (value, number), current());
            Seat::of(index)
        })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if self.index == 0 {
            return;
        }
        with(|registry| {
            registry.values.remove(self.index);
            registry.epochs.remove_range((self.index, 0), (self.index + 1, 0));
        });
    }
}
