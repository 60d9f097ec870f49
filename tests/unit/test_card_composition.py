import json

import polars as pl

from synth_assets.core.export.card_composition import (
    MOST_VALUES,
    compositions,
    languages_among,
)
from tests.samples import real_row, synthetic_row
from tests.unit.card_examples import teacher, training_rows


def composed(rows, **teachers):
    return {made.title: made for made in compositions(rows, teachers)}


def attributed(*attributes):
    rows = [
        synthetic_row(f"s{n}", "p", "r", attributes=json.dumps(said))
        for n, said in enumerate(attributes)
    ]
    return training_rows(*rows)


def test_composition_counts_most_frequent_values_first_and_names_none():
    rows = training_rows(
        real_row("r1", "p", "r", source="zoo"),
        real_row("r2", "p", "r", source="ant"),
        synthetic_row("s1", "p", "r", recipe="math"),
    )
    made = composed(rows)
    assert made["source"].table.rows() == [
        ("ant", 1, 1 / 3),
        ("seeds", 1, 1 / 3),
        ("zoo", 1, 1 / 3),
    ]
    assert made["recipe and version"].table.rows() == [
        ("(none)", "(none)", 2, 2 / 3),
        ("math", "0123abcd", 1, 1 / 3),
    ]


def test_composition_by_teacher_tells_model_checkpoint_and_family():
    rows = training_rows(
        synthetic_row("s1", "p", "r", teacher="scholar"),
        synthetic_row("s2", "p", "r", teacher="gone"),
        synthetic_row("s3", "p", "r", teacher="gone"),
    )
    known = teacher("scholar", model="openai/gpt", checkpoint="2026-01", family="gpt")
    assert composed(rows, scholar=known)["teacher"].table.rows() == [
        ("gone", None, None, None, 2, 2 / 3),
        ("scholar", "openai/gpt", "2026-01", "gpt", 1, 1 / 3),
    ]


def test_composition_of_300_topics_shows_twenty_and_counts_the_others():
    topics = [f"topic {n:03}" for n in range(300) for _ in range(30 - n // 10)]
    made = composed(attributed(*({"topic": topic} for topic in topics)))["attribute topic"]
    assert made.table["value"].to_list() == [f"topic {n:03}" for n in range(MOST_VALUES)]
    assert made.table["rows"].to_list() == [30] * 10 + [29] * 10
    assert (made.more_values, made.more_rows) == (280, 10 * sum(range(1, 29)))


def test_composition_of_an_attribute_that_is_another_in_every_row_is_told_in_numbers():
    made = composed(attributed(*({"why": f"because of {n}"} for n in range(400))))
    assert made["attribute why"].table.is_empty()
    assert (made["attribute why"].more_values, made["attribute why"].more_rows) == (400, 400)


def test_composition_reads_attributes_of_any_kind_and_name():
    made = composed(attributed({"rows": 1, "share": 0.5, "x": [1, {"b": 2}]}, {"rows": "1"}, {}))
    assert made["attribute rows"].table.rows() == [("1", 2, 2 / 3)]
    assert made["attribute share"].table.rows() == [("0.5", 1, 1 / 3)]
    assert made["attribute x"].table.rows() == [('[1, {"b": 2}]', 1, 1 / 3)]
    assert [title for title in made if title.startswith("attribute")] == [
        "attribute rows",
        "attribute share",
        "attribute x",
    ]


def test_composition_by_few_difficulties_names_each():
    rows = [synthetic_row(f"s{n}", "p", "r", difficulty=float(n % 2)) for n in range(3)]
    rows.append(synthetic_row("s9", "p", "r", difficulty=float("nan")))
    made = composed(training_rows(*rows))["difficulty"]
    assert made.table.rows() == [("0", 2, 0.5), ("(unknown)", 1, 0.25), ("1", 1, 0.25)]


def test_composition_without_known_difficulties_says_so():
    made = composed(training_rows(synthetic_row("s", "p", "r")))["difficulty"]
    assert made.table.rows() == [("(unknown)", 1, 1.0)]


def test_composition_by_many_difficulties_makes_bands_that_hold_every_row():
    rows = [synthetic_row(f"s{n}", "p", "r", difficulty=n / 10) for n in range(100)]
    rows.append(synthetic_row("none", "p", "r"))
    table = composed(training_rows(*rows))["difficulty"].table
    assert table["rows"].sum() == 101
    assert dict(table.select("difficulty", "rows").iter_rows()) == {
        "0 to below 2.4": 24,
        "2.4 to below 4.9": 25,
        "4.9 to below 7.4": 25,
        "7.4 to 9.9": 26,
        "(unknown)": 1,
    }


def test_composition_tells_splits_and_copies():
    rows = training_rows(real_row("r1", "p", "r"), real_row("r2", "p", "r"))
    rows = rows.with_columns(split=pl.Series(["train", "test"]), copy=pl.Series([1, 2]))
    made = composed(rows)
    assert made["split"].table.rows() == [("test", 1, 0.5), ("train", 1, 0.5)]
    assert made["copies"].table.rows() == [(1, 1, 0.5), (2, 1, 0.5)]


def test_languages_are_those_of_rows_drawn_by_content_whatever_their_order():
    english = "How many apples are left when you have eaten three of the ten that you bought?"
    german = "Wie viele Äpfel bleiben übrig, wenn du von zehn gekauften Äpfeln drei gegessen hast?"
    rows = training_rows(
        *(real_row(f"e{n}", f"{english} {n}", "Seven apples are left over.") for n in range(6)),
        *(real_row(f"d{n}", f"{german} {n}", "Es bleiben sieben Äpfel übrig.") for n in range(3)),
        real_row("n", "1 + 1", "2"),
    )
    assert languages_among(rows).rows() == [("en", 6), ("de", 3), ("(unknown)", 1)]
    some = languages_among(rows, most=4)
    assert some["rows"].sum() == 4
    assert languages_among(rows.reverse(), most=4).equals(some)
