//! An answer that changes with the number of times it was given.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Gives `answer` the number of requests like `which` before this one.
pub fn counted<Q, A>(
    which: impl Fn(&Q) -> bool + Send + Sync + 'static,
    answer: impl Fn(&Q, usize) -> Option<A> + Send + Sync + 'static,
) -> impl Fn(&Q) -> Option<A> + Send + Sync + 'static {
    let given = AtomicUsize::new(0);
    move |request| match which(request) {
        true => answer(request, given.fetch_add(1, Ordering::SeqCst)),
        false => None,
    }
}
