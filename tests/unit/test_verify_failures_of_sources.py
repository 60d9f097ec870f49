"""Links that nobody gave, and runs of words of the recipe's own examples."""

import json

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.sample import history_text
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.errors import RecipeError
from tests.samples import synthetic_row
from tests.unit.failure_turns import reason_of, verdict


@pytest.mark.parametrize(
    "link",
    [
        "https://www.harbour.org/boats",
        "http://harbour.org",
        "www.harbour.org/boats.html",
        "[the page](https://harbour.org/boats)",
        "doi:10.1038/nature12373",
        "https://doi.org/10.1038/nature12373",
        "arXiv:2308.01263",
        "arxiv.org/abs/2308.01263",
        "PMID: 12345678",
    ],
)
def test_links_that_nobody_gave_are_rejected(link: str):
    text = f"The harbour is described at {link}, among others."
    assert reason_of(text) is None
    assert reason_of(text, links=True) is Reason.INVENTED_LINK
    assert verdict(text, context=f"Source: {link}.", links=True).reason is None
    assert verdict(text, f"What does {link} say?", links=True).reason is None


def test_links_a_longer_or_other_address_does_not_give_a_shorter_one():
    text = "See https://harbour.org/boats."
    for given in ("https://harbour.org/boats-old", "https://myharbour.org/boats", "harbour.org"):
        assert verdict(text, context=given, links=True).reason is Reason.INVENTED_LINK
    for given in ("HTTP://WWW.Harbour.org/boats/", "(harbour.org/boats)", "harbour.org/boats."):
        assert verdict(text, context=given, links=True).reason is None


def test_links_of_allowed_domains_and_reserved_ones_are_accepted():
    allow = {"allow": ["python.org"]}
    assert reason_of("See https://docs.python.org/3/.", links=allow) is None
    assert reason_of("See https://notpython.org/3/.", links=allow) is Reason.INVENTED_LINK
    assert reason_of("See https://python.org.evil.net/.", links=allow) is Reason.INVENTED_LINK
    assert reason_of("See https://python.org@evil.net/.", links=allow) is Reason.INVENTED_LINK
    for address in ("http://localhost:8080/a", "https://api.example.com/v1", "http://127.0.0.1"):
        assert reason_of(f"Open {address} first.", links=True) is None
    assert reason_of('<svg xmlns="http://www.w3.org/2000/svg"></svg>', links=True) is None


def test_links_of_an_earlier_turn_were_given():
    chat = (Message("user", "Read https://harbour.org/boats"), Message("assistant", "I did."))
    row = synthetic_row("a", "Where?", "At https://harbour.org/boats.", history=history_text(chat))
    check = FailureModes.model_validate({"kind": "failure_modes", "links": True}).prepare({})
    assert check(row).reason is None


def test_links_author_and_year_only_when_asked_for():
    text = "Boats are old (Smith et al., 2019), as Jones (2001) says."
    assert reason_of(text, links=True) is None
    years = {"author_years": True}
    assert reason_of(text, links=years) is Reason.INVENTED_LINK
    known = "Smith, A. and others, 2019: Boats. Jones 2001: More boats."
    assert verdict(text, context=known, links=years).reason is None


TEMPLATE = """{% if level %}Write a problem about boats in the manner of this one, but with other
numbers and another story than {{ subject }} and its crew.{% endif %}

Anna has four boats in the harbour and sells two of them to her brother for ninety marks each."""
COPY = "anna has four boats in the harbour and sells two of them to her brother"
FILES = {
    "write.md.j2": TEMPLATE,
    "recipe.yaml": "id: never looked at by anybody in all these words",
}


@pytest.mark.parametrize(
    "text",
    [
        f"Here it is: {COPY}, she says.",
        COPY.upper(),
        COPY.replace(" ", "\n"),
        COPY.replace(" ", ", "),
        "Sure. Write a problem about boats in the manner of this one, but with other numbers.",
    ],
)
def test_copied_examples_a_run_of_a_template_is_rejected_in_answers_and_prompts(text: str):
    assert verdict(text, files=FILES).reason is Reason.COPIED_EXAMPLE
    assert "write.md.j2" in verdict(text, files=FILES).evidence
    assert verdict("It is 180.", text, files=FILES).reason is Reason.COPIED_EXAMPLE
    assert verdict(text, files=FILES, copied_examples=False).reason is None
    assert verdict(text).reason is None


def test_copied_examples_short_runs_and_what_was_given_are_accepted():
    words = COPY.split()
    assert verdict(f"{' '.join(words[:11])} it.", files=FILES).reason is None
    assert verdict(" ".join(words[:12]), files=FILES).reason is Reason.COPIED_EXAMPLE
    shorter = {"min_words": 8}
    found = verdict(f"{' '.join(words[:8])} it.", files=FILES, copied_examples=shorter)
    assert found.reason is Reason.COPIED_EXAMPLE
    assert verdict(COPY, files=FILES, context=f"A story: {COPY}.").reason is None
    assert verdict("id never looked at by anybody in all these words", files=FILES).reason is None


def test_copied_examples_no_run_goes_across_what_a_template_fills_in():
    text = "numbers and another story than and its crew anna has four boats in the harbour"
    assert verdict(text, files=FILES).reason is None


def test_copied_examples_file_is_read_by_its_texts_wherever_a_run_begins():
    lines = [{"question": "How many?", "answer": COPY}, {"answer": ["none", {"deep": TEMPLATE}]}]
    for name, text in (
        ("shots.jsonl", "\n".join(map(json.dumps, lines))),
        ("shots.json", json.dumps(lines, indent=1)),
        ("shots.txt", f"How many?\n{COPY}\n"),
    ):
        for filler in range(12):
            said = f"{'so ' * filler}{' '.join(COPY.split()[1:13])} it ends"
            found = verdict(said, files={name: text}, examples_file=name, repetition=False)
            assert found.reason is Reason.COPIED_EXAMPLE, (name, filler)
        assert verdict(COPY, files={name: text}).reason is None


def test_copied_examples_file_is_part_of_the_recipe_and_must_be_there():
    verifier = FailureModes.model_validate(
        {"kind": "failure_modes", "examples_file": "shots.jsonl"}
    )
    assert verifier.parts({"shots.jsonl": "", "other": ""}) == {"shots.jsonl"}
    with pytest.raises(RecipeError, match=r"no file shots\.jsonl"):
        verifier.prepare({"other.txt": ""})
