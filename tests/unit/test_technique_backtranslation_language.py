"""Back-translation of languages: the round trip, its numbers and its names."""

from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from synth_assets.core.verify.preserved import chrf
from synth_assets.core.verify.reading.number_readings import Unshared, unshared_numbers
from synth_assets.errors import RecipeError
from tests.technique_runs import Answer, TechniqueRun, assert_replays
from tests.unit.backtranslation_runs import COMMON, by_step, run, run_each, section

ENGLISH = "On Monday we met Anna Berg at 14:30, and she paid 2.50 crowns in Ghent."
GERMAN = "Am Montag trafen wir Anna Berg um 14.30 Uhr, und sie zahlte in Ghent 2,50 Kronen."
LANGUAGE_FILES = {"b.j2": "{{ target }} {{ style }}", "f.j2": "{{ source }} {{ style }}"}


def run_language(folder: Path, source: str, target: str, more: str = "", text: str = ENGLISH):
    technique = f"""
  kind: backtranslation_language
  back: {{template: b.j2, inputs: [target, style]}}
  forth: {{template: f.j2, inputs: [source, style]}}
  {more}
"""
    seed = {"target": text, "request": "Into English:", "people": "Berg, Kaya"}
    answers = {"back": source, "forth": target}
    return run(folder, technique, LANGUAGE_FILES, seed, by_step(answers))


def test_backtranslation_language_faithful_round_trip_is_kept_with_the_human_text(tmp_path: Path):
    trip = ENGLISH.replace("we met", "we saw")
    done = run_language(tmp_path, section("source", GERMAN), section("target", trip))

    [sample] = done.samples
    assert sample.prompt == f"Into English:\n\n{GERMAN}"
    assert (sample.response, sample.reference) == (ENGLISH, trip)
    assert sample.drawn["chrf"] == round(chrf(trip, ENGLISH), 1)
    assert [request.step for request in done.requests] == ["back", "forth"]
    assert ENGLISH not in done.asked("forth")[0].messages[0].content


@pytest.mark.parametrize(
    ("source", "target", "more", "told", "calls"),
    [
        (
            GERMAN.replace("14.30", "15.30"),
            ENGLISH,
            "",
            "translation back, numbers lost: 14:30; numbers added: 15.30",
            1,
        ),
        (GERMAN.replace("Anna Berg", "sie"), ENGLISH, "", "names lost: Anna, Berg", 1),
        (GERMAN, ENGLISH.replace("Ghent", "Bruges"), "", "round trip, names lost: Ghent", 2),
        (GERMAN, f"{ENGLISH} 7", "", "round trip, numbers added: 7", 2),
        (GERMAN, "Anna Berg paid 2.50 in Ghent, 14:30.", "", "chrF of the round trip is", 2),
        (GERMAN, ENGLISH, "names: people", "names lost: Kaya", 1),
    ],
)
def test_backtranslation_language_what_is_not_preserved_is_named(
    tmp_path: Path, source: str, target: str, more: str, told: str, calls: int
):
    done = run_language(tmp_path, section("source", source), section("target", target), more)
    [(reason, detail)] = done.reasons.values()
    assert reason == Reason.NOT_PRESERVED
    assert told in detail
    assert len(done.requests) == calls


def test_backtranslation_language_capitals_of_nouns_need_be_no_names(tmp_path: Path):
    text = "Der Zug nach Ghent hat 5 Wagen."
    done = run_language(
        tmp_path,
        section("source", "The train to Ghent has 5 coaches."),
        section("target", text),
        "capitalised_names: false",
        text,
    )
    assert len(done.samples) == 1


@pytest.mark.parametrize(("text", "reason"), COMMON)
def test_backtranslation_language_unusable_answer_of_either_step_is_dropped(
    tmp_path: Path, text: str, reason: Reason
):
    assert run_language(tmp_path / "b", text, section("target", ENGLISH)).why == [reason]
    assert run_language(tmp_path / "f", section("source", GERMAN), text).why == [reason]


