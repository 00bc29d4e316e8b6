//! Whole runs of random plans on virtual time: every law that holds for every run.

mod check;
mod scenario;
mod stage;
mod why;

use super::cases;
use proptest::prelude::*;
use scenario::scenario;
use stage::perform;

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn every_run_keeps_every_law(scenario in scenario()) {
        let show = perform(&scenario);
        check::accounts(&scenario, &show)?;
        check::order(&scenario, &show)?;
        check::bounds(&scenario, &show)?;
        check::delays(&scenario, &show)?;
        check::stops(&scenario, &show)?;
        check::events(&scenario, &show)?;
        check::statuses(&scenario, &show)?;
        why::why(&scenario, &show)?;
    }

    #[test]
    fn the_same_seed_gives_the_same_run(scenario in scenario()) {
        let (first, second) = (perform(&scenario), perform(&scenario));
        prop_assert_eq!(first.transcript(), second.transcript());
    }
}
