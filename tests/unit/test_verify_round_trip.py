"""Translations, held against their translation back."""

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.preserved import MAX_COMPARED, chrf, lost, names_of
from synth_assets.core.verify.reading.number_readings import unshared_numbers
from synth_assets.core.verify.round_trip import RoundTrip
from tests.samples import synthetic_row

ENGLISH = "On Monday we met Anna Berg at 14:30, and she paid 2.50 crowns for the ferry to Ghent."
GERMAN = (
    "Am Montag trafen wir Anna Berg um 14.30 Uhr, sie zahlte 2,50 Kronen für die Fähre nach Ghent."
)
BACK = "On Monday we met Anna Berg at 14:30, and she paid 2.50 crowns for the ferry toward Ghent."
FRENCH = "Lundi nous avons vu Anna Berg à 14h30, qui a payé 2,50 couronnes pour le bac de Ghent."


def verdict(
    translation: str = GERMAN, back: str = BACK, original: str = ENGLISH, **parameters: Any
) -> Verdict:
    check = RoundTrip.model_validate({"kind": "round_trip", **parameters}).prepare({})
    return check(synthetic_row("s", "Translate.", translation, context=original, reference=back))


def test_round_trip_faithful_translation_is_accepted_with_its_chrf_as_score() -> None:
    found = verdict(language="de", original_language="en")
    assert found.outcome == VerdictOutcome.ACCEPTED
    assert found.score == pytest.approx(chrf(BACK, ENGLISH) / 100, abs=1e-4)
    assert found.evidence == f"chrF of the way back is {chrf(BACK, ENGLISH):.1f}"


@pytest.mark.parametrize(
    ("texts", "parameters", "reason", "told"),
    [
        ({"translation": GERMAN.replace("14.30", "15.30")}, {}, Reason.NOT_PRESERVED,
         "in the translation, numbers lost: 14:30; numbers added: 15.30"),
        ({"back": BACK.replace("2.50", "25")}, {}, Reason.NOT_PRESERVED,
         "in the way back, numbers lost: 2.50; numbers added: 25"),
        ({"translation": GERMAN.replace("Anna", "Ute")}, {}, Reason.NOT_PRESERVED,
         "in the translation, names lost: Anna"),
        ({"back": BACK.replace("Ghent", "Bruges")}, {}, Reason.NOT_PRESERVED,
         "in the way back, names lost: Ghent"),
        ({"back": "Anna Berg, 14:30: 2.50, Ghent."}, {}, Reason.NOT_PRESERVED,
         "chrF of the way back is"),
        ({"translation": FRENCH.replace("14h30", "14:30")}, {"language": "de"},
         Reason.WRONG_LANGUAGE, "the translation is in fr, not in de"),
        ({"translation": BACK}, {}, Reason.WRONG_LANGUAGE, "both in en"),
        ({"translation": BACK}, {"language": "de"}, Reason.WRONG_LANGUAGE, "is in en, not in de"),
        ({"translation": f" {ENGLISH.upper()} "}, {}, Reason.COPIED_SOURCE, "is the original"),
        ({"back": " "}, {}, Reason.NO_REFERENCE, "reference is empty"),
        ({"original": ""}, {}, Reason.NO_REFERENCE, "context is empty"),
        ({"back": GERMAN}, {"original_language": "en"}, Reason.WRONG_LANGUAGE, "is in de"),
    ],
)  # fmt: skip
def test_round_trip_what_is_lost_is_told(
    texts: dict[str, str], parameters: dict[str, Any], reason: Reason, told: str
) -> None:
    found = verdict(**texts, **parameters)
    assert found.reason == reason
    assert told in found.evidence


def test_round_trip_switches_turn_each_check_off() -> None:
    other = GERMAN.replace("14.30", "15.30")
    assert verdict(other, numbers=False).outcome == VerdictOutcome.ACCEPTED
    cyrillic = "Мы встретили Анну Берг в 14:30, и она заплатила 2,50 кроны за паром."
    assert verdict(cyrillic).reason == Reason.NOT_PRESERVED
    assert verdict(cyrillic, names_in="back").outcome == VerdictOutcome.ACCEPTED
    assert verdict(cyrillic, capitalised_names=False).outcome == VerdictOutcome.ACCEPTED
    assert verdict(back=ENGLISH, min_chrf=100).score == 1


def test_round_trip_language_that_cannot_be_told_is_errored_or_accepted() -> None:
    texts = {"original": "Yes: 5.", "translation": "Ja: 5.", "back": "Yes: 5."}
    found = verdict(**texts, language="de")
    assert found.evidence == "the language of the translation cannot be told"
    assert found.outcome == VerdictOutcome.ERRORED
    accepted = verdict(**texts, language="de", unknown_language="accept")
    assert accepted.outcome == VerdictOutcome.ACCEPTED


