"""Pairs judged over HTTP, through both lanes: what is sent, and a judge that goes wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from synth_assets.core.sample import samples_of
from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.technique_http import generated

RECIPE = """
id: tiny
title: Pairs
samples: 5
seeds: {file: seeds.jsonl}
teachers: [{id: writer}, {id: second}]
technique:
  kind: preference
  responses: 2
  respond: {template: r.j2, system: s.j2, inputs: [question, style]}
  judge: {template: j.j2, inputs: [first, second], teachers: [{id: judge}]}
  styles: styles.txt
"""
FILES = {
    "r.j2": "{{ question }}",
    "s.j2": "{{ style }}",
    "j.j2": "Which is better? A: {{ first }} B: {{ second }}",
    "styles.txt": "Be brief.\nTell more.\n",
}
PLACES = ("Oslo", "Lima", "Accra", "Hanoi", "Quito")
SEEDS = [{"instruction": f"What is {place} known for?"} for place in PLACES]


def answer(body: dict[str, Any]) -> Reply:
    """One place with a clear winner; a cut response, a biased judge, a tie, a cut verdict."""
    last = body["messages"][-1]["content"]
    place = next(place for place in PLACES if place in last)
    if not last.startswith("Which"):
        brief = body["messages"][0]["content"] == "Be brief."
        if place == "Lima" and brief:
            return Said("Lima is", finish_reason="length")
        return f"{place} has a harbour." + ("" if brief else " It is old, and full of ships.")
    longer_first = re.search(r"A: .*ships\. B:", last) is not None
    match place:
        case "Accra":
            return "<verdict>A</verdict>"
        case "Hanoi":
            return "<verdict>tie</verdict>"
        case "Quito":
            return Said("<verdict>", finish_reason="length")
        case _:
            return f"<verdict>{'A' if longer_first else 'B'}</verdict>"


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_preference_over_http_keeps_the_clear_pair_and_names_each_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(answer) as server:
        made = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)
        again = generated(tmp_path, monkeypatch, server, RECIPE, FILES, SEEDS, model)

        assert len(server.served) == 5 * 2 + 4 * 2
    [sample] = samples_of(made.stage.kept)
    assert sample.prompt == "What is Oslo known for?"
    assert sample.response == "Oslo has a harbour. It is old, and full of ships."
    assert sample.rejected == "Oslo has a harbour."
    told = sample.drawn
    assert (told["style"], told["rejected_style"]) == ("Tell more.", "Be brief.")
    assert (told["margin"], told["judge"], told["length_difference"]) == (1.0, "judge", 7)
    lost = made.stage.decisions.drop_nulls("reason").sort("reason", "detail")
    assert lost["reason"].to_list() == ["inconsistent_judge", "tie", "truncated", "truncated"]
    assert lost["detail"][0] == "shown as 1, 2: A; shown as 2, 1: A"
    assert again.stage.kept.equals(made.stage.kept)
    assert again.calls["from_ledger"].all()


RATED = """
id: tiny
title: Rated pairs
samples: 5
seeds: {file: seeds.jsonl}
teachers: [{id: writer}, {id: second}]
technique:
  kind: preference
  responses: 3
  respond: {template: r.j2, system: s.j2, inputs: [question, style]}
  rate: {template: rate.j2, inputs: [question, response], teachers: [{id: judge}]}
  judge: {template: j.j2, inputs: [first, second], teachers: [{id: judge}]}
  criteria: [clarity, depth]
  pairs: best_worst
  min_margin: 2
  styles: styles.txt
"""
RATED_FILES = {
    **FILES,
    "rate.j2": "Rate, of {{ question }}: {{ response }}",
    "styles.txt": "Be brief.\nTell more.\nTell all.\n",
}
TEXTS = {"Be brief.": "has a harbour", "Tell more.": "is old", "Tell all.": "is full of old ships"}
RATINGS = {"has a harbour": (5, 2), "is old": (4, 8), "is full of old ships": (9, 10)}


def rated(body: dict[str, Any]) -> Reply:
    """Clear; a rating that cannot be read; judged against the ratings; equal; cut ratings."""
    last = body["messages"][-1]["content"]
    place = next(place for place in PLACES if place in last)
    if last.startswith("Rate"):
        said = next(said for said in RATINGS if last.endswith(f"{said}."))
        clarity, depth = RATINGS[said]
        match place, said:
            case "Lima", "has a harbour":
                clarity = 11
            case "Hanoi", _:
                clarity = depth = 6
            case "Quito", _ if said != "is old":
                return Said("<ratings>\nclarity", finish_reason="length")
            case _:
                pass
        return f"<ratings>\nclarity: {clarity}\ndepth: {depth}\n</ratings>"
    if last.startswith("Which"):
        best = re.search("A: .* full of old ships[.] B:", last) is not None
        if place == "Hanoi":
            best = re.search("A: .* has a harbour[.] B:", last) is not None
        return f"<verdict>{'A' if best is (place != 'Accra') else 'B'}</verdict>"
    return f"{place} {TEXTS[body['messages'][0]['content']]}."


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_preference_over_http_with_ratings_judges_best_and_worst_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    with chat_server(rated) as server:
        made = generated(tmp_path, monkeypatch, server, RATED, RATED_FILES, SEEDS, model)
        again = generated(tmp_path, monkeypatch, server, RATED, RATED_FILES, SEEDS, model)

        # Three responses and ratings each; two verdicts, but where two are not rated.
        assert len(server.served) == 5 * (3 + 3) + 4 * 2
    oslo, lima = sorted(samples_of(made.stage.kept), key=lambda s: s.prompt, reverse=True)
    for sample, beaten, ratings in ((oslo, "has a harbour", (5, 2)), (lima, "is old", (4, 8))):
        place = sample.prompt.split()[2]
        assert sample.response == f"{place} is full of old ships."
        assert sample.rejected == f"{place} {beaten}."
        told = sample.drawn
        assert (told["chosen_clarity"], told["chosen_depth"], told["chosen_rating"]) == (9, 10, 9.5)
        assert (told["rejected_clarity"], told["rejected_depth"]) == ratings
        assert told["margin"] == 9.5 - sum(ratings) / 2
        assert told["rejected_style"] == next(name for name in TEXTS if TEXTS[name] == beaten)
        assert (told["pairs"], told["pairs_decided"], told["judge"]) == (1, 1, "judge")
    lost = made.stage.decisions.drop_nulls("reason").sort("reason")
    assert lost["reason"].to_list() == ["inconsistent_judge", "tie", "truncated", "unparsable"]
    against, equal, cut, unread = lost["detail"]
    assert against.endswith("but the ratings are 3.5 and 9.5")
    assert equal.endswith("its margin is 0, not 2")
    assert cut.startswith("1 of 3 responses can be compared, not two: ")
    assert unread == "clarity is rated 11; one whole number from 1 to 10 is asked"
    assert again.stage.kept.equals(made.stage.kept)
    assert again.calls["from_ledger"].all()
