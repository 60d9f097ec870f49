"""The shipped recipe of edge cases, and the embedded teacher's support desk."""

import json

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.edge_cases import EdgeCases
from synth_assets.core.verify.failure_modes import refusal_in
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.edge_cases import desk, shows
from synth_assets.resources.embedded.truth import Composition
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "edge_case_support"
RULES = "Dogs are welcome in four rooms. They stay on a lead at breakfast."


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawed"), NAME)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("sound"), NAME, {})


@pytest.fixture(scope="module")
def technique() -> EdgeCases:
    found = load_catalogue([SHIPPED_RECIPES]).recipe(NAME).spec.technique
    assert isinstance(found, EdgeCases)
    return found


def written(
    case: str,
    seed: int,
    flaws: dict[str, float] | None = None,
    persona: str = "",
    channel: str = "",
) -> Composition:
    asked = (
        f"Write one.\n<matter>\nbringing a dog\n</matter>\n<house_rules>\n{RULES}\n</house_rules>\n"
        f"<case>\n{case}\n</case>\n<tone>\nimpatient\n</tone>\n"
        f"<persona>\n{persona}\n</persona>\n<channel>\n{channel}\n</channel>"
    )
    return compose("scholar", [Message("user", asked)], {"flaws": flaws or {}}, seed)


def checked(case: str, message: str) -> str:
    asked = f"<case_to_check>{case}</case_to_check><message_to_check>{message}</message_to_check>"
    return compose("judge", [Message("user", asked)], {}, 0).truth.answer


def test_recipe_without_flaws_fills_every_cell_in_two_rounds(
    sound: FilledRecipe, technique: EdgeCases
):
    assert len(sound.made) == len(sound.verified) == 108
    assert sound.generated.total() == 0
    assert technique.filling(sound.verified, 108).holes == {}
    assert len(sound.kept) >= 104


def test_recipe_with_flaws_fills_every_cell_all_the_same(
    flawed: FilledRecipe, technique: EdgeCases
):
    assert technique.filling(flawed.verified, 108).holes == {}
    assert len(flawed.verified) == 108
    assert len(flawed.kept) >= 100
    assert flawed.share_kept >= 0.6


def test_recipe_catches_each_flaw_where_it_shows(flawed: FilledRecipe):
    assert flawed.generated[Reason.WRONG_KIND] >= 8
    assert flawed.rejected[Reason.QUOTE_NOT_IN_PASSAGE] >= 5
    assert flawed.rejected[Reason.PROMPT_LEAK] >= 2
    assert flawed.generated[Reason.TRUNCATED] + flawed.generated[Reason.REFUSAL] >= 4
    for sample in flawed.kept:
        drawn = {**sample.drawn}
        case = next(str(drawn[a]) for a in ("error", "oddity", "attack", "scenario") if a in drawn)
        assert shows(sample.prompt, case)
        assert sample.reference in sample.context
        assert sample.reference in sample.response


def test_recipe_space_has_no_forbidden_cell_and_every_family(
    flawed: FilledRecipe, technique: EdgeCases
):
    cells = {technique.cell_of(sample) for sample in flawed.kept}
    assert {dict(cell)["family"] for cell in cells} == {
        "rare error",
        "atypical query",
        "adversarial query",
        "simulated scenario",
    }
    assert not any(
        {("oddity", "almost empty message"), ("tone", "rambling")} <= {*c} for c in cells
    )
    assert all(len(cell) == 3 for cell in cells)
    assert len(cells) >= 45


def query_of(made: Composition) -> str:
    return made.text.partition("</query>")[0].removeprefix("<query>\n").rstrip("\n")


@pytest.mark.parametrize("case", sorted(desk().cases))
def test_written_message_shows_its_case_and_no_other(case: str):
    personas, channels = ["", *desk().personas], ["", *desk().channels]
    for seed in range(len(personas)):
        persona, channel = personas[seed], channels[seed % len(channels)]
        made = written(case, seed, None, persona, channel)
        query = query_of(made)
        assert [name for name in desk().cases if shows(query, name)] == [case]
        assert checked(case, query) == "yes"
        handling = made.text.partition("<handling>\n")[2].partition("\n</handling>")[0]
        assert refusal_in(handling) is None
        rule = made.text.partition("<rule>\n")[2].partition("\n</rule>")[0]
        assert rule in RULES
        assert "{" not in made.text


def test_written_flaws_do_what_they_say():
    assert written("storm", 1, {"invented_quote": 1}).text.count("is free for everybody") == 2
    ignored = written("storm", 1, {"ignored_request": 1}).text
    assert not any(shows(ignored, name) for name in desk().cases)
    assert checked("storm", ignored) == "no"
    assert "<handling>\nWrite one.\n" in written("storm", 1, {"prompt_leak": 1}).text
    alike = [written("storm", seed, {"near_duplicate": 1}) for seed in range(4)]
    assert len({made.truth.family for made in alike}) == 1
    assert len({made.text.partition("</query>")[0] for made in alike}) == 1


def test_written_message_has_what_its_persona_says_unless_it_is_almost_empty():
    for persona, asides in desk().personas.items():
        said = {query_of(written("storm", seed, None, persona)) for seed in range(12)}
        assert all(any(aside in query for aside in asides) for query in said)
        bare = query_of(written("almost empty message", 0, None, persona))
        assert not any(aside in bare for aside in asides)


def test_written_message_is_signed_as_its_channel_asks():
    assert "\n" not in query_of(written("storm", 3, channel="chat"))
    for channel in desk().channels:
        said, _, signature = query_of(written("storm", 3, channel=channel)).rpartition(".\n")
        assert shows(said, "storm")
        assert signature
        assert "{" not in signature


def test_unknown_case_is_declined():
    assert written("an eclipse", 0).text == "<none/>"


def test_cases_of_recipe_and_desk_are_the_same(technique: EdgeCases):
    named = {
        value.value
        for name in ("error", "oddity", "attack", "scenario")
        for value in technique.space[name].values or ()
    }
    assert named == set(desk().cases)
    tones = {value.value for value in technique.space["tone"].values or ()}
    assert tones == set(desk().tones)


def test_personas_and_channels_of_recipe_are_known_to_the_desk():
    recipe = load_catalogue([SHIPPED_RECIPES]).recipe(NAME)
    personas = {value.value for value in recipe.space.by_name["persona"].choice}
    assert personas == set(desk().personas)
    channels = {value.value for value in recipe.space.by_name["channel"].choice}
    assert channels == {"chat", *desk().channels}


def test_seeds_are_many_and_each_rule_is_a_sentence_of_five_words():
    lines = (SHIPPED_RECIPES / NAME / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({row["matter"] for row in rows}) == len(rows) >= 20
    for row in rows:
        assert all(len(rule.split()) >= 5 for rule in row["policy"].split(". "))
