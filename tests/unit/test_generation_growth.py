"""Techniques that grow in rounds, carried out by the real engine and ledger."""

from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.techniques import advance
from synth_assets.errors import TeacherError, TechniqueError
from tests.technique_runs import TechniqueRun, recipe_of, run_technique, seeds_of_fields

CHAIN = '''
from collections.abc import Sequence
from typing import ClassVar

from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import (
    Draft, Growth, Production, Round, Slot, Start, Technique, Unusable,
)
from synth_assets.core.techniques.structured import ask_fields


class Chain(Technique):
    """Continues the best word of the round before; a word may stand once only."""

    fields: ClassVar = {"write": ("word",)}
    write: Prompt
    width: int = 3

    def produce(self, slot: Slot) -> Production:
        made = yield from ask_fields(slot, self.write, slot.inputs, "write", self.fields["write"])
        if isinstance(made, Unusable):
            return made
        return Draft(prompt=slot.inputs["word"], response=made["word"])

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth:
        seen, kept, dropped = set(), 0, {}
        starts = [Start(seeds[0]) for _ in range(self.width)]
        while kept < wanted:
            made = yield Round(starts, dropped)
            if not made:
                return {}
            dropped = {
                each.sample_id: Unusable(Reason.NOT_NOVEL, f"{each.response} was there")
                for at, each in enumerate(made)
                if each.response in seen or each.response in [m.response for m in made[:at]]
            }
            new = [each for each in made if each.sample_id not in dropped]
            seen |= {each.response for each in new}
            kept += len(new)
            best = max(made, key=lambda each: each.response)
            seed = seeds[0].with_fields({"word": best.response})
            starts = [Start(seed, parents=(best,))] * self.width
        return dropped
'''
RECIPE = """
id: chain
title: Words that follow each other
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
technique:
  kind: chain.py:Chain
  write: {{template: write.md.j2, inputs: [word]}}
verifiers: [{{kind: length, max_words: 1}}]
"""


def chain(samples: str = "8") -> Recipe:
    text = RECIPE.format(samples=samples)
    return recipe_of(text, {"chain.py": CHAIN, "write.md.j2": "Continue: {{ word }}"})


def answer(request: Request) -> str:
    """`a` becomes `ab0`, `ab1`, ...; the index modulo 2, so that some words repeat."""
    word = request.messages[-1].content.removeprefix("Continue: ")
    return f"<word>{word}b{request.sample_index % 2}</word>"


def grown(folder: Path, samples: str = "8", says=answer) -> TechniqueRun:
    return run_technique(folder, chain(samples), seeds_of_fields({"word": "a"}), says)


def test_growth_starts_each_round_from_what_the_one_before_made(tmp_path: Path):
    run = grown(tmp_path)

    assert [sample.response for sample in run.samples] == [
        *("ab0", "ab1"),
        *("ab1b1", "ab1b0"),
        *("ab1b1b0", "ab1b1b1"),
        *("ab1b1b1b1", "ab1b1b1b0"),
    ]
    assert [round_.planned for round_ in run.rounds] == [3, 6, 9, 12]
    best = {sample.response: sample.sample_id for sample in run.samples}
    assert [sample.parent_ids for sample in run.samples[2:4]] == [(best["ab1"],)] * 2
    assert [sample.synthetic_depth for sample in run.samples] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [sample.position for sample in run.samples[:4]] == [0, 1, 3, 4]


def test_growth_tells_why_a_later_look_dropped_a_sample(tmp_path: Path):
    run = grown(tmp_path)

    assert run.why == ["not_novel"] * 4
    assert {detail for _, detail in run.reasons.values()} == {
        *("ab0 was there", "ab1b1 was there", "ab1b1b0 was there", "ab1b1b1b1 was there")
    }


def test_growth_again_on_the_same_ledger_asks_nothing_and_makes_the_same(tmp_path: Path):
    first, second = grown(tmp_path), grown(tmp_path)

    assert second.samples == first.samples
    assert second.reasons == first.reasons
    assert second.requests == ()


