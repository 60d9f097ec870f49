"""Failures put into real answers at random places, to measure who finds them.

Nothing here is shared with the checks: what is injected is written, cut or drawn anew.
"""

import json
import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.real_rows import DATA, Row

Inject = Callable[[Row, random.Random], str | None]

_SLOTS = (
    "[Your Name]", "[Name]", "[Company Name]", "[insert date]", "[Recipient's Name]",
    "[City, State]",
    "<insert link here>", "<your email address>", "{first_name}", "{customer_name}",
    "[Insert Topic Here]",
    "[Date]", "[Your Phone Number]", "TODO: add an example", "(insert amount here)",
    "[Product Name]",
    "XXX-XXX-XXXX", "{city}", "[Your Address]", "[Event]", "<NAME>", "[Hiring Manager]", "TBD",
    "Lorem ipsum dolor sit amet", "[INSERT QUOTE]", "{{company}}", "[your answer here]",
)  # fmt: skip
_SELF = (
    "As an AI language model, I do not have personal opinions.",
    "As an AI, I can't taste food, but here is what people say.",
    "I'm just an AI, so I have never been there myself.",
    "Please note that I am an AI assistant developed by OpenAI.",
    "My training data only goes up to September 2021.",
    "As of my last update in 2023, this was still the case.",
    "I am a large language model, trained by Google.",
    "Being an AI, I lack feelings of my own.",
    "I don't have access to real-time information.",
    "As a machine learning model, I have no preferences.",
    "Since I'm an AI language model, take this with care.",
    "I was created by Anthropic to be helpful.",
    "My knowledge cutoff is in April 2023.",
    "As an artificial intelligence, I do not eat.",
)
_OPENERS = (
    "Sure!", "Of course!", "Certainly!", "Absolutely, I can help with that.", "Great question!",
    "I'd be happy to help you with this.", "Thank you for your question.", "Hello there!",
    "What a wonderful idea!", "Yes, I would be glad to assist.", "Thanks for reaching out!",
)  # fmt: skip
_CLOSERS = (
    "Let me know if you have any questions.", "I hope this helps!", "Feel free to ask for more.",
    "Please don't hesitate to contact me again.", "Have a great day!",
    "Is there anything else you need?",
    "Good luck with your project!", "I'm here to help.",
    "Just tell me how you would like to proceed.",
    "You're welcome!",
)  # fmt: skip
_TURNS = (
    "\nUser: {0}\nAssistant: {1}", "\n\nHuman: {0}\n\nAssistant: {1}",
    "\n### Human: {0}\n### Assistant: {1}",
    "\n### Instruction:\n{0}\n\n### Response:\n{1}", "\n**User:** {0}\n**AI:** {1}",
    "\n<start_of_turn>user\n{0}", "\nuser: {0}", "</s><s> {0}", "\nChatGPT: {1}",
)  # fmt: skip
_LEAKS = (
    "You are a helpful assistant. {0}", "<|im_start|>assistant\n{0}", "[INST] {0} [/INST]",
    "My system prompt says that I must be brief. {0}", "{0}<|endoftext|>", "<answer>{0}</answer>",
    "I was instructed to answer in one paragraph. {0}", "{{{{ question }}}} {0}",
    "{0}\n</response>",
    "You are ChatGPT, a large language model. Knowledge cutoff: 2021-09. {0}",
)  # fmt: skip


@dataclass(frozen=True)
class Pools:
    """Texts that injections are drawn from.

    Attributes:
        foreign: in other languages than English.
        examples: that a recipe may have shown.
        others: answers to other prompts.
    """

    foreign: list[str]
    examples: list[str]
    others: list[Row]


def pools(rows: list[Row]) -> Pools:
    """Read them; `rows` are those for tuning."""
    german = json.loads((DATA / "xquad" / "xquad.de.A.json").read_text("utf-8"))["data"]
    foreign = [part["context"] for article in german for part in article["paragraphs"]]
    with (DATA / "oasst_questions" / "oa_questions.A.jsonl").open(encoding="utf-8") as lines:
        said = [json.loads(line) for line in lines]
    foreign += [
        row["output"] for row in said if row["lang"] in ("es", "ru", "zh", "fr", "ca", "it")
    ]
    examples = [row.response for row in rows if len(row.response.split()) > 40][:60]
    return Pools([text for text in foreign if len(text) > 60], examples, rows)


