import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.config.names import Written
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.errors import CatalogueError, RecipeError


class Inner(Written):
    share: float
    names: tuple[str, ...] = ()


class Outer(Written):
    title: str
    inner: Inner


def read(text: str) -> object:
    return parse_yaml(text, "f.yaml", RecipeError).value


def refusal(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        read(text)
    return str(caught.value)


def faults(text: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        validated(Outer, parse_yaml(text, "f.yaml", CatalogueError), CatalogueError)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        ("true", True),
        ("~", None),
        ("", None),
        ("-3", -3),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("'5'", "5"),
    ],
)
def test_parse_yaml_plain_scalar_means_what_it_shows(written: str, meant: object):
    value = read(f"key: {written}\n")
    assert value == {"key": meant}
    assert type(value["key"]) is type(meant)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1\nc: 2", 3),
        ("a: 1\nb:\n\t- c", 3),
        ("a: 1\nb: \x07", 2),
        ("a: 1\nb: &x 2\nc: *x", 2),
        ("a: 1\nb: 2\na: 3", 3),
        ("x:\n  a: 1\n  a: 2", 3),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", 2),
        ("a: 1\nb: !!str 5", 2),
        ("a: 1\nb: 1e999", 2),
        ('a: 1\nb: "\\ud800"', 2),
        ("? [a]\n: 1", 1),
        ("a: 1\n---\nb: 2", 2),
    ],
)
def test_parse_yaml_hostile_text_is_refused_with_its_line(text: str, line: int):
    assert f"f.yaml: line {line}: " in refusal(text)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "- - - "])
def test_parse_yaml_endless_nesting_is_refused_before_it_is_built(opening: str):
    text = opening * (199_000 // len(opening))
    assert "nested deeper than 20 levels" in refusal(text)


def nested(steps: list[str]) -> tuple[str, int]:
    """A document of collections within each other, and how many they are."""
    text, column, flow = "", 0, ""
    for step in steps:
        if step == "[":
            flow += "["
        elif flow:
            continue
        elif step == "-":
            text += "- "
            column += 2
        else:
            text += f"k:\n{' ' * (column + 1)}"
            column += 1
    closed = flow.replace("[", "]")[::-1]
    levels = sum(1 for n, step in enumerate(steps) if step == "[" or "[" not in steps[:n])
    return f"{text}{flow}1{closed}", levels


@given(st.lists(st.sampled_from("-k["), min_size=1, max_size=30))
def test_parse_yaml_nesting_is_counted_however_it_is_written(steps: list[str]):
    text, levels = nested(steps)
    if levels > 20:
        assert "nested deeper than 20 levels" in refusal(text)
        return
    value = read(text)
    for _ in range(levels):
        assert isinstance(value, list | dict)
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    assert value == 1


def test_parse_yaml_lists_below_their_keys_are_counted():
    lines = [f"{'  ' * n}{'- ' if n else ''}k:" for n in range(11)]
    assert "nested deeper than 20 levels" in refusal("\n".join([*lines, "  " * 11 + "- 1"]))


def test_parse_yaml_ten_megabytes_are_refused_by_size():
    assert "at most 200,000 are read" in refusal("[" * 10_000_000)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n"])
def test_parse_yaml_without_content_is_refused(text: str):
    assert "empty" in refusal(text)


def test_parse_yaml_integer_of_five_thousand_digits_is_refused():
    assert "f.yaml: not valid YAML" in refusal("a: " + "9" * 5000)


@given(st.text(max_size=200))
def test_parse_yaml_any_text_gives_data_or_a_recipe_error(text: str):
    refused = ""
    try:
        read(text)
    except RecipeError as error:
        refused = str(error)
    assert refused == "" or refused.startswith("f.yaml: ")


def test_validated_faults_name_line_key_and_mend():
    text = "title: 5\ninner:\n  shares: 1\n  names: x\nmore: 1\n"
    assert faults(text).splitlines() == [
        "f.yaml: 5 fault(s):",
        "  line 1: `title` must be text. Put it in quotes.",
        "  line 2: `inner.share` is missing. Add it.",
        "  line 4: `inner.names` must be a list. Write `[a, b]`, or a line `- a` for each.",
        "  line 3: `inner.shares` is no known key. Remove it, or mend its spelling.",
        "  line 5: `more` is no known key. Remove it, or mend its spelling.",
    ]


def test_validated_document_that_is_no_mapping_is_refused():
    assert "`the document` must hold `key: value` lines" in faults("- 1\n- 2\n")


@pytest.mark.parametrize("number", [".inf", ".nan", "inf", "nan", "-Infinity"])
def test_validated_number_that_is_not_finite_is_refused(number: str):
    assert "line 3: `inner.share`" in faults(f"title: t\ninner:\n  share: {number}\n")


def test_validated_key_with_control_characters_is_shown_escaped():
    told = faults('title: t\ninner: {share: 1}\n"a\\x1b[2J\\nb": 1\n')
    assert "\x1b" not in told
    assert len(told.splitlines()) == 2


def test_validated_many_faults_are_counted_and_cut():
    keys = "\n".join(f"k{i}: 1" for i in range(40))
    told = faults(f"title: t\ninner: {{share: 1}}\n{keys}\n")
    assert told.startswith("f.yaml: 40 fault(s):")
    assert told.endswith("and 30 more")
