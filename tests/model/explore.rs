//! Every interleaving of the program, the server, the receiver, lost
//! connections, late messages and crashes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use transship::model::DeliveryState;

use crate::program::{Books, Export, Program, go, hear};
use crate::protocol::Protocol;
use crate::world::{Answer, Carried, Request, World};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    world: World,
    books: Books,
    program: Program,
}

/// What happens between two states.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Started,
    Goes,
    CarriedOut(Request),
    Refused(Request),
    Hears(Answer),
    ConnectionLost(Request),
    CarriedOutLate(Request),
    NeverArrives(Request),
    Taken,
    TimePasses,
    Crash,
}

/// An arrow in the books, and by how much the attempt grows on it.
pub type Arrow = (DeliveryState, DeliveryState, u8);

/// What was found out about a protocol.
#[derive(Default)]
pub struct Verdict {
    pub states: usize,
    pub steps: usize,
    /// From here the export never arrives, even if nothing goes wrong any more.
    pub lost: Option<Trace>,
    pub twice: Option<Trace>,
    pub partial: Option<Trace>,
    pub arrows: BTreeSet<Arrow>,
}

/// The shortest way to a state, one line a step.
pub struct Trace(Vec<(Happening, State)>);

pub fn explore(protocol: Protocol) -> Verdict {
    let start = State { world: World::default(), books: Books::EMPTY, program: Program::Ready };
    let mut found = HashMap::from([(start.clone(), 0)]);
    // Breadth first: the first way to a state is a shortest one.
    let mut states = vec![(Happening::Started, start, 0)];
    let mut arrives = HashSet::new();
    let mut verdict = Verdict::default();
    let mut at = 0;
    while at < states.len() {
        let state = states[at].1.clone();
        let trace = || Some(trace(&states, at));
        if verdict.twice.is_none() && state.world.arrived() > 1 {
            verdict.twice = trace();
        }
        if verdict.partial.is_none() && state.world.torn {
            verdict.partial = trace();
        }
        if verdict.lost.is_none() && !arrives_undisturbed(protocol, &state, &mut arrives) {
            verdict.lost = trace();
        }
        for (happening, next) in state.steps(protocol) {
            verdict.steps += 1;
            verdict.arrows.extend(arrow(&state.books, &next.books));
            let number = states.len();
            found.entry(next).or_insert_with_key(|next| {
                states.push((happening, next.clone(), at));
                number
            });
        }
        at += 1;
    }
    verdict.states = states.len();
    verdict
}

fn arrow(before: &Books, after: &Books) -> Option<Arrow> {
    let both = before.export == Export::Here && after.export == Export::Here;
    (both && before != after)
        .then(|| (before.state, after.state, after.attempt.saturating_sub(before.attempt)))
}

/// Whether the export arrives if from here on nothing goes wrong. What is still
/// on the wire is waited for first: its end is another state.
fn arrives_undisturbed(protocol: Protocol, state: &State, known: &mut HashSet<State>) -> bool {
    if !state.world.late.is_empty() {
        return true;
    }
    let mut seen = HashSet::new();
    let mut state = state.clone();
    while state.world.arrived() == 0
        && !state.world.torn
        && state.program != Program::Spent
        && !known.contains(&state)
    {
        let next = state.undisturbed(protocol);
        if !seen.insert(std::mem::replace(&mut state, next)) {
            return false;
        }
    }
    known.extend(seen);
    true
}

impl State {
    /// The only thing that happens where nothing goes wrong.
    fn undisturbed(&self, protocol: Protocol) -> Self {
        let mut next = self.clone();
        match self.program {
            Program::Ready => (next.books, next.program) = go(protocol, self.books),
            Program::Waiting(request, Carried::Out(answer)) => {
                (next.books, next.program) = hear(protocol, self.books, request, Some(answer));
            }
            Program::Waiting(request, carried) => {
                let carried = next.world.carry_out(request, carried, protocol.atomic());
                next.program = Program::Waiting(request, carried);
            }
            Program::Resting => next.program = Program::Ready,
            Program::Spent => {}
        }
        next
    }

