//! Small retries inside one step. Retries of a whole step are the engine's.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::SendFailure;
use crate::model::{Failure, FailureClass, Retry};

const TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// After this much time no further try begins.
const TOTAL: Duration = Duration::from_secs(90);

/// Carries `operation` out, at most three times while the network or the other
/// side's health is what fails. Only for what may safely happen twice.
pub(crate) async fn retrying<T, F>(mut operation: impl FnMut() -> F) -> Result<T, SendFailure>
where
    F: Future<Output = Result<T, SendFailure>>,
{
    let begin = Instant::now();
    let mut tries = 1;
    loop {
        let failed = match operation().await {
            Ok(value) => return Ok(value),
            Err(failed) => failed,
        };
        let pause = next_pause(&failed.failure, tries)
            .filter(|pause| !failed.exhausted && begin.elapsed() + *pause <= TOTAL);
        let Some(pause) = pause else { return Err(SendFailure { exhausted: true, ..failed }) };
        tracing::debug!(failure = %failed.failure, tries, "trying again");
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// How long to wait after try number `tries` failed; `None` gives up.
fn next_pause(failure: &Failure, tries: u32) -> Option<Duration> {
    use FailureClass as C;
    let passing = matches!(failure.class, C::Network | C::Unavailable | C::Throttled);
    if tries >= TRIES || !passing {
        return None;
    }
    match failure.retry {
        Retry::Never => None,
        Retry::Backoff => Some(pause(tries)),
        // A long pause is the engine's to keep: it can do other things meanwhile.
        Retry::After(pause) => (pause <= LONGEST_PAUSE).then_some(pause),
    }
}

/// A pause with full jitter after try number `tries`: many clients that failed
/// together must not come back together.
pub(crate) fn pause(tries: u32) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(1 << tries.clamp(1, 10)).min(LONGEST_PAUSE) / 2;
    most.mul_f64(rand::random::<f64>())
}

/// Waits for `work` unless the token says stop first.
pub(crate) async fn or_cancelled<T>(
    cancel: &CancellationToken,
    doing: &str,
    object: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Failure::cancelled(doing, object)),
        result = work => result,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn only_what_passes_is_tried_again_and_not_for_ever() {
        use FailureClass as C;
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        for (class, retry, tries, again) in [
            (C::Network, Retry::Backoff, 1, true),
            (C::Network, Retry::Backoff, 2, true),
            (C::Network, Retry::Backoff, TRIES, false),
            (C::Unavailable, Retry::Backoff, 1, true),
            (C::Throttled, after(2), 1, true),
            (C::Throttled, after(3600), 1, false),
            (C::Network, Retry::Never, 1, false),
            (C::SignIn, Retry::Never, 1, false),
            (C::Refused, Retry::Backoff, 1, false),
            (C::Protocol, Retry::Backoff, 1, false),
        ] {
            let failure = Failure::new(class, "asking", "host").retry(retry);
            assert_eq!(next_pause(&failure, tries).is_some(), again, "{class:?} {retry:?} {tries}");
        }
        let asked = Failure::new(C::Throttled, "asking", "host").retry(after(2));
        assert_eq!(next_pause(&asked, 1), Some(Duration::from_secs(2)));
    }

    #[tokio::test]
    async fn the_first_success_counts() {
        let tried = Cell::new(0);
        let result = retrying(|| async {
            tried.set(tried.get() + 1);
            match tried.get() {
                2 => Ok(7),
                _ => Err(Failure::new(FailureClass::Network, "asking", "host").into()),
            }
        })
        .await;
        assert_eq!((result.unwrap(), tried.get()), (7, 2));
    }

    #[tokio::test]
    async fn retries_within_retries_do_not_multiply() {
        let tried = Cell::new(0);
        let one = || async {
            tried.set(tried.get() + 1);
            Err::<(), _>(Failure::new(FailureClass::Network, "asking", "host").into())
        };
        retrying(|| retrying(one)).await.unwrap_err();
        assert_eq!(tried.get(), TRIES);
    }

    #[tokio::test]
    async fn stop_means_stop() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let never = std::future::pending::<Result<(), Failure>>();
        let failure = or_cancelled(&cancel, "asking", "host", never).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Cancelled);
    }
}
