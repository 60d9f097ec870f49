from pathlib import Path

import pytest

from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.errors import RecipeError, TeacherError
from synth_assets.resources.generation.engine import Progress, generate
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import CallFailedError
from tests.fakes import FakeChatModel, tiny_recipe

SEEDS = [Seed.of("recipe", {"problem": f"seed {n}"}) for n in range(4)]


@pytest.fixture
def ledger(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def test_generate_makes_each_planned_sample_with_its_provenance(ledger: Ledger):
    model = FakeChatModel()
    made = generate(tiny_recipe(10), SEEDS, model, ledger)

    assert made.stage.counts == {"kept": 10, "dropped": 0, "errored": 0}
    kept = made.stage.kept
    assert kept["position"].to_list() == list(range(10))
    assert set(kept["seed_id"]) == {seed.seed_id for seed in SEEDS}
    assert kept["reference"].to_list() == ["It is #### 5"] * 10
    assert kept["sample_id"].n_unique() == 10
    written = {r.fingerprint: r.teacher for r in model.history if r.step == "write"}
    for row in kept.iter_rows(named=True):
        assert written[row["request_fingerprints"][0]] == row["teacher"]
        assert len(row["request_fingerprints"]) == 2
    assert made.calls.height == 20
    assert made.calls["cost_usd"].sum() == pytest.approx(5.0)


def test_generate_again_buys_nothing_and_gives_equal_samples(ledger: Ledger):
    first = generate(tiny_recipe(10), SEEDS, FakeChatModel(), ledger)
    silent = FakeChatModel(enqueued=[AssertionError("asked again")])
    second = generate(tiny_recipe(10), list(reversed(SEEDS)), silent, ledger)

    assert second.bought == 0
    assert second.stage.kept.equals(first.stage.kept)
    assert second.calls["from_ledger"].all()


def test_generate_after_template_edit_buys_only_requests_that_changed(ledger: Ledger):
    generate(tiny_recipe(8), SEEDS, FakeChatModel(), ledger)
    edited = "A {{ level }} problem like: {{ problem }}{% if problem == 'seed 2' %}!{% endif %}"
    model = FakeChatModel()
    generate(tiny_recipe(8, write=edited), SEEDS, model, ledger)

    changed = [r.messages[-1].content for r in model.history if r.step == "write"]
    assert len(changed) == 2
    assert all(text.endswith("seed 2!") for text in changed)


def test_generate_with_more_samples_buys_only_the_additional_ones(ledger: Ledger):
    generate(tiny_recipe(6), SEEDS, FakeChatModel(), ledger)
    model = FakeChatModel()
    generate(tiny_recipe(9), SEEDS, model, ledger)

    assert len([r for r in model.history if r.step == "write"]) == 3


def test_generate_with_seed_added_keeps_the_old_first_round(ledger: Ledger):
    generate(tiny_recipe(4), SEEDS, FakeChatModel(), ledger)
    model = FakeChatModel()
    generate(tiny_recipe(5), [*SEEDS, Seed.of("recipe", {"problem": "new"})], model, ledger)

    asked = [r.messages[-1].content for r in model.history if r.step == "write"]
    assert [text.rpartition(" ")[2] for text in asked] == ["new"]


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("<problem>p", "length", Reason.TRUNCATED),
        ("", "stop", Reason.EMPTY_COMPLETION),
        ("hm", "content_filter", Reason.CONTENT_FILTERED),
        ("I'm sorry, but I can't help with that.", "stop", Reason.REFUSAL),
        ("<problem>a</problem>", "stop", Reason.UNPARSABLE),
        (
            "<problem>a</problem><problem>b</problem><solution>1</solution>",
            "stop",
            Reason.UNPARSABLE,
        ),
        ("<problem>a</problem><solution> </solution>", "stop", Reason.UNPARSABLE),
    ],
)
def test_generate_unusable_completion_is_dropped_with_its_reason(
    ledger: Ledger, text: str, finish: str, reason: Reason
):
    model = FakeChatModel(enqueued=[text], finish_reason=finish)
    made = generate(tiny_recipe(1), SEEDS, model, ledger)

    assert made.stage.counts == {"kept": 0, "dropped": 1, "errored": 0}
    assert made.stage.reasons == {reason.value: 1}
    assert made.calls.height == 1


def test_generate_failed_call_errors_its_sample_and_stops_no_other(ledger: Ledger):
    model = FakeChatModel(enqueued=[CallFailedError(Reason.PROVIDER_ERROR, "too long")])
    made = generate(tiny_recipe(6), SEEDS, model, ledger)

    assert made.stage.counts == {"kept": 5, "dropped": 0, "errored": 1}
    errored = made.stage.decisions.filter(made.stage.decisions["outcome"] == "errored")
    assert errored["detail"].to_list() == ["too long"]


def test_generate_unusable_teacher_stops_and_keeps_what_was_bought(ledger: Ledger):
    answers: list[str | Exception] = ["<problem>a</problem><solution>#### 5</solution>"] * 3
    with pytest.raises(TeacherError, match="bad key"):
        generate(
            tiny_recipe(8),
            SEEDS,
            FakeChatModel(enqueued=[*answers, TeacherError("bad key")]),
            ledger,
        )
    assert ledger.stats().completions >= 3


def test_generate_seed_without_needed_field_names_template_and_mend(ledger: Ledger):
    with pytest.raises(RecipeError, match=r"write\.md\.j2 needs problem.*columns:"):
        generate(tiny_recipe(1), [Seed.of("recipe", {"task": "x"})], FakeChatModel(), ledger)


def test_generate_equal_requests_are_bought_once(ledger: Ledger):
    same = "Anything."
    model = FakeChatModel()
    made = generate(
        tiny_recipe(
            4, write=f"{same}{{# {{{{ problem }}}} #}}{{{{ problem[:0] }}}}{{{{ level[:0] }}}}"
        ),
        SEEDS,
        model,
        ledger,
    )

    writers = {r.teacher for r in model.history if r.step == "write"}
    assert len([r for r in model.history if r.step == "write"]) == len(writers)
    assert made.stage.kept.height == 4


def test_generate_reports_progress_up_to_the_end(ledger: Ledger):
    seen: list[Progress] = []
    generate(tiny_recipe(5), SEEDS, FakeChatModel(), ledger, seen.append)

    assert [p.finished for p in seen] == [1, 2, 3, 4, 5]
    last = seen[-1]
    assert (last.planned, last.in_flight) == (5, 0)
    assert (last.spending.bought, last.spending.from_ledger) == (10, 0)
    assert last.spending.cost_usd == 2.5


def test_generate_without_seeds_plans_nothing(ledger: Ledger):
    made = generate(tiny_recipe(5), [], FakeChatModel(), ledger)
    assert made.stage.decisions.is_empty()
