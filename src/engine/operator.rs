//! The operator's words: hold, release, retry, send again, fetch, cancel.
//!
//! Each acts on one item that nobody works on, as one arrow in the books. What
//! follows from it (fetching, uploading) is the next pass's work.

use std::sync::Arc;

use super::context::Context;
use super::lane::Lane;
use super::{Acted, leftovers};
use crate::ledger::{Delivery, Export};
use crate::model::{
    DeliveryState as D, Evidence, ExportState as X, Failure, FailureClass, Id, Kind, PublishMode,
    Retry,
};

/// What the operator wants of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Try again now.
    Retry,
    /// Do not go on before somebody says so.
    Hold,
    /// Go on with what is held.
    Release,
    /// Deliver once more, under a new generation.
    SendAgain,
    /// Fetch the bytes (again).
    Fetch,
    /// Stop it, or give it up.
    Cancel,
}

impl Word {
    fn doing(self) -> &'static str {
        match self {
            Self::Retry => "retrying",
            Self::Hold => "holding",
            Self::Release => "releasing",
            Self::SendAgain => "sending again",
            Self::Fetch => "fetching",
            Self::Cancel => "cancelling",
        }
    }
}

/// Does it to each of `ids`; returns what happened, and the lanes with work now.
pub(super) async fn act(
    context: &Context,
    word: Word,
    ids: Vec<Id>,
) -> (Vec<Acted>, Vec<Arc<Lane>>) {
    let mut lanes: Vec<Arc<Lane>> = Vec::new();
    let mut acted = Vec::new();
    for id in ids {
        let result = act_on(context, word, id).await.map(|(lane, words)| {
            if !lanes.iter().any(|known| known.number == lane.number) {
                lanes.push(lane);
            }
            words
        });
        acted.push(Acted { id, result });
    }
    (acted, lanes)
}

/// An item as the operator means it: an export that is delivered already, or on
/// its way, stands for its newest delivery.
struct Item {
    lane: Arc<Lane>,
    export: Export,
    delivery: Option<Delivery>,
}

async fn act_on(context: &Context, word: Word, id: Id) -> Result<(Arc<Lane>, String), Failure> {
    let item = find(context, word, id).await?;
    let moving = item.delivery.as_ref().map_or(item.export.id, |d| d.id);
    let Some(_claim) = context.claims.claim(moving) else {
        if word == Word::Cancel {
            context.claims.cancel(moving);
            return Ok((item.lane, format!("{moving} is being stopped")));
        }
        return Err(refused(word, id)
            .said("it is being transferred right now")
            .advice("wait until it is through, or cancel it first"));
    };
    // Read again: before the claim it may have moved.
    let item = find(context, word, id).await?;
    let words = match (word, &item.delivery) {
        (Word::SendAgain, _) => send_again(context, &item, id).await?,
        (Word::Fetch, _) => fetch(context, &item, id).await?,
        (_, Some(delivery)) => on_delivery(context, word, &item, delivery).await?,
        (_, None) => on_export(context, word, &item).await?,
    };
    context
        .ledger
        .note(moving, None, "operator", format!("{} by the operator", word.doing()))
        .await?;
    Ok((item.lane, words))
}

async fn find(context: &Context, word: Word, id: Id) -> Result<Item, Failure> {
    let unknown = || refused(word, id).said("the ledger has no such thing");
    let (export, delivery) = match id.kind {
        Kind::Export => {
            let export = context.ledger.export(id).await?.ok_or_else(unknown)?;
            // An export's own state is the story until its bytes are safe here.
            let delivery = match export.state {
                X::Verified | X::Skipped => context.ledger.newest_delivery(id).await?,
                _ => None,
            };
            (export, delivery)
        }
        Kind::Delivery => {
            let delivery = context.ledger.delivery(id).await?.ok_or_else(unknown)?;
            let export = context.ledger.export(delivery.export).await?.ok_or_else(unknown)?;
            (export, Some(delivery))
        }
        Kind::Run | Kind::Poll | Kind::File | Kind::Landed => {
            return Err(
                refused(word, id).said("only exports (x…) and deliveries (d…) can be acted on")
            );
        }
    };
    let lane = context.lane(export.endpoint).cloned().ok_or_else(|| {
        refused(word, id).said("its endpoint is not in the configuration any more")
    })?;
    Ok(Item { lane, export, delivery })
}

async fn on_export(context: &Context, word: Word, item: &Item) -> Result<String, Failure> {
    let export = &item.export;
    let state = match (word, export.state) {
        (Word::Hold, X::Recorded | X::RetryWait) => X::Held,
        (Word::Release, X::Held) => X::Recorded,
        (Word::Retry, X::RetryWait | X::Expired | X::Cancelled) => X::Recorded,
        (Word::Retry, X::Recorded | X::Downloading) => export.state,
        (Word::Cancel, X::Recorded | X::Downloading | X::RetryWait | X::Held | X::Quarantined) => {
            X::Cancelled
        }
        (_, state) => return Err(impossible(word, export.id, state.as_str())),
    };
    let mut after = export.clone();
    after.state = state;
    after.next_attempt_at = None;
    after.failure = (word == Word::Hold).then(|| by_operator(export.name()));
    context.ledger.move_export(export, &after, None).await?;
    context.export_moved(&item.lane, &after);
    let doubted = export.failure.as_ref().is_some_and(|f| f.class == FailureClass::Doubt);
    Ok(format!("{} is {state} now{}", export.id, at_whose_word(word, doubted, false)))
}