@pytest.mark.parametrize("stop_after", [1, 2, 3, 4, 7, 10, 11])
def test_growth_stopped_anywhere_goes_on_to_the_same_samples(tmp_path: Path, stop_after: int):
    undisturbed = grown(tmp_path / "undisturbed")
    left = [stop_after]

    def stops(request: Request) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise TeacherError("the teacher is gone")
        return answer(request)

    with pytest.raises(TeacherError, match="gone"):
        grown(tmp_path / "stopped", says=stops)
    resumed = grown(tmp_path / "stopped")

    assert resumed.samples == undisturbed.samples
    assert resumed.reasons == undisturbed.reasons
    assert len(resumed.requests) <= len(undisturbed.requests) - stop_after + 1


def test_growth_is_given_only_what_verifiers_accept(tmp_path: Path):
    def wordy(request: Request) -> str:
        return "<word>two words</word>" if request.sample_index == 1 else answer(request)

    run = grown(tmp_path, "1", wordy)

    assert [sample.response for sample in run.samples] == ["ab0", "two words"]
    assert run.why == ["not_novel"], "the third repeats the first; the second was never looked at"


def test_growth_with_an_empty_round_ends(tmp_path: Path):
    run = grown(tmp_path, "8", lambda _: "I would rather not.")

    assert run.samples == ()
    assert run.why == ["unparsable"] * 3
    assert [(round_.planned, round_.kept) for round_ in run.rounds] == [(3, 0)]


def test_growth_ends_when_all_that_may_be_planned_is(tmp_path: Path):
    run = grown(tmp_path, "{kept: 40, planned_at_most: 7}")

    assert [round_.planned for round_ in run.rounds] == [3, 6, 9]


def test_growth_from_a_seed_of_its_own_is_refused(tmp_path: Path):
    code = CHAIN.replace("seeds[0].with_fields(", 'Seed.of("pool", ')
    recipe = recipe_of(
        RECIPE.format(samples="8"), {"chain.py": code, "write.md.j2": "Continue: {{ word }}"}
    )
    with pytest.raises(TechniqueError, match=r"\{'word': 'ab1'\}, which is no seed of the recipe"):
        run_technique(tmp_path, recipe, seeds_of_fields({"word": "a"}), answer)


TWO = """
from typing import ClassVar
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.schema import Reason


class Two(Technique):
    write: Prompt

    def produce(self, slot: Slot) -> Production:
        asked = [slot.ask(self.write, slot.inputs, "write", copy=n) for n in range(3)]
        first, second, _ = yield asked
        return RESULT
"""


def two(tmp_path: Path, result: str) -> TechniqueRun:
    text = RECIPE.format(samples="1").replace("chain.py:Chain", "two.py:Two")
    files = {"two.py": TWO.replace("RESULT", result), "write.md.j2": "Continue: {{ word }}"}
    return run_technique(
        tmp_path,
        recipe_of(text, files),
        seeds_of_fields({"word": "a"}),
        lambda request: f"answer {request.sample_index >> 24}",
    )


def test_pieces_of_one_planned_sample_have_names_parents_and_completions_of_their_own(
    tmp_path: Path,
):
    run = two(
        tmp_path,
        'Draft("p", first.text, label="one", completions=(first,)), '
        'Draft("p", second.text, label="two", parents=("one",), completions=(second, first)), '
        'Unusable(Reason.TIE, "a tie", "three")',
    )
    one, later = run.samples

    assert (one.response, later.response) == ("answer 0", "answer 1")
    assert later.parent_ids == (one.sample_id,)
    assert (one.synthetic_depth, later.synthetic_depth) == (1, 2)
    asked = {request.sample_index >> 24: request.fingerprint for request in run.requests}
    assert one.request_fingerprints == (asked[0],)
    assert later.request_fingerprints == (asked[1], asked[0])
    assert run.why == ["tie"]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("()", "made no sample"),
        ('[Draft("p", "r"), Draft("q", "r")]', "gave two samples one label"),
        ('Draft("p", "r", parents=("nobody",))', "named a parent that is no earlier draft"),
        (
            'Draft("p", "r", completions=(type(first)("f", "", "", 0, 0, 0.0, 0.0),))',
            "named a completion that it did not ask for",
        ),
    ],
)
def test_result_that_cannot_be_recorded_names_the_technique_and_the_mend(
    tmp_path: Path, result: str, said: str
):
    with pytest.raises(TechniqueError, match=rf"two\.py:Two {said}.* Mend its `produce`"):
        two(tmp_path, result)


