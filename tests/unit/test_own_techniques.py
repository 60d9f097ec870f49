from pathlib import Path

import pytest

from synth_assets.errors import RecipeError
from synth_assets.resources.own_techniques import load_technique

RIGHT = """
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique


class Echo(Technique):
    write: Prompt

    def produce(self, slot: Slot) -> Production:
        [said] = yield [slot.ask(self.write, slot.inputs, "write")]
        return Draft("p", said.text)
"""


def load(text: str, kind: str = "echo.py:Echo"):
    return load_technique(Path("folder"), {"echo.py": text}, kind)


def test_own_technique_is_the_class_of_the_file():
    made = load(RIGHT)(kind="echo.py:Echo", write={"template": "w.md", "inputs": []})

    assert list(made.prompts) == ["write"]


def test_own_technique_edited_is_another_class():
    assert load(RIGHT) is load(RIGHT)
    assert load(RIGHT + "\n# edited") is not load(RIGHT)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (RIGHT, "other.py:Echo", "there is no file other.py. Python files here: echo.py"),
        (RIGHT, "echo.py:Ech", "has no technique Ech. Write there: class Ech"),
        ("class Echo: pass", "echo.py:Echo", "has no technique Echo"),
        ("def broken(:", "echo.py:Echo", "line 1: SyntaxError"),
        ("\n\n1 / 0", "echo.py:Echo", "line 3: ZeroDivisionError"),
        ("import nowhere_at_all", "echo.py:Echo", "No module named 'nowhere_at_all'"),
        (RIGHT.replace("def produce", "def make"), "echo.py:Echo", "has no method produce"),
    ],
)
def test_own_technique_that_cannot_be_used_names_file_and_mend(text: str, kind: str, said: str):
    with pytest.raises(RecipeError, match=said):
        load(text, kind)
