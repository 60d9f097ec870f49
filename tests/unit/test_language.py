"""The language of a text."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synth_assets.core.verify.reading.language import CERTAIN, LIKELY, Language, language_of

LINES = {
    "en": "The train had left the station before anybody noticed that the dog was still on it.",
    "de": "Der Zug hatte den Bahnhof verlassen, bevor jemand bemerkte, dass der Hund noch da war.",
    "fr": "Le train avait quitté la gare avant que quelqu'un ne remarque que le chien y était.",
    "sw": "Treni ilikuwa imeondoka kituoni kabla mtu yeyote hajagundua kwamba mbwa alikuwa ndani.",
    "ru": "Поезд отошёл от станции прежде, чем кто-нибудь заметил, что собака осталась в вагоне.",
    "zh": "火车已经离开车站才有人发现那只狗还在车上。",
    "ja": "誰かが犬がまだ乗っていることに気づく前に、列車は駅を出てしまった。",
    "ko": "개가 아직 타고 있다는 것을 누군가 알아차리기 전에 기차는 역을 떠났다.",
}


@pytest.mark.parametrize("code", LINES)
def test_language_of_a_plain_sentence_is_named(code: str) -> None:
    found = language_of(LINES[code])
    assert found is not None
    assert found.code == code
    assert CERTAIN <= found.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "42",
        "#### 1,234.5",
        "x = 3*4 = 12",
        "!!!",
        "😀😀😀",
        "Yes",
        "etchings",
        "print(x)",
        "https://example.com/the/house/that/we/built",
        "\x00" * 50,
        "\u200b\u200b",
    ],
)
def test_language_of_what_has_none_is_not_known(text: str) -> None:
    assert language_of(text) is None


def test_language_of_capitals_is_that_of_small_letters() -> None:
    found = language_of(LINES["en"].upper())
    assert found is not None
    assert found.code == "en"


@pytest.mark.parametrize(
    "text", ["佢哋今日冇嚟返工我都唔知點解。", "你好世界今天天气很好。"], ids=["yue", "cmn"]
)
def test_language_of_varieties_of_chinese_is_chinese(text: str) -> None:
    found = language_of(text)
    assert found is not None
    assert found.code == "zh"


def test_language_of_a_long_text_looks_at_its_end_too() -> None:
    english = LINES["en"] * 2
    german = language_of(english + LINES["de"] * 1000)
    assert german is not None
    assert german.code == "de"


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "\ud800" * 100_000, "http://" * 20_000, "ä\u0308" * 50_000]
)
def test_language_of_hostile_text_takes_no_time(text: str) -> None:
    language_of("begin by loading the model")
    started = time.process_time()
    language_of(text)
    assert time.process_time() - started < 20


def test_language_asked_by_many_threads_is_the_same() -> None:
    texts = [*LINES.values()] * 10
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(language_of, texts)) == [language_of(text) for text in texts]


@pytest.mark.parametrize("code", ["en", "de"])
def test_language_of_every_passage_of_xquad_is_right(shared_data: Path, code: str) -> None:
    path = shared_data / "xquad" / f"xquad.{code}.A.json"
    if not path.exists():
        pytest.skip(f"no {path}")
    articles = json.loads(path.read_text("utf-8"))["data"]
    passages = [each for article in articles for each in article["paragraphs"]]
    found = [language_of(passage["context"]) for passage in passages]
    assert len(found) == 120
    assert {each.code for each in found if each} == {code}
    questions = [language_of(each["question"]) for p in passages for each in p["qas"]]
    assert not [each for each in questions if _certainly_other(each, code)]
    assert sum(each is not None and each.code == code for each in questions) / len(questions) > 0.95


def _certainly_other(found: Language | None, code: str) -> bool:
    return found is not None and found.code != code and found.confidence >= CERTAIN


def test_language_is_named_only_when_likely() -> None:
    texts = [LINES["en"][start : start + 12] for start in range(0, 60, 3)]
    named = [found for text in texts if (found := language_of(text))]
    assert all(found.confidence >= LIKELY for found in named)
    assert len(named) < len(texts)