def test_backtranslation_language_seed_without_the_named_field_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="names: seeds have no field folk"):
        run_language(tmp_path, "", "", "names: folk")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("2.5 tons", "2,5 Tonnen"),
        ("1,250 people in 2.50", "1.250 Leute in 2,5"),
        ("1,250.75 and 1,250,000", "1.250,75 und 1.250.000"),
        ("10,000 men", "10 000 Mann"),
        ("10,000 men", "10\u202f000 Mann"),
        ("room 12 200 guests", "Zimmer 12 200 Leute"),
        ("1'500 francs", "1.500 Franken"),
        ("at 9:05 and 14:30", "um 9.05 und 14.30 Uhr"),
        ("-5 and \u22123.5 degrees", "minus 5 und -3,5 Grad"),
        ("3-5 days, 1990\u20131995", "3 bis 5 Tage, 1990 bis 1995"),
        ("COVID-19", "COVID 19"),
        ("1.250 and 1250", "1250 und 1,25"),
        ("on 3.5.2024", "am 3.5.2024"),
        ("5, 5 and 7", "7, 5 und 5"),
    ],
)
def test_numbers_of_other_locales_are_shared(text: str, other: str):
    assert unshared_numbers(text, other) == Unshared()
    assert unshared_numbers(other, text) == Unshared()


@pytest.mark.parametrize(
    ("text", "other", "lost", "added"),
    [
        ("2.5 tons", "25 Tonnen", ("2.5",), ("25",)),
        ("12.50 euros", "1250 Euro", ("12.50",), ("1250",)),
        ("-5 degrees", "5 Grad", ("-5",), ("5",)),
        ("1.250", "1251", ("1.250",), ("1251",)),
        ("0.500", "500", ("0.500",), ("500",)),
        ("14:30", "1430", ("14:30",), ("1430",)),
        ("1.250 and 7", "1250 und 1,25", ("7",), ("1,25",)),
        ("5 and 5", "5", ("5",), ()),
        ("10 000", "10", ("000",), ()),
        ("9" * 5000, "9" * 4999, ("9" * 5000,), ("9" * 4999,)),
    ],
)
def test_numbers_of_another_value_or_sign_are_not_shared(
    text: str, other: str, lost: tuple[str, ...], added: tuple[str, ...]
):
    assert unshared_numbers(text, other) == Unshared(lost, added)


def test_chrf_equals_the_score_of_sacrebleu():
    from sacrebleu import sentence_chrf

    for one, other in ((ENGLISH, ENGLISH), (ENGLISH, GERMAN), ("a", "b")):
        assert chrf(one, other) == sentence_chrf(one, [other]).score


def _translating(request: Request) -> str:
    asked = request.messages[-1].content
    name = next(name for name in ("Anna", "Klara", "Marta") if name in asked)
    if request.step == "back":
        return section("source", GERMAN.replace("Anna", name))
    trip = ENGLISH.replace("Anna", name).replace("we met", "we saw")
    return section("target", trip.replace("Ghent", "Bruges") if name == "Klara" else trip)


def test_backtranslation_language_run_twice_and_resumed_anywhere_gives_equal_samples(
    tmp_path: Path,
):
    technique = """
  kind: backtranslation_language
  back: {template: b.j2, inputs: [target, style]}
  forth: {template: f.j2, inputs: [source, style]}
"""
    seeds = [
        {"target": ENGLISH.replace("Anna", name), "request": "Into English:"}
        for name in ("Anna", "Klara", "Marta")
    ]

    def there_and_back(folder: Path, answer: Answer) -> TechniqueRun:
        return run_each(folder, technique, LANGUAGE_FILES, seeds, answer)

    whole = assert_replays(tmp_path, there_and_back, _translating, range(6))
    assert len(whole.samples) == 2
    assert whole.why == [Reason.NOT_PRESERVED]
