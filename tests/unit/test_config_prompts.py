import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.prompts import check_template, render
from synth_assets.errors import RecipeError


def refusal(text: str, declared: set[str], **more: str) -> str:
    with pytest.raises(RecipeError) as caught:
        check_template({"t.md.j2": text, **more}, "t.md.j2", declared, "recipes/math")
    return str(caught.value)


def test_check_template_undeclared_variable_names_file_variable_and_mend():
    assert refusal("{{ question }} {{ topic }}", {"question", "level"}) == (
        "recipes/math: t.md.j2 uses 'topic', which recipe.yaml does not declare. "
        "Declared: level, question. Add it under inputs: or fix the template."
    )


def test_check_template_unused_declaration_is_refused():
    assert "never uses 'level'" in refusal("{{ question }}", {"question", "level"})


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' if x else y }}",
        "{% for i in x %}{{ i }}{{ y }}{% endfor %}",
        "{% macro m(q) %}{{ q }}{{ y }}{% endmacro %}{{ m(x) }}",
        "{% set z = x %}{{ z }}{{ y | upper }}",
        "{% if x is divisibleby(y) %}{% endif %}",
        "{% include 'part.j2' %}{{ x }}",
        "{% filter replace('a', y) %}{{ x }}{% endfilter %}",
    ],
)
def test_check_template_variables_anywhere_count_as_used(text: str):
    files = {"t.md.j2": text, "part.j2": "{{ y }}"}
    read = check_template(files, "t.md.j2", {"x", "y"}, "r")
    assert read == (set(files) if "include" in text else {"t.md.j2"})
    assert "does not declare" in refusal(text, {"x"}, **{"part.j2": "{{ y }}"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{% include 'other.j2' %}", "there is no file other.j2"),
        ("{% include '../../etc/passwd' %}", "there is no file ../../etc/passwd"),
        ("{% include x %}", "computed name"),
        ("{% include [x] %}", "computed name"),
        ("{% include 't.md.j2' %}", "Break the circle"),
        ("one\n{{ x", "line 2"),
        ("one\n\n{{ x | nosuchfilter }}", "t.md.j2, line 3: No filter named 'nosuchfilter'"),
        ("{{ x is nosuchtest }}", "No test named 'nosuchtest'"),
        ("{{ x | random }}", "No filter named 'random'"),
        ("{{ lipsum() }}{{ x }}", "uses 'lipsum'"),
        ("{{" + "(" * 9_000 + "x" + ")" * 9_000 + "}}", "nested too deeply"),
        ("{% if x %}" * 3_000 + "{% endif %}" * 3_000, "nested too deeply"),
        ("{{ x" + ".a" * 9_000 + " }}", "nested too deeply"),
    ],
)
def test_check_template_hostile_template_is_refused(text: str, told: str):
    assert told in refusal(text, {"x"})


@pytest.mark.parametrize(
    "bomb",
    ["{{ 'a' * 30000000000 }}", "{{ 'a' | center(30000000000) }}", "{{ 9 ** 9 ** 9 ** 9 }}"],
)
def test_check_template_constant_bomb_is_not_computed(bomb: str):
    started = time.process_time()
    check_template({"t": bomb}, "t", set(), "r")
    assert time.process_time() - started < 10


@given(st.text())
def test_render_value_is_data_and_never_rendered_again(value: str):
    files = {"t": "<{{ x }}>"}
    assert render(files, "t", {"x": value}) == f"<{value}>"
    assert render(files, "t", {"x": "{{ 7 * 6 }}{% if %}"}) == "<{{ 7 * 6 }}{% if %}>"


@pytest.mark.parametrize(
    "text",
    [
        "{{ x.__class__.__mro__ }}",
        "{{ x.missing }}",
        "{{ ''.join.__globals__ }}",
        "{{ 1 / 0 }}",
        "{{ '%(a)s' | format }}",
        "{{ '{0}'.format() }}",
        "{{ x | int + x }}",
        "{{ range(10 ** 9) | list }}",
        "{{ y }}",
        "{% for a in 5 %}{% endfor %}",
        "{{ x | xmlattr }}",
    ],
)
def test_render_what_fails_is_a_recipe_error_naming_the_template(text: str):
    with pytest.raises(RecipeError, match=r"^t\.j2: does not render: ."):
        render({"t.j2": text}, "t.j2", {"x": "text"})


def test_render_changed_files_of_the_same_name_are_seen():
    assert render({"t": "one {{ x }}"}, "t", {"x": "1"}) == "one 1"
    assert render({"t": "two {{ x }}"}, "t", {"x": "1"}) == "two 1"
