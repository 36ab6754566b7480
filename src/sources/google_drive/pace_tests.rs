use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn state(limit: u32) -> State {
    State::new(limit, MINUTE)
}

#[test]
fn units_come_back_a_minute_after_the_reply() {
    let (mut state, start) = (state(200), Instant::now());
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    assert_eq!(state.admit(Cost::List, at(0)), Admission::Now);
    assert_eq!(state.admit(Cost::List, at(0)), Admission::Now);
    assert_eq!(state.admit(Cost::Get, at(1)), Admission::AfterAReply);
    state.give_back(Cost::List, at(2));
    assert_eq!(state.admit(Cost::Get, at(3)), Admission::At(at(62)));
    state.give_back(Cost::List, at(10));
    assert_eq!(state.admit(Cost::List, at(61)), Admission::At(at(62)));
    assert_eq!(state.admit(Cost::List, at(62)), Admission::Now);
    assert_eq!(state.admit(Cost::Get, at(62)), Admission::At(at(70)));
}

#[test]
fn lanes_grow_with_success_and_halve_with_a_refusal() {
    let (mut state, now) = (state(u32::MAX), Instant::now());
    for _ in 0..LANES {
        assert_eq!(state.admit(Cost::List, now), Admission::Now);
    }
    assert_eq!(state.admit(Cost::List, now), Admission::AfterAReply);
    // Contents have no lanes.
    assert_eq!(state.admit(Cost::Download, now), Admission::Now);
    state.lanes += 1;
    assert_eq!(state.admit(Cost::List, now), Admission::Now);
    // Many refusals of calls that were under way together are one.
    for _ in 0..10 {
        state.pause(now, Duration::from_secs(5));
    }
    assert_eq!(state.lanes, LANES / 2);
    for n in 1..10 {
        state.pause(now + MINUTE * n, Duration::from_secs(5));
    }
    assert_eq!(state.lanes, FEWEST_LANES);
}

#[test]
fn nobody_is_admitted_during_a_pause_and_the_longest_counts() {
    let (mut state, now) = (state(1000), Instant::now());
    let at = |seconds: u64| now + Duration::from_secs(seconds);
    state.pause(now, Duration::from_secs(10));
    state.pause(at(1), Duration::from_secs(2));
    assert_eq!(state.admit(Cost::Get, at(4)), Admission::Paused(at(10)));
    state.pause(at(5), Duration::from_secs(10));
    assert_eq!(state.admit(Cost::Get, at(14)), Admission::Paused(at(15)));
    assert_eq!(state.admit(Cost::Get, at(15)), Admission::Now);
}

#[tokio::test]
async fn a_long_pause_is_told_and_not_sat_out() {
    let pace = Pace::new(1000, MINUTE);
    pace.pause(Duration::from_secs(3600));
    let failure = pace.admit(Cost::Get).await.err().unwrap();
    assert_eq!(failure.class, FailureClass::Throttled);
    assert!(matches!(failure.retry, Retry::After(pause) if pause > Duration::from_secs(3500)));
    let until = pace.paused_until().unwrap();
    assert!(until > Timestamp::now() + SignedDuration::from_secs(3500));
}

#[tokio::test]
async fn who_waits_is_woken_by_a_reply() {
    let pace = Pace::new(200, MINUTE);
    let first = pace.admit(Cost::Download).await.unwrap();
    let second = pace.admit(Cost::Get);
    tokio::pin!(second);
    assert!(futures::poll!(&mut second).is_pending(), "all is under way");
    // Given back, it still counts for a minute.
    drop(first);
    assert!(futures::poll!(&mut second).is_pending());
    let pace = Pace::new(400, Duration::from_millis(1));
    let (first, other) =
        (pace.admit(Cost::Download).await.unwrap(), pace.admit(Cost::Download).await.unwrap());
    let waiting = pace.admit(Cost::Get);
    tokio::pin!(waiting);
    assert!(futures::poll!(&mut waiting).is_pending());
    drop(first);
    waiting.await.unwrap();
    drop(other);
}

proptest! {
    /// Whatever the latencies are: no minute of the server's, which counts a call at
    /// some time between its sending and its reply, has more than the limit; and
    /// hardly less where there is always something to do.
    #[test]
    fn no_minute_is_exceeded_and_none_is_wasted(
        limit in 2_000_u32..20_000,
        latencies in prop::collection::vec(1_u64..900, 40),
        counted in prop::collection::vec(0.0..1.0_f64, 40),
    ) {
        let (mut state, start) = (State::new(limit, MINUTE), Instant::now());
        state.lanes = 8;
        let mut now = start;
        let mut under_way: Vec<Instant> = Vec::new();
        let mut server: Vec<Instant> = Vec::new();
        let mut n = 0;
        let end = start + MINUTE * 5;
        while now < end {
            under_way.sort();
            while under_way.first().is_some_and(|reply| *reply <= now) {
                let reply = under_way.remove(0);
                state.give_back(Cost::List, reply);
            }
            let next = match state.admit(Cost::List, now) {
                Admission::Now => {
                    let latency = Duration::from_millis(latencies[n % latencies.len()]);
                    server.push(now + latency.mul_f64(counted[n % counted.len()]));
                    under_way.push(now + latency);
                    n += 1;
                    continue;
                }
                Admission::At(at) => Some(at),
                Admission::AfterAReply => None,
                Admission::Paused(_) => unreachable!(),
            };
            let reply = under_way.iter().min().copied();
            now = next.into_iter().chain(reply).min().unwrap();
        }
        server.sort();
        for (n, from) in server.iter().enumerate() {
            let within = server[n..].iter().take_while(|at| **at < *from + MINUTE).count() as u32;
            prop_assert!(within * 100 <= limit, "{within} calls in a minute of {limit} units");
        }
        let used = server.iter().filter(|at| **at < end).count() as f64 * 100.0;
        // What the lanes alone would allow, if that is less.
        let mean = latencies.iter().sum::<u64>() as f64 / latencies.len() as f64;
        let possible = (f64::from(limit / 100 * 100) * 5.0).min(8.0 / mean * 1000.0 * 300.0 * 100.0);
        prop_assert!(used >= 0.95 * possible, "{used} of {possible}");
    }
}