    /// Everything that can happen next.
    fn steps(&self, protocol: Protocol) -> Vec<(Happening, Self)> {
        let mut steps = Vec::new();
        let going_on = match self.program {
            Program::Ready => Happening::Goes,
            Program::Waiting(_, Carried::Out(answer)) => Happening::Hears(answer),
            Program::Waiting(request, _) => Happening::CarriedOut(request),
            Program::Resting | Program::Spent => Happening::TimePasses,
        };
        if !self.is_put_off(protocol) {
            steps.push((going_on, self.undisturbed(protocol)));
        }
        if let Program::Waiting(request, carried) = self.program {
            if carried == Carried::NotYet && request.can_be_refused() {
                let program = Program::Waiting(request, Carried::Out(Answer::Refused));
                steps.push((Happening::Refused(request), Self { program, ..self.clone() }));
            }
            if let Some(mut next) = self.disconnected() {
                (next.books, next.program) = hear(protocol, self.books, request, None);
                steps.push((Happening::ConnectionLost(request), next));
            }
        }
        if let Some(mut next) = self.disconnected() {
            next.program = Program::Ready;
            next.books.seen_once = false;
            if !protocol.keeps_books() {
                next.books = Books::EMPTY;
            }
            steps.push((Happening::Crash, next));
        }
        self.around(protocol, &mut steps);
        steps
    }

    /// The second look comes so much later that a rename that was half-way at the
    /// first one is over: if the server does not stall for longer than that.
    fn is_put_off(&self, protocol: Protocol) -> bool {
        let looks = matches!(self.program, Program::Waiting(Request::Sight, Carried::NotYet));
        looks && self.books.seen_once && !protocol.stalls() && self.world.is_half_way()
    }

    /// What happens without the program.
    fn around(&self, protocol: Protocol, steps: &mut Vec<(Happening, Self)>) {
        for (at, &(request, carried)) in self.world.late.iter().enumerate() {
            let mut next = self.clone();
            next.world.late.remove(at);
            if carried == Carried::NotYet {
                steps.push((Happening::NeverArrives(request), next.clone()));
            }
            let carried = next.world.carry_out(request, carried, protocol.atomic());
            if next.world.leave_behind(request, carried) {
                steps.push((Happening::CarriedOutLate(request), next));
            }
        }
        let mut next = self.clone();
        if next.world.take() {
            steps.push((Happening::Taken, next));
        }
    }

    /// The same with the connection lost; none if more is on the wire than is followed.
    fn disconnected(&self) -> Option<Self> {
        let mut next = self.clone();
        match self.program {
            Program::Waiting(request, carried) => {
                next.world.leave_behind(request, carried).then_some(next)
            }
            Program::Spent => None,
            Program::Ready | Program::Resting => Some(next),
        }
    }
}

fn trace(states: &[(Happening, State, usize)], mut at: usize) -> Trace {
    let mut steps = Vec::new();
    while at > 0 {
        let (happening, state, before) = &states[at];
        steps.push((*happening, state.clone()));
        at = *before;
    }
    steps.reverse();
    Trace(steps)
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (happening, State { books, .. })) in self.0.iter().enumerate() {
            let books = match books.export {
                Export::Here => format!("{}({})", books.state, books.attempt),
                export => format!("{export:?}").to_lowercase(),
            };
            let happening = happening.to_string();
            writeln!(f, "    {:>2}. {happening:<72} {books}", number + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => write!(f, "the program starts"),
            Self::Goes => write!(f, "the program goes on from its books"),
            Self::CarriedOut(request) => write!(f, "carried out: {request:?}"),
            Self::Refused(request) => write!(f, "refused: {request:?}"),
            Self::Hears(answer) => write!(f, "the program hears {answer:?}"),
            Self::ConnectionLost(request) => write!(f, "connection lost, no reply to {request:?}"),
            Self::CarriedOutLate(request) => write!(f, "carried out late: {request:?}"),
            Self::NeverArrives(request) => write!(f, "never carried out: {request:?}"),
            Self::Taken => write!(f, "the receiver takes what it sees"),
            Self::TimePasses => write!(f, "time passes"),
            Self::Crash => write!(f, "crash and restart"),
        }
    }
}
