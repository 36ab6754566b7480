//! What is true outside the program, for one export: the source, the server's
//! folder, the receiver, and messages that are still on their way.

/// Attempts that the model follows; a fence may need the name of one more.
pub const ATTEMPTS: u8 = 4;

/// Messages of lost connections that are remembered at once. More of them only
/// repeat each other.
const LATE: usize = 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum File {
    #[default]
    Missing,
    Part,
    Whole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    Final,
    Temporary(u8),
}

/// One message to the source or to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    /// Which exports are marked delivered? Changes nothing.
    Delivered,
    /// Which are not? Marks them delivered.
    NotDelivered,
    Download,
    /// Creates an empty file, or empties one.
    Open(Name),
    /// Writes everything and reads the size back.
    Fill(Name),
    Rename(Name, Name),
    Remove(Name),
    Look(Name),
    /// Looks for the final name, and where the receiver puts what it took.
    Sight,
}

impl Request {
    /// Whether it matters that it is carried out when nobody waits for it.
    fn changes_something(self) -> bool {
        !matches!(self, Self::Delivered | Self::Download | Self::Look(_) | Self::Sight)
    }

    /// Whether the server can say no: no space, no permission.
    pub fn can_be_refused(self) -> bool {
        matches!(self, Self::Open(_) | Self::Fill(_) | Self::Rename(..) | Self::Remove(_))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    Done,
    NoSuchFile,
    Exists,
    Refused,
    /// Whether the export is in the list.
    Listed(bool),
    Seen(File),
}

/// How far the other side is with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carried {
    NotYet,
    /// A rename that is link + unlink, between the two.
    Linked,
    Out(Answer),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// The source has handed the export out and will not list it again.
    pub flipped: bool,
    published: File,
    temporary: [File; ATTEMPTS as usize + 1],
    /// Whole files that the receiver took; two stand for more.
    taken: u8,
    /// The receiver took a part of one.
    pub torn: bool,
    /// Messages of lost connections, which may still be carried out, or never.
    pub late: Vec<(Request, Carried)>,
}

impl World {
    pub fn file(&self, name: Name) -> File {
        match name {
            Name::Final => self.published,
            Name::Temporary(attempt) => self.temporary[usize::from(attempt) - 1],
        }
    }

    fn set(&mut self, name: Name, file: File) {
        match name {
            Name::Final => self.published = file,
            Name::Temporary(attempt) => self.temporary[usize::from(attempt) - 1] = file,
        }
    }

    /// How often the whole file has arrived: taken, or there to be taken.
    pub fn arrived(&self) -> u8 {
        self.taken + u8::from(self.published == File::Whole)
    }

    /// The receiver takes what has the final name. False if there is nothing.
    pub fn take(&mut self) -> bool {
        match std::mem::take(&mut self.published) {
            File::Missing => return false,
            File::Part => self.torn = true,
            File::Whole => self.taken = (self.taken + 1).min(2),
        }
        true
    }

    /// The other side goes one step on with `request`.
    pub fn carry_out(&mut self, request: Request, carried: Carried, atomic: bool) -> Carried {
        use Answer as A;
        let answer = match (request, carried) {
            (_, Carried::Out(answer)) => answer,
            (Request::Delivered, _) => A::Listed(self.flipped),
            (Request::NotDelivered, _) => A::Listed(!std::mem::replace(&mut self.flipped, true)),
            (Request::Download, _) => A::Done,
            (Request::Look(name), _) => A::Seen(self.file(name)),
            (Request::Sight, _) if self.taken > 0 => A::Seen(File::Whole),
            (Request::Sight, _) => A::Seen(self.published),
            (Request::Open(name), _) => {
                self.set(name, File::Part);
                A::Done
            }
            (Request::Fill(name), _) if self.file(name) == File::Missing => A::NoSuchFile,
            (Request::Fill(name), _) => {
                self.set(name, File::Whole);
                A::Done
            }
            (Request::Remove(name), _) => match self.file(name) {
                File::Missing => A::NoSuchFile,
                _ => {
                    self.set(name, File::Missing);
                    A::Done
                }
            },
            (Request::Rename(from, to), Carried::NotYet) => match self.file(from) {
                File::Missing => A::NoSuchFile,
                _ if !atomic && self.file(to) != File::Missing => A::Exists,
                file => {
                    self.set(to, file);
                    if !atomic {
                        return Carried::Linked;
                    }
                    self.set(from, File::Missing);
                    A::Done
                }
            },
            // Somebody moved it away meanwhile: OpenSSH cleans its spare link
            // (process_rename in sftp-server.c), whatever that is by now.
            (Request::Rename(from, to), Carried::Linked) if self.file(from) == File::Missing => {
                self.set(to, File::Missing);
                A::NoSuchFile
            }
            (Request::Rename(from, _), Carried::Linked) => {
                self.set(from, File::Missing);
                A::Done
            }
        };
        Carried::Out(answer)
    }

    /// Whether a rename of a lost connection stands between link and unlink.
    pub fn is_half_way(&self) -> bool {
        self.late.iter().any(|(_, carried)| *carried == Carried::Linked)
    }

    /// The connection is gone; what was under way may come late. False if that
    /// is one late message too many to follow.
    pub fn leave_behind(&mut self, request: Request, carried: Carried) -> bool {
        if matches!(carried, Carried::Out(_)) || !request.changes_something() {
            return true;
        }
        self.late.push((request, carried));
        self.late.sort_unstable();
        self.late.len() <= LATE
    }
}