async fn on_delivery(
    context: &Context,
    word: Word,
    item: &Item,
    delivery: &Delivery,
) -> Result<String, Failure> {
    let renames = item
        .lane
        .outlet
        .as_ref()
        .is_none_or(|outlet| outlet.settings.publish == PublishMode::Rename);
    let doubted = delivery.failure.as_ref().is_some_and(|f| f.class == FailureClass::Doubt);
    let state = match (word, delivery.state) {
        // It was given up because nobody knew whether it arrived: that is still so.
        (Word::Retry, D::Cancelled) if doubted => {
            return Err(impossible(word, delivery.id, "cancelled while in doubt")
                .advice("the receiver may have it: `send --again` sends it all the same"));
        }
        (Word::Hold, D::Verified | D::RetryWait | D::Staged) => D::Held,
        (Word::Release, D::Held) => D::Verified,
        (Word::Retry, D::RetryWait | D::Cancelled) => D::Verified,
        // Ask the fence once more; without renames there is nothing to ask.
        (Word::Retry, D::InDoubt) if renames => D::Fencing,
        (Word::Retry, state) if state.is_open() => state,
        (Word::Cancel, state) if state.may_become(D::Cancelled) => D::Cancelled,
        (_, state) => return Err(impossible(word, delivery.id, state.as_str())),
    };
    let mut after = delivery.clone();
    after.state = state;
    after.next_attempt_at = None;
    after.failure = match word {
        Word::Hold => Some(by_operator(&delivery.final_name)),
        Word::Cancel if doubted => delivery.failure.clone(),
        _ => None,
    };
    // Of one in doubt nothing is touched: what lies there may not be ours.
    if state == D::Cancelled && delivery.state != D::InDoubt {
        leftovers::are_due(&mut after);
    }
    context.ledger.move_delivery(delivery, &after).await?;
    context.delivery_moved(&item.lane, &after);
    if leftovers::may_be(&after) {
        leftovers::remove(context, &item.lane, after).await?;
    }
    let seen = delivery.evidence == Some(Evidence::E3);
    Ok(format!("{} is {state} now{}", delivery.id, at_whose_word(word, doubted, seen)))
}

/// What the operator takes upon them by releasing what nobody is sure of, or what
/// was seen at the receiver.
fn at_whose_word(word: Word, doubted: bool, seen: bool) -> &'static str {
    match (word == Word::Release && doubted, seen) {
        (true, true) => "; it is sent at your word: the receiver has it and gets it twice",
        (true, false) => {
            "; it is sent at your word: a receiver that has it already gets it twice, unless \
             `processed` shows it"
        }
        (false, _) => "",
    }
}

async fn send_again(context: &Context, item: &Item, id: Id) -> Result<String, Failure> {
    let word = Word::SendAgain;
    let export = &item.export;
    let outlet = item
        .lane
        .outlet
        .as_ref()
        .ok_or_else(|| refused(word, id).said("its endpoint delivers to no destination"))?;
    if let Some(delivery) = context.ledger.newest_delivery(export.id).await?
        && delivery.state.is_open()
        && !delivery.state.is_delivered()
    {
        return Err(refused(word, id)
            .said(format!("{} is still on its way ({})", delivery.id, delivery.state))
            .advice("wait for it, or cancel it first"));
    }
    match export.state {
        X::Verified => {}
        X::Skipped => {
            let mut after = export.clone();
            after.state = X::Verified;
            after.failure = None;
            context.ledger.move_export(export, &after, None).await?;
        }
        state => {
            return Err(refused(word, id)
                .said(format!("its file is not here: {} is {state}", export.id))
                .advice("fetch it first"));
        }
    }
    let delivery = context.ledger.create_generation(export, outlet.new_delivery()).await?;
    Ok(format!("{delivery} sends {} once more", export.id))
}

async fn fetch(context: &Context, item: &Item, id: Id) -> Result<String, Failure> {
    let export = &item.export;
    if let Some(delivery) = context.ledger.newest_delivery(export.id).await?
        && delivery.state.is_open()
        && !delivery.state.is_delivered()
    {
        return Err(refused(Word::Fetch, id)
            .said(format!("{} is still on its way ({})", delivery.id, delivery.state))
            .advice("wait for it, or cancel it first"));
    }
    let state = match export.state {
        X::Recorded | X::Downloading => export.state,
        state if state.may_become(X::Recorded) => X::Recorded,
        state => return Err(impossible(Word::Fetch, id, state.as_str())),
    };
    let mut after = export.clone();
    after.state = state;
    after.failure = None;
    after.next_attempt_at = None;
    context.ledger.move_export(export, &after, None).await?;
    context.export_moved(&item.lane, &after);
    Ok(format!("{} is fetched", export.id))
}

fn refused(word: Word, id: Id) -> Failure {
    Failure::new(FailureClass::Refused, word.doing(), id.to_string()).retry(Retry::Never)
}

fn impossible(word: Word, id: Id, state: &str) -> Failure {
    refused(word, id).said(format!("it is {state}"))
}

fn by_operator(name: &str) -> Failure {
    Failure::new(FailureClass::Cancelled, "held by the operator:", name)
        .advice("release it to go on")
}
