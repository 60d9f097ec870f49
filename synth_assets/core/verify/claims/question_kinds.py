"""What kind of answer a question asks for, as far as its first words tell; English and German."""

import re

from synth_assets.core.verify.claims.figures import figures
from synth_assets.core.verify.reading.folding import folded

_POLAR = re.compile(
    r"(?:^|[.,;:!?]\s|\b(?:and|but)\s)(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|"
    r"would|should|shall|may|might|must|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|"
    r"ist|sind|war|waren|hat|haben|hatte|hatten|kann|k\u00f6nnen|wird|werden|wurde|wurden|darf|"
    r"muss|soll|gibt)\s[^?]*\?*$"
)
_YEAR = re.compile(r"\b(?:what|which|in welchem|welches) (?:year|jahr)\b")
_COUNT = re.compile(r"\b(?:how many|how old|what is the population|wie viele|wieviele|wie alt)\b")
_WHO = re.compile(r"^(?:who|whom|whose|wer|wem|wen|wessen)\b")
# What counts without a number; `unmanned` and `uncountable` do by their prefix.
_VAGUE = re.compile(
    r"\b(?:no|none|many|several|few|both|all|every|an?|one|single|half|twice|once|pair|couple|"
    r"dozens?|hundreds?|thousands?|millions?|billions?|un\w+|kein\w*|viele\w*|mehrere\w*|"
    r"einige\w*|beide\w*|alle\w*|eine?[nmrs]?|einmal|zweimal|dutzend\w*|hunderte\w*|"
    r"tausende\w*|millionen|paar)\b"
)
_LETTER = re.compile(r"[^\W\d_]")
_BARE = re.compile(r"\W*(?:yes|no|ja|nein|true|false|wahr|falsch)\W*")


def is_polar(question: str) -> bool:
    """Whether yes or no would answer it."""
    return _POLAR.search(folded(question)[-_ASKED:]) is not None


def is_bare_yes_or_no(answer: str) -> bool:
    """Whether an answer is `yes` or `no` and nothing else."""
    return len(answer) < 20 and _BARE.fullmatch(folded(answer)) is not None


_ASKED = 400
"""Characters at the end of a prompt that are taken for the question."""


def misfit(question: str, answer: str) -> str:
    """What the question asks for and the answer is not, or empty; only what is certain."""
    asked = folded(question)[-_ASKED:]
    if _YEAR.search(asked) is not None and not any(c.isdigit() for c in answer):
        return "" if _spells_number(answer) else "a year"
    if _COUNT.search(asked) is not None and not any(c.isdigit() for c in answer):
        vague = _spells_number(answer) or _VAGUE.search(folded(answer)) is not None
        return "" if vague else "a number"
    if _WHO.match(asked) is not None and _LETTER.search(answer) is None:
        return "a person"
    return ""


def _spells_number(answer: str) -> bool:
    found = figures(answer)
    return bool(found.claims or found.asides)