FAULTY = TWO.replace(
    """        asked = [slot.ask(self.write, slot.inputs, "write", copy=n) for n in range(3)]
        first, second, _ = yield asked
        return RESULT""",
    "        BODY",
)
ASK = 'slot.ask(self.write, slot.inputs, "write")'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None\n        yield", "asks nothing for a planned sample"),
        (f"yield {ASK}", "yields Request; it must yield a list of requests"),
        ('yield ["please"]', "yields list; it must yield a list of requests"),
        (f"yield [{ASK}, {ASK}]", "yields one request twice"),
        ('yield [slot.ask(self.write, slot.inputs, "writ")]', "asks the step 'writ'"),
        (f"return [{ASK}]", "gives list where a generator is needed"),
        (f"yield [{ASK}]", "returned NoneType, where a Draft or Unusable is needed"),
        (f'yield [{ASK}]\n        return "text"', "returned str, where a Draft"),
        (f'yield [{ASK}]\n        return Draft(None, "r")', "made a row whose prompt is no text"),
        (f'yield [{ASK}]\n        return Draft("p", chr(0xD800))', "whose response is no text"),
        (
            f'yield [{ASK}]\n        return Draft("p", "r", attributes={{"a": float("nan")}})',
            "gave a the value nan",
        ),
        (f'yield [{ASK}]\n        return Draft("p", "r", difficulty=float("inf"))', "difficulty"),
        (f'yield [{ASK}]\n        return Unusable("why", "x")', "returned Unusable, where"),
        (f"yield [{ASK}]\n        1 / 0", r"two\.py, line \d+: ZeroDivisionError"),
        (
            "n = 0\n        while True:\n            n += 1\n"
            '            yield [slot.ask(self.write, slot.inputs, "write", copy=n)]',
            "asks more than 40 requests for one planned sample",
        ),
    ],
)
def test_technique_at_fault_is_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
):
    monkeypatch.setattr(advance, "MOST_REQUESTS", 40)
    text = RECIPE.format(samples="1").replace("chain.py:Chain", "two.py:Two")
    recipe = recipe_of(
        text, {"two.py": FAULTY.replace("BODY", body), "write.md.j2": "Continue: {{ word }}"}
    )
    with pytest.raises(TechniqueError, match=said):
        run_technique(tmp_path, recipe, seeds_of_fields({"word": "a"}), lambda _: "said")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("made = yield Round(starts, dropped)", "return {}\n            yield", "before its first"),
        ("made = yield Round(starts, dropped)", "made = yield [1]", "yields list"),
        ("made = yield Round(starts, dropped)", "made = yield Round([])", "without starts"),
        ("return dropped", "return None", "is no mapping of sample ids"),
        (
            "seen, kept, dropped = set(), 0, {}",
            "seen, kept, dropped = set(), 0, {'x': 'y'}",
            "is no mapping",
        ),
        ("best = max", "1 / 0\n            best = max", r"chain\.py, line \d+: ZeroDivisionError"),
    ],
)
def test_growth_at_fault_is_named_with_the_mend(tmp_path: Path, old: str, new: str, said: str):
    files = {"chain.py": CHAIN.replace(old, new), "write.md.j2": "Continue: {{ word }}"}
    recipe = recipe_of(RECIPE.format(samples="8"), files)
    with pytest.raises(TechniqueError, match=said):
        run_technique(tmp_path, recipe, seeds_of_fields({"word": "a"}), answer)
