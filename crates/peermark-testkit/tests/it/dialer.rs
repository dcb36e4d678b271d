//! The dial coordinator: random schedules against the model of a schedule, random events, and the
//! simulation, scaled down.
//!
//! `PEERMARK_SEED` sets the seed of all three (a decimal number).

use std::sync::Arc;
use std::time::Duration;

use peermark_dial_policy::{Candidate, DialPolicy, Ranker, Ranking, Refusal, Start};
use peermark_dialer::{Action, AttemptId, Config, Dialer, Moment, Request};
use peermark_provenance::DialOutcome;
use peermark_testkit::dialer::schedule::{Planned, Step, steps};
use peermark_testkit::dialer::world::{self, Class, Policy};
use peermark_testkit::dialer::{Behaviour, Simulation};
use peermark_testkit::properties::{EVENT_LEN, dialer_events};
use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

#[test]
fn c6_thousands_of_schedules_are_those_of_the_model() {
    let seed = seed();
    println!("seed {seed}");
    for number in 0..4_000 {
        let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number));
        let (stages, planned, deadline) = schedule(&mut rng);
        let expected = steps(&stages, &planned, deadline);
        let got = run(&stages, &planned, deadline);
        assert_eq!(got, expected, "schedule {number} of seed {seed}: {stages:?} {planned:#?}");
    }
}

#[test]
fn c6_random_events_keep_every_rule() {
    let seed = seed();
    println!("seed {seed}");
    for number in 0..3_000 {
        let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number));
        let len = 1 + EVENT_LEN * (4 << rng.below(5));
        let bytes = rng.bytes(len);
        let result = std::panic::catch_unwind(|| dialer_events(&bytes));
        assert!(result.is_ok(), "events {number} of seed {seed}: {bytes:?}");
    }
}

#[test]
fn c6_a_simulation_keeps_every_rule_and_is_the_same_each_time() {
    let run = |seed| Simulation { seed, peers: 100, requests: 1_000 }.run();
    for seed in seed()..seed() + 4 {
        println!("seed {seed}");
        let summary = run(seed);
        println!("{summary}");
        assert!(summary.counts.completed > 100 && summary.counts.failed > 100, "{summary}");
        assert!(summary.counts.cancels > 50 && summary.left > 0, "{summary}");
        assert_eq!(summary, run(seed), "the same seed makes the same run");
    }
}

#[test]
fn a_network_behaves_in_every_way() {
    let mut rng = Rng::new(1);
    for behaviour in Behaviour::ALL {
        let (wait, _) = behaviour.dial(&mut rng);
        assert!(wait > Duration::ZERO, "{behaviour:?}");
    }
}

fn seed() -> u64 {
    variable("PEERMARK_SEED", 1)
}

/// Up to 20 addresses in up to three stages; each fails or answers after some time, or never.
fn schedule(rng: &mut Rng) -> (Vec<Start>, Vec<Planned>, u64) {
    let millis = |rng: &mut Rng, steps: usize| 50 * u64::try_from(rng.below(steps)).unwrap();
    let mut stages = vec![Start::Now];
    for _ in 0..rng.below(3) {
        stages.push(match rng.below(3) {
            0 => Start::AfterFailure,
            1 => Start::Now,
            _ => Start::After(Duration::from_millis(millis(rng, 20))),
        });
    }
    let count = 1 + rng.below(20);
    let likely = [0, 8, 20][rng.below(3)];
    let mut planned: Vec<_> = (0..count)
        .map(|_| Planned {
            stage: rng.below(stages.len()),
            delay: millis(rng, 30),
            takes: 1 + millis(rng, 40),
            answers: likely > 0 && rng.one_in(likely),
        })
        .collect();
    planned.sort_by_key(|planned| (planned.stage, planned.delay));
    (stages, planned, 1 + millis(rng, 200))
}

/// A policy whose stages stand in the port of an address, before the number of the address.
struct ByPort(Vec<Start>);

impl DialPolicy for ByPort {
    fn name(&self) -> &str {
        "by-port"
    }

    fn stages(&self) -> &[Start] {
        &self.0
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        Ok(usize::from(candidate.traits().port().unwrap() / 100) - 1)
    }
}

/// A ranker that was told the delays.
struct Told(Vec<u64>);

impl Ranker for Told {
    fn rank(&self, ranking: &mut Ranking<'_>) {
        for dial in ranking.dials_mut() {
            dial.set_delay(Duration::from_millis(self.0[dial.candidate()]));
        }
    }
}

fn run(stages: &[Start], planned: &[Planned], deadline: u64) -> Vec<(u64, Step)> {
    let at = |millis: u64| Moment::from_secs(7).saturating_add(Duration::from_millis(millis));
    let mut config = Config::default();
    config.limits.dials_per_peer = 100;
    config.limits.dials_per_target = 100;
    config.ranker = Arc::new(Told(planned.iter().map(|planned| planned.delay).collect()));
    let mut dialer = Dialer::new(config);
    let number_of = |text: &str| -> usize {
        let port: usize = text.rsplit('/').next().unwrap().parse().unwrap();
        port % 100
    };
    let candidates: Vec<_> = (0..planned.len())
        .map(|n| {
            let text = format!("/ip4/1.2.3.4/tcp/{}", 100 * (planned[n].stage + 1) + n);
            world::candidate(world::address(&text), Class::Hearsay)
        })
        .collect();
    let policy: Policy = Arc::new(ByPort(stages.to_vec()));
    let peer = world::peer(1);
    let request = Request { candidates, ..Request::new(peer, policy, at(deadline)) };
    dialer.request(request, at(0)).unwrap();
    let mut done = Vec::new();
    let mut running: Vec<(u64, AttemptId, usize)> = Vec::new();
    let mut now = 0;
    loop {
        let mut cancelled = Vec::new();
        let until = loop {
            match dialer.poll(at(now)) {
                Action::Dial { attempt, address, .. } => {
                    let n = number_of(&address.to_string());
                    done.push((now, Step::Dial(n)));
                    running.push((now + planned[n].takes, attempt, n));
                }
                Action::Cancel { attempt } => {
                    let place = running.iter().position(|(_, id, _)| *id == attempt).unwrap();
                    cancelled.push((now, Step::Cancel(running.remove(place).2)));
                }
                Action::Complete { address, .. } => {
                    cancelled.push((now, Step::Done(number_of(&address.to_string()))));
                }
                Action::Fail { .. } => cancelled.push((now, Step::Over)),
                Action::WaitUntil(until) => break until,
            }
        };
        // Those that are cancelled together are in no order.
        cancelled.sort_by_key(|(_, step)| match step {
            Step::Cancel(n) => *n,
            _ => usize::MAX,
        });
        done.extend(cancelled);
        let Some(until) = until else { return done };
        let until = u64::try_from(until.saturating_since(at(0)).as_millis()).unwrap();
        running.sort_by_key(|(ends, id, _)| (*ends, *id));
        match running.first().copied() {
            // The deadline comes before what ends with it, as it does in the model.
            Some((ends, attempt, n)) if ends <= until && ends < deadline => {
                now = ends;
                running.remove(0);
                let result = [DialOutcome::Failure, DialOutcome::Success];
                dialer.dialed(attempt, result[usize::from(planned[n].answers)], at(now));
            }
            _ => now = until,
        }
    }
}
