//! What a program does next, from what it has in its books and what it hears.
//!
//! Every step is at most one commit and then at most one message. A crash
//! between the two is a crash before the message got anywhere.

use transship::model::DeliveryState as S;

use crate::protocol::{Protocol, Recovery};
use crate::world::{ATTEMPTS, Answer, Carried, File, Name, Request};

/// What survives a crash, of a program that keeps books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Books {
    pub export: Export,
    pub state: S,
    pub attempt: u8,
    /// Not in the books, and forgotten by a crash: the fence won, and the final
    /// name was seen all the same.
    pub seen_once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Export {
    Unknown,
    Recorded,
    /// Its bytes are safe here.
    Here,
}

impl Books {
    pub const EMPTY: Self =
        Self { export: Export::Unknown, state: S::Verified, attempt: 0, seen_once: false };

    fn now(self, state: S) -> Self {
        Self { state, seen_once: false, ..self }
    }

    fn temporary(self) -> Name {
        Name::Temporary(self.attempt)
    }

    fn fence(self) -> Request {
        Request::Rename(self.temporary(), Name::Temporary(self.attempt + 1))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// Just started, or through with a step: its books say how it goes on.
    Ready,
    Waiting(Request, Carried),
    /// Nothing to do until its next time.
    Resting,
    /// Used up the attempts that the model follows.
    Spent,
}

pub type Next = (Books, Program);

fn send(books: Books, request: Request) -> Next {
    (books, Program::Waiting(request, Carried::NotYet))
}

fn commit(books: Books) -> Next {
    (books, Program::Ready)
}

/// From the books alone: after a start, and after every commit.
pub fn go(protocol: Protocol, books: Books) -> Next {
    match books.export {
        Export::Unknown if protocol.looks_twice() => send(books, Request::Delivered),
        Export::Unknown => send(books, Request::NotDelivered),
        Export::Recorded => send(books, Request::Download),
        Export::Here => deliver(protocol, books),
    }
}

fn deliver(protocol: Protocol, books: Books) -> Next {
    match books.state {
        S::Verified | S::RetryWait | S::Uploading if books.attempt == ATTEMPTS => {
            (books, Program::Spent)
        }
        S::Verified | S::RetryWait | S::Uploading => {
            let books = Books { attempt: books.attempt + 1, ..books };
            match protocol {
                Protocol::Naive => send(books.now(S::Publishing), Request::Open(Name::Final)),
                _ => send(books.now(S::Uploading), Request::Open(books.temporary())),
            }
        }
        S::Staged if books.attempt > ATTEMPTS => (books, Program::Spent),
        S::Staged => {
            send(books.now(S::Publishing), Request::Rename(books.temporary(), Name::Final))
        }
        S::Publishing => doubt(protocol, books),
        S::Fencing if protocol.recovery() == Recovery::RemoveTheTemporary => {
            send(books, Request::Remove(books.temporary()))
        }
        S::Fencing => send(books, books.fence()),
        S::Published => send(books, Request::Look(Name::Final)),
        S::Confirmed => clean_up(books, 1),
        S::Cleaned => (books, Program::Resting),
        S::Held | S::InDoubt | S::Cancelled => unreachable!("these are the operator's"),
    }
}

/// Whether the rename happened is not known.
fn doubt(protocol: Protocol, books: Books) -> Next {
    match protocol.recovery() {
        Recovery::UploadAgain => commit(books.now(S::RetryWait)),
        Recovery::LookForTheFinalName => send(books, Request::Look(Name::Final)),
        Recovery::RemoveTheTemporary | Recovery::RenameTheTemporary => {
            commit(books.now(S::Fencing))
        }
    }
}

fn clean_up(books: Books, attempt: u8) -> Next {
    match attempt < books.attempt {
        true => send(books, Request::Remove(Name::Temporary(attempt))),
        false => commit(books.now(S::Cleaned)),
    }
}

/// An answer came, or none ever will.
pub fn hear(protocol: Protocol, books: Books, request: Request, answer: Option<Answer>) -> Next {
    use Answer as A;
    match (request, answer) {
        (Request::Delivered | Request::NotDelivered, Some(A::Listed(true))) => {
            commit(Books { export: Export::Recorded, ..books })
        }
        (Request::Delivered, Some(_)) => send(books, Request::NotDelivered),
        (Request::NotDelivered, Some(_)) => (books, Program::Resting),
        (Request::Download, Some(_)) => commit(Books { export: Export::Here, ..books }),
        (Request::Delivered | Request::NotDelivered | Request::Download, None) => commit(books),
        (request, answer) if protocol == Protocol::Naive => put(books, request, answer),

        (Request::Open(name), Some(A::Done)) => send(books, Request::Fill(name)),
        (Request::Fill(_), Some(A::Done)) => commit(books.now(S::Staged)),
        (Request::Open(_) | Request::Fill(_), _) => commit(books.now(S::RetryWait)),

        (Request::Rename(_, Name::Final), Some(A::Done)) => commit(books.now(S::Published)),
        // The server's own no, to a rename that is one step, rules it out.
        (Request::Rename(_, Name::Final), Some(_)) if protocol.atomic() => {
            commit(books.now(S::RetryWait))
        }
        (Request::Rename(_, Name::Final), _) => doubt(protocol, books),

        (Request::Rename(..), Some(A::Done)) => fence_won(protocol, books),
        (Request::Rename(_, next), Some(A::NoSuchFile)) => send(books, Request::Look(next)),
        (Request::Look(Name::Temporary(_)), Some(A::Seen(File::Missing))) => {
            commit(books.now(S::Published))
        }
        (Request::Look(Name::Temporary(_)), Some(_)) => fence_won(protocol, books),

        (Request::Sight, Some(A::Seen(File::Missing))) => next_attempt_staged(books),
        (Request::Sight, Some(_)) if books.seen_once => {
            send(books, Request::Remove(Name::Temporary(books.attempt + 1)))
        }
        (Request::Sight, Some(_)) => commit(Books { seen_once: true, ..books }),
        (Request::Remove(_), Some(A::Done | A::NoSuchFile)) if books.seen_once => {
            commit(books.now(S::Published))
        }

        (Request::Look(Name::Final), Some(_)) if books.state == S::Published => {
            commit(books.now(S::Confirmed))
        }
        (Request::Look(Name::Final), Some(A::Seen(File::Missing))) => {
            commit(books.now(S::RetryWait))
        }
        (Request::Look(Name::Final), Some(_)) => commit(books.now(S::Published)),

        (Request::Remove(Name::Temporary(k)), Some(A::Done | A::NoSuchFile))
            if books.state == S::Confirmed =>
        {
            clean_up(books, k + 1)
        }
        (Request::Remove(_), Some(A::Done)) => commit(books.now(S::RetryWait)),
        (Request::Remove(_), Some(A::NoSuchFile)) => commit(books.now(S::Published)),

        // Stay; try again later.
        (Request::Rename(..) | Request::Look(_) | Request::Remove(_) | Request::Sight, _) => {
            commit(books)
        }
    }
}

/// The temporary file has the next name. Only a link can have published it.
fn fence_won(protocol: Protocol, books: Books) -> Next {
    match protocol.looks_for_the_link() {
        true => send(books, Request::Sight),
        false => next_attempt_staged(books),
    }
}

fn next_attempt_staged(books: Books) -> Next {
    commit(Books { attempt: books.attempt + 1, ..books.now(S::Staged) })
}

/// The naive script: put, look whether it is there, put again if not.
fn put(books: Books, request: Request, answer: Option<Answer>) -> Next {
    match (request, answer) {
        (Request::Open(name), Some(Answer::Done)) => send(books, Request::Fill(name)),
        (Request::Fill(name), Some(Answer::Done)) => send(books, Request::Look(name)),
        (Request::Look(_), Some(Answer::Seen(File::Whole))) => commit(books.now(S::Cleaned)),
        _ => commit(books.now(S::RetryWait)),
    }
}
