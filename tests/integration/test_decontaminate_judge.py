"""`synth decontaminate` with a paid judge and with vectors, on files of one's own."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from synth_assets.cli.main import main
from tests.integration.chat_server import ChatServer, chat_server
from tests.integration.own_project import KEY, KEY_ENV, teacher
from tests.unit.test_decontaminate_finders import ITEM, OTHER, SAME_TOPIC, exam

SAYS = "<verdict>{}</verdict>"
UNSURE = (
    "Janet keeps 16 ducks, eats three eggs a day and bakes muffins with four for friends. What do "
    "her friends pay?"
)
"""Between the thresholds of the finder."""
FRENCH = (
    "Les canards de Janet pondent 16 œufs par jour. Elle en mange trois au petit déjeuner et fait "
    "des muffins avec quatre. Elle vend le reste au marché 2 $ l'œuf. Combien gagne-t-elle ?"
)


@dataclass
class Judged:
    """A folder with a teacher whom the server plays, and files to look at."""

    folder: Path
    server: ChatServer
    capture: pytest.CaptureFixture[str]

    def run(self, *options: str, code: int = 0, rates: bool = False) -> str:
        self.capture.readouterr()
        bench, rows = (str(self.folder / f"{name}.jsonl") for name in ("bench", "rows"))
        unmeasured = () if rates else ("--no-rates",)
        with pytest.raises(SystemExit) as ended:
            main(["decontaminate", rows, "--against", bench, *unmeasured, *options])
        said = self.capture.readouterr()
        assert ended.value.code == code, said.err
        return said.err if code else said.out

    def report(self, *options: str, rates: bool = False) -> dict[str, Any]:
        return json.loads(self.run("--json", *options, rates=rates))

    def write(self, name: str, content: object) -> None:
        path = self.folder / "recipes" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content))


@pytest.fixture
def judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[Callable[[str], str]], Judged]]:
    opened: list[Any] = []

    def start(says: Callable[[str], str]) -> Judged:
        serving = chat_server(answer=lambda body: says(body["messages"][-1]["content"]))
        server = serving.__enter__()
        opened.append(serving)
        made = Judged(tmp_path, server, capsys)
        entry = teacher("arbiter", "hosted_vllm/arbiter", server.base_url)
        made.write("teachers.yaml", {"teachers": [entry | {"parameters": {"max_tokens": 50}}]})
        return made

    for name, value in (("SYNTH_HOME", "home"), ("SYNTH_RECIPES", "recipes")):
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv(KEY_ENV, KEY)
    items = [{"question": text} for text in (ITEM, OTHER, *(row.prompt for row in exam()))]
    texts = {"copy": ITEM, "unsure": UNSURE, "topic": SAME_TOPIC}
    rows = [{"id": name, "text": text} for name, text in texts.items()]
    for name, content in (("bench", items), ("rows", rows)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in content))
    yield start
    for serving in opened:
        serving.__exit__(None, None, None)


def test_judge_decides_on_what_is_not_sure_and_is_paid_once(judged):
    made = judged(lambda asked: SAYS.format("different"))
    said = made.report("--judge", "arbiter")
    assert (said["kept"], said["dropped"]) == (2, 1)
    assert said["methods"] == {"text": 1}
    assert (said["judge"]["teacher"], said["judge"]["bought"]) == ("arbiter", made.server.asked)
    assert said["judge"]["asked"] == said["judge"]["bought"] >= 1
    assert said["judge"]["cost_usd"] > 0

    again = made.run("--judge", "arbiter")
    assert "0 of the calls were bought now, for 0.000000 US dollars" in again
    assert made.server.asked == said["judge"]["asked"]
    assert made.report()["methods"] == {"text": 1, "rephrased": 1}


def test_judge_that_says_same_drops_and_is_named(judged):
    made = judged(lambda asked: SAYS.format("same" if UNSURE in asked else "different"))
    why = made.folder / "why.jsonl"
    assert made.report("--judge", "arbiter", "--decisions", str(why))["dropped"] == 2
    decided = [json.loads(line) for line in why.read_text().splitlines()]
    assert decided[1]["reason"] == "rephrased_benchmark_item"
    assert decided[1]["detail"].endswith("; arbiter says same")


def test_judge_whose_budget_is_used_up_leaves_rows_undecided(judged):
    made = judged(lambda asked: SAYS.format("same"))
    made.write("budgets.yaml", {"run": {"usd": 0.000001}})
    said = made.run("--judge", "arbiter")
    assert "1 kept, 1 dropped for 1 of" in said
    assert "items, 1 that nobody decided on" in said
    assert made.server.asked == 0


def test_judge_whose_answers_nothing_bounds_is_refused_under_a_budget(judged):
    made = judged(lambda asked: SAYS.format("same"))
    entry = teacher("arbiter", "hosted_vllm/arbiter", made.server.base_url)
    made.write("teachers.yaml", {"teachers": [entry]})
    made.write("budgets.yaml", {"run": {"usd": 1}})
    said = made.run("--judge", "arbiter", code=2)
    assert "Nothing bounds the answers of teacher arbiter" in said
    assert "to the judge of contamination" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--judge", "nobody"), "no teacher is called nobody"),
        (("--embedder", "minilmm"), "Did you mean minilm?"),
        (("--embedder", "tfidf"), "depend on all texts given at once"),
        (("--judge", "arbiter", "--find", "near"), "Add rephrased to --find"),
        (("--translate-by", "arbiter"), "which --no-rates leaves out"),
    ],
)
def test_judge_or_embedder_that_cannot_be_is_named_with_the_mend(judged, options, message):
    assert message in judged(lambda asked: "").run(*options, code=2)


def test_translator_makes_items_in_another_language_whose_recall_is_told(judged):
    def says(asked: str) -> str:
        assert "into French" in asked
        return f"<translation>{FRENCH if ITEM in asked else 'Je ne sais pas.'}</translation>"

    made = judged(says)
    options = ("--translate-by", "arbiter", "--language", "French")
    said = made.report(*options, rates=True)
    [rate] = [each for each in said["error_rates"] if each["rows"] == "translated"]
    assert rate["contaminated"]
    # No finder reads French.
    assert (rate["looked_at"], rate["flagged"]) == (50, 0)
    assert said["untranslated"] == 0
    assert said["translator"].pop("cost_usd") > 0
    assert said["translator"] == {"teacher": "arbiter", "asked": 50, "bought": 50}
    assert made.server.asked == 50

    told = made.run(*options, rates=True)
    assert "arbiter was asked for 50 items; 0 of the calls were bought now" in told
    assert re.search(r"translated +50 +0 +0\.0%", told)


def test_embedder_speaks_beside_words_and_numbers(judged):
    made, why = judged(lambda asked: ""), {}
    for name, options in (("words", ()), ("vectors", ("--embedder", "minilm"))):
        path = made.folder / f"{name}.jsonl"
        said = made.report(*options, "--decisions", str(path))
        assert said["methods"] == {"text": 1, "rephrased": 1}
        assert "judge" not in said
        why[name] = [json.loads(line)["score"] for line in path.read_text().splitlines()]
    assert why["words"][0] == why["vectors"][0] == 1
    # Of like meaning, so that it is surer.
    assert 0.5 < why["words"][1] < 0.95
    assert why["words"][1] != why["vectors"][1]
    assert not (made.folder / "home" / "ledger.sqlite").exists()
