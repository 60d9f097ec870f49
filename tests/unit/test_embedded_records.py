import json
import re

import pytest

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.records import write_document
from synth_assets.resources.embedded.truth import Composition, Flaw
from tests.unit.embedded_runs import likeness

KINDS = {
    "order e-mail": "order",
    "event announcement": "event",
    "maintenance ticket": "ticket",
    "lab booking": "booking",
}
VOICES = ("scholar", "clerk")


def write(flaw: Flaw | None, key: str, kind: str = "lab booking", voice: str = "scholar"):
    return write_document(kind, "Acorn & Sons", voice, flaw, "LEAK", Dice(key))


def parts(answer: Composition) -> tuple[str, str]:
    match = re.fullmatch(
        r"<document>\n(.+)\n</document>\n<record>\n(.+)\n</record>", answer.text, re.DOTALL
    )
    assert match, answer.text
    return match[1], match[2]


def leaves(value) -> list[str]:
    match value:
        case dict():
            return [leaf for item in value.values() for leaf in leaves(item)]
        case list():
            return [leaf for item in value for leaf in leaves(item)]
        case _:
            return [str(value)]


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("kind", KINDS)
def test_write_document_each_value_stands_in_it_word_for_word(kind: str, voice: str):
    documents: set[str] = set()
    for number in range(60):
        document, record = parts(write(None, f"{number}", kind, voice))
        documents.add(document)
        told = json.loads(record)
        assert told["kind"] == KINDS[kind]
        assert told["organisation"] == "Acorn & Sons"
        assert all(re.search(rf"(?<!\w){re.escape(leaf)}(?!\w)", document) for leaf in leaves(told))
    assert len(documents) == 60


def test_write_document_malformed_json_is_read_by_no_reader():
    for number in range(60):
        _, record = parts(write(Flaw.MALFORMED_JSON, f"{number}"))
        with pytest.raises(json.JSONDecodeError):
            json.loads(record)


def test_write_document_invented_value_stands_nowhere_in_it():
    changed: set[str] = set()
    for number in range(80):
        answer = write(Flaw.INVENTED_VALUE, f"{number}", list(KINDS)[number % 4])
        document, record = parts(answer)
        told, right = json.loads(record), json.loads(answer.truth.answer)
        changed |= {key for key in right if told[key] != right[key]}
        new = set(leaves(told)) - set(leaves(right))
        assert new
        assert not any(leaf.casefold() in document.casefold() for leaf in new)
    assert changed == {"date", "contact", "city", "items"}


def test_write_document_schema_violation_is_json_and_differs_from_the_right_record():
    for number in range(60):
        answer = write(Flaw.SCHEMA_VIOLATION, f"{number}")
        assert json.loads(parts(answer)[1]) != json.loads(answer.truth.answer)


def test_write_document_near_duplicates_of_a_family_differ_in_a_name():
    made = [write(Flaw.NEAR_DUPLICATE, f"{number}", "order e-mail") for number in range(8)]
    documents = sorted({parts(answer)[0] for answer in made})
    assert len({answer.truth.family for answer in made}) == 1
    assert len(documents) > 1
    assert all(likeness(documents[0], other) >= 0.7 for other in documents)


def test_write_document_unknown_kind_and_no_organisation_still_give_a_whole_record():
    answer = write_document("ransom note", "", "clerk", None, "", Dice("k"))
    document, record = parts(answer)
    assert all(leaf in document for leaf in leaves(json.loads(record)))


@pytest.mark.parametrize("organisation", ["{city}", "a {} b", "{0.__class__}", "<record>{"])
def test_write_document_organisation_is_data_and_no_template(organisation: str):
    answer = write_document("order e-mail", organisation, "clerk", None, "", Dice("k"))
    assert f"/ {organisation}\n" in answer.text