def injections(drawn: Pools) -> dict[str, Inject]:
    """By the name of the check that should find them."""
    return {
        "leaks": lambda row, rng: rng.choice(_LEAKS).format(row.response),
        "ai_disclaimers": lambda row, rng: _insert(row.response, rng.choice(_SELF), rng),
        "role_markers": lambda row, rng: _runs_on(row, drawn.others, rng),
        "repetition": _loops,
        "placeholders": lambda row, rng: _unfilled(row.response, rng),
        "empty_politeness": lambda row, rng: _courtesy(row, rng),
        "truncation": lambda row, rng: _cut(row.response, rng),
        "links": lambda row, rng: _insert(row.response, f"See {_link(rng)} for more.", rng),
        "language": lambda row, rng: _switches(row.response, drawn.foreign, rng),
        "copied_examples": lambda row, rng: _copies(row.response, drawn.examples, rng),
    }


def _insert(text: str, sentence: str, rng: random.Random) -> str:
    """A sentence between two others."""
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", text)]
    at = rng.choice([0, *ends, len(text)])
    return f"{text[:at]} {sentence} {text[at:].lstrip()}".strip()


def _runs_on(row: Row, others: list[Row], rng: random.Random) -> str | None:
    if not row.prompt or re.search(
        "dialog|convers|chat|script|interview|role|play", row.prompt.lower()
    ):
        return None
    other = rng.choice([each for each in rng.sample(others, 20) if each.prompt] or [row])
    return row.response + rng.choice(_TURNS).format(other.prompt[:200], other.response[:200])


def _loops(row: Row, rng: random.Random) -> str | None:
    words = row.response.split()
    if len(words) < 8:
        return None
    size = min(rng.choice((1, 2, 3, 5, 8, 12, 20, 30)), len(words))
    at = rng.randrange(len(words) - size + 1)
    unit = words[at : at + size]
    times = rng.randint(4, 30) if size > 3 else rng.randint(15, 60)
    end = rng.choice((at + size, len(words)))
    joiner = rng.choice((" ", " ", "\n"))
    loop = joiner.join([" ".join(unit)] * times)
    rest = words[end:] if rng.random() < 0.3 else []
    return " ".join(words[:end]) + joiner + loop + (" " + " ".join(rest) if rest else "")


def _unfilled(text: str, rng: random.Random) -> str | None:
    words = text.split(" ")
    if len(words) < 6 or "```" in text:
        return None
    names = [at for at, word in enumerate(words) if at and word[:1].isupper()]
    at = rng.choice(names) if names else rng.randrange(len(words))
    words[at] = rng.choice(_SLOTS) + ("" if words[at][-1:].isalnum() else words[at][-1:])
    return " ".join(words)


def _courtesy(row: Row, rng: random.Random) -> str | None:
    if len(row.prompt.split()) < 8:
        return None
    parts = [rng.choice(_OPENERS), *rng.sample(_CLOSERS, rng.randint(0, 2))]
    return rng.choice((" ", "\n")).join(parts)


def _cut(text: str, rng: random.Random) -> str | None:
    """Somewhere in the last two thirds, not where a sentence ends."""
    if len(text.split()) < 25:
        return None
    at = rng.randrange(len(text) // 3, int(len(text) * 0.97))
    cut = text[:at].rstrip()
    return None if cut[-1] in ".!?" else cut


def _link(rng: random.Random) -> str:
    word = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(4, 10)))
    return rng.choice(
        (
            f"https://www.{word}.com/articles/{rng.randint(100, 9999)}",
            f"http://{word}.org",
            f"www.{word}.net/{word[::-1]}.html",
            f"https://doi.org/10.{rng.randint(1000, 9999)}/{word}.{rng.randint(1, 999)}",
            f"doi:10.{rng.randint(1000, 9999)}/{word}-{rng.randint(1, 999)}",
            f"arXiv:{rng.randint(10, 25)}{rng.randint(1, 12):02}.{rng.randint(10000, 19999)}",
            f"[{word}](https://{word}.io/{word[:3]})",
        )
    )


def _switches(text: str, foreign: list[str], rng: random.Random) -> str:
    other = rng.choice(foreign)
    if rng.random() < 0.5:
        return other
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", text)]
    at = rng.choice([*ends, len(text)])
    return f"{text[:at]} {other}"


def _copies(text: str, examples: list[str], rng: random.Random) -> str:
    words = rng.choice(examples).split()
    size = min(rng.randint(16, 40), len(words))
    at = rng.randrange(len(words) - size + 1)
    run = " ".join(words[at : at + size])
    if rng.random() < 0.5:
        run = run.lower().replace(",", "")
    return _insert(text, run, rng)
