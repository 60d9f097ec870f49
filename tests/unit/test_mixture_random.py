import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.mixture_problems import feasible, infeasible, with_more
from synth_assets.core.mixture.compose import compose, why_infeasible
from synth_assets.core.mixture.policy import policy_faults

SEEDS = st.tuples(st.integers(0, 10**9), st.sampled_from([3, 20, 60, 200]))


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_compose_of_random_feasible_mixtures_meets_every_bound(seed):
    problem = feasible(random.Random(seed[0]), seed[1])
    kept = compose(problem.samples, problem.mixture, problem.standing).kept
    assert policy_faults(kept, problem.mixture, problem.standing) == ()
    backwards = compose(problem.samples.reverse(), problem.mixture, problem.standing).kept
    assert backwards.equals(kept)


@settings(max_examples=60, deadline=None)
@given(st.tuples(st.integers(0, 10**9), st.sampled_from([3, 20, 40])))
def test_compose_of_random_infeasible_mixtures_offers_mends_that_each_do(seed):
    problem = infeasible(random.Random(seed[0]), seed[1])
    conflict = why_infeasible(problem.samples, problem.mixture, problem.standing)
    assume(conflict is not None)
    assert conflict.mends
    for mend in conflict.mends:
        mended = with_more(problem, mend.more) if mend.more else problem
        mixture = mend.applied(problem.mixture)
        kept = compose(mended.samples, mixture, mended.standing).kept
        assert policy_faults(kept, mixture, mended.standing) == ()
