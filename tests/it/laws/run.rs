//! Whole runs of random plans on virtual time: every law that holds for every run.

mod check;
mod circuits;
mod idle;
mod scenario;
mod seeds;
mod stage;
mod why;

use super::cases;
use proptest::prelude::*;
use scenario::{Scenario, scenario};
use stage::perform;

fn keeps_every_law(scenario: &Scenario) -> Result<(), TestCaseError> {
    let show = perform(scenario);
    check::accounts(scenario, &show)?;
    check::order(scenario, &show)?;
    check::bounds(scenario, &show)?;
    check::delays(scenario, &show)?;
    check::stops(scenario, &show)?;
    check::events(scenario, &show)?;
    check::statuses(scenario, &show)?;
    circuits::circuits(scenario, &show)?;
    idle::no_worker_idles(scenario, &show)?;
    why::why(scenario, &show)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_same_seed_gives_the_same_run(scenario in scenario()) {
        let (first, second) = (perform(&scenario), perform(&scenario));
        prop_assert_eq!(first.transcript(), second.transcript());
    }
}