def test_round_trip_texts_may_be_attributes() -> None:
    parameters = {"original": "prompt", "back": "again", "names": "people"}
    check = RoundTrip.model_validate({"kind": "round_trip", **parameters}).prepare({})
    drawn = {"again": BACK, "people": "Anna Berg, Kaya"}
    found = check(synthetic_row("s", ENGLISH, GERMAN, attributes=json.dumps(drawn)))
    assert found.evidence == "in the translation, names lost: Kaya"
    missing = check(synthetic_row("s", ENGLISH, GERMAN))
    assert missing.outcome == VerdictOutcome.ERRORED
    assert missing.evidence == "the sample has no again"


def test_round_trip_parameters_that_make_no_trip_are_refused() -> None:
    with pytest.raises(ValidationError, match="one stands twice"):
        RoundTrip(kind="round_trip", original="response")
    with pytest.raises(ValidationError, match="nothing to translate"):
        RoundTrip(kind="round_trip", language="de", original_language="de")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 50_000,
        "word " * 10_000,
        "a Bc" * 12_000,
        "x, Ab-Cd " * 5_000,
        " ".join(f"a A{chr(97 + at % 26)}{chr(97 + at // 26 % 26)}" for at in range(10_000)),
        " ".join(map(str, range(8_000))),
        "1.1.1" * 10_000,
        "14:30 " * 8_000,
        "\u202f1" * 25_000,
    ],
)
def test_round_trip_hostile_texts_take_no_time(text: str) -> None:
    started = process_time()
    found = verdict("Das ist es " + text[::-1], text + " x", text)
    assert process_time() - started < 40
    assert found.outcome in set(VerdictOutcome)
    long = verdict("x" * (MAX_COMPARED + 1))
    assert long.outcome == VerdictOutcome.ERRORED


@given(st.text("0123456789., :'-x\u202f", max_size=40), st.text("0123456789., :-", max_size=40))
def test_round_trip_numbers_are_lost_one_way_as_they_are_added_the_other(
    one: str, two: str
) -> None:
    assert unshared_numbers(one, one).lost == ()
    forth, back = unshared_numbers(one, two), unshared_numbers(two, one)
    assert (len(forth.lost), len(forth.added)) == (len(back.added), len(back.lost))


def test_round_trip_names_are_those_listed_and_those_with_a_capital_within_a_sentence() -> None:
    text = "Then Anna Berg saw Jean-Luc on Monday, in May."
    assert names_of(text, "-", capitalised=True) == ("Anna", "Berg", "Jean-Luc")
    assert names_of(text, "Anna Berg, -", capitalised=True) == ("Anna Berg", "Jean-Luc")
    assert names_of(text, "", capitalised=False) == ()
    assert lost(text, "Annas Hut, Jean-Luc's too", ("Anna", "Jean-Luc")) == ""
    assert lost(text, "Annabel", ("Anna",)) == "names lost: Anna"


@pytest.fixture(scope="module")
def passages(shared_data: Path) -> list[tuple[str, str]]:
    """The questions of XQuAD in English and, by people, in German."""
    found: list[list[str]] = []
    for language in ("en", "de"):
        text = (shared_data / "xquad" / f"xquad.{language}.A.json").read_text("utf-8")
        found.append(
            [
                row["question"]
                for article in json.loads(text)["data"]
                for paragraph in article["paragraphs"]
                for row in paragraph["qas"]
            ]
        )
    return list(zip(*found, strict=True))


def test_round_trip_on_xquad_tells_translations_by_people_from_others(
    passages: list[tuple[str, str]],
) -> None:
    """The way back is the original, or the question that was translated in its place."""
    parameters = {"language": "de", "capitalised_names": False, "unknown_language": "accept"}
    right = [verdict(german, english, english, **parameters) for english, german in passages]
    others = passages[316:] + passages[:316]
    wrong = [
        verdict(german, back, english, **parameters)
        for (english, _), (back, german) in zip(passages, others, strict=True)
    ]
    untranslated = [
        verdict(english + " ?", english, english, language="de") for english, _ in passages
    ]
    rejected = [each for each in right if each.reason is not None]
    assert len(passages) == 632
    assert len(rejected) == 6
    assert {each.reason for each in rejected} <= {Reason.NOT_PRESERVED, Reason.WRONG_LANGUAGE}
    assert {each.reason for each in wrong} == {Reason.NOT_PRESERVED}
    assert not [each for each in untranslated if each.outcome == VerdictOutcome.ACCEPTED]
