import re
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from synth_assets.core.config.mixture_bounds import Range, exact
from synth_assets.core.config.mixtures import Mixture, MixturesFile, NamedPolicy


def mixture(**said):
    return Mixture.model_validate({"id": "mix", **said})


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"synthetic_share": 1}, "pure_synthetic_because"),
        ({"synthetic_share": {"at_least": 0.6, "at_most": 0.4}}, "at_least is larger than at_most"),
        ({"synthetic_share": 0.333333}, "at most 5 decimals"),
        ({"synthetic_share": 1.2}, "less than or equal to 1"),
        ({"rows": 9, "tokens": 9}, "rows or tokens, not both"),
        ({"quotas": [{"where": {"recipe": "a"}}]}, "either share or rows"),
        ({"quotas": [{"where": {"recipe": "a"}, "share": 0.1, "rows": 3}]}, "either share or rows"),
        ({"quotas": [{"share": 0.1}]}, "by where, or each"),
        ({"quotas": [{"where": {"shoe_size": 3}, "share": 0.1}]}, "should match pattern"),
        ({"quotas": [{"where": {"difficulty": "hard"}, "share": 0.1}]}, "difficulty holds numbers"),
        ({"weights": {"difficulty": {"hard": 1}}}, "difficulty holds numbers"),
        ({"weights": {"recipe": {"a": 0}}}, "greater than 0"),
        ({"weights": {"recipe": {}}}, "at least 1"),
        ({"splits": {"validation": 0.5, "test": 0.5}}, "leave no rows to train on"),
        ({"repeats": {"real": 3, "epochs": 2}}, "6 exposures, more than 4"),
        ({"teacher_cap": 0}, "greater than 0"),
        ({"order": {"by": "length"}}, "order"),
    ],
)
def test_mixture_that_no_set_could_keep_is_refused(said, told):
    with pytest.raises(ValidationError, match=told):
        mixture(**said)


def test_mixture_bare_numbers_are_both_bounds():
    made = mixture(synthetic_share=0.5, quotas=[{"where": {"recipe": "a"}, "rows": 3}])
    assert (made.synthetic_share.at_least, made.synthetic_share.at_most) == (0.5, 0.5)
    [quota] = made.quotas
    assert quota.rows is not None
    assert (quota.rows.at_least, quota.rows.at_most) == (3, 3)


def test_mixture_ranges_and_lists_are_told_apart():
    where = {"difficulty": {"at_least": 2}, "attribute.topic": ["a", "b"], "recipe": "c"}
    [quota] = mixture(quotas=[{"where": where, "share": 0.5}]).quotas
    assert quota.where == {
        "difficulty": Range(at_least=2),
        "attribute.topic": ("a", "b"),
        "recipe": "c",
    }
    assert quota.kind == "difficulty from 2, topic a or b, recipe c"


def test_mixture_pure_synthetic_with_a_reason_is_allowed_and_promised():
    made = mixture(synthetic_share=1, pure_synthetic_because="no human wrote any")
    promises = {promise.what: promise.said for promise in made.promises}
    assert promises["synthetic share"] == "1"
    assert promises["pure synthetic because"] == "no human wrote any"


def test_mixture_says_what_it_promises():
    made = mixture(
        rows=1_000,
        synthetic_share={"at_least": 0.7, "at_most": 0.8},
        teacher_cap=0.6,
        quotas=[{"each": "attribute.topic", "of": "synthetic", "share": {"at_most": 0.1}}],
        weights={"recipe": {"a": 2, "b": 1}},
        splits={"validation": 0.1},
    )
    promises = {promise.what: promise.said for promise in made.promises}
    assert promises["rows"] == "1,000"
    assert promises["synthetic share"] == "0.7 to 0.8"
    assert promises["teacher cap"] == "0.6 of the synthetic rows"
    assert promises["quota 1: each topic"] == "share 0 to 0.1 of the synthetic rows"
    assert promises["weights by recipe"] == "a 2 : b 1"
    assert promises["splits"] == "validation 0.1"


def test_mixture_under_a_policy_takes_what_it_does_not_say_itself():
    policy = NamedPolicy(id="careful", teacher_cap=0.5, max_depth=2, source="a paper")
    made = mixture(policy="careful", teacher_cap=0.9).under(policy)
    assert (made.teacher_cap, made.max_depth, made.id) == (0.9, 2, "mix")
    assert made.version != mixture(policy="careful", teacher_cap=0.9).version


def test_mixture_version_changes_with_its_bounds_and_not_with_its_description():
    plain = mixture(rows=9)
    assert plain.version == mixture(rows=9, description="other words").version
    assert plain.version != mixture(rows=9, teacher_cap=0.5).version


def test_mixture_that_the_page_shows_is_one():
    page = (Path(__file__).parents[2] / "docs" / "mixtures.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```yaml\n(mixtures:.*?)```", page, re.DOTALL)
    [made] = MixturesFile.model_validate(yaml.safe_load(shown)).mixtures
    assert set(Mixture.model_fields) - made.model_fields_set == {
        "description", "manual", "on_request", "publish", "pure_synthetic_because", "tokens",
    }  # fmt: skip


def test_exact_is_the_decimal_as_written():
    assert exact(0.7) == Fraction(7, 10)
