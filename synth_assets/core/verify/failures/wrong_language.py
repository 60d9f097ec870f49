"""Answers in another language than they should be in, whole or from some point on."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, listed
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.reading.language import CERTAIN, Language, language_of

_LEAST_WORDS = 6
_CHUNK = 160
_CHUNKS = 20
_STRETCH = 24
_SHARE = 0.12
_MOST_FOREIGN = 3
# None of them is frequent in another language that is written with the same letters.
_ENGLISH = listed(
    "the of to and that it for with he she they you this from have are how many which his their "
    "there not what by at each when who but if your were would can could should its these those "
    "then than into had is be will be been some"
)
_PERHAPS_ENGLISH = _ENGLISH | listed("a an in on has was as so if or all are he her him")
_FOREIGN = listed(
    "der die das und ist nicht ein eine den dem mit auf von zu sie es im wird le la les et est un "
    "une des du que qui dans pour el los las y en por con para una del se il di che e non per sono "
    "gli o os um uma da na em het een van je niet zijn och att det som av og er pa til w z ja ei "
    "si de al ne ve bir bu az hogy egy nem ang ng sa yang dan ini untuk"
)
# Names and terms of other languages are given in brackets or quotation marks.
_ASIDE = re.compile(r"[(\[\"\u201c\u00ab][^)\]\"\u201d\u00bb\n]{0,80}[)\]\"\u201d\u00bb]")
_OTHER_SCRIPT = re.compile(
    r"[\u0400-\u1cff\u2c00-\u2dff\u2e80-\u9fff\ua000-\ud7ff\uf900-\ufaff\ufb1d-\ufdff\ufe70-\ufeff]{2,}"
)
_LATIN_SCRIPT = listed(
    "af az bs ca cs cy da de en eo es et eu fi fo fr ga gl ha hr hu id is it jv ku la lb lt lv "
    "mg ms mt nl no oc pl pt ro sk sl so sq sv sw tl tr uz vi wa xh yo zu"
)


@dataclass(frozen=True)
class WrongLanguage:
    """Each stretch of the answer that is long enough to tell is in one language.

    Attributes:
        code: the language, of ISO 639.
        tell: names the language of a text, or none.
    """

    code: str
    tell: Callable[[str], Language | None] = language_of

    def look(self) -> Look:
        """Make the check."""
        return self._look

    def _look(self, turn: Turn) -> Fault | None:
        if self._is_plain(turn):
            return None
        prose = turn.prose
        if self.code in _LATIN_SCRIPT and not prose.isascii():
            for match in _OTHER_SCRIPT.finditer(_ASIDE.sub(" ", prose)):
                if match.group().casefold() not in turn.known:
                    return _fault(f"is in {self.code} and has", match.group())
        for chunk in _chunks(prose):
            if self._is_plain(Turn("", chunk)):
                continue
            found = self.tell(chunk)
            if found is None or found.code == self.code or found.confidence < CERTAIN:
                continue
            return _fault(f"is in {found.code}, not in {self.code}:", chunk)
        return None

    def _is_plain(self, turn: Turn) -> bool:
        """Whether nothing needs to be asked, at a hundredth of the model's cost."""
        if not turn.text.isascii():
            return False
        words = list(filter(str.isalpha, turn.words))
        return len(words) < _LEAST_WORDS or (self.code == "en" and _plainly_english(words))


def _plainly_english(words: list[str]) -> bool:
    """Whether each stretch of words has its share of the commonest English ones.

    Fewer do where none of the commonest of other languages stands beside them.
    """
    for start in range(0, max(len(words) - _STRETCH // 2, 1), _STRETCH):
        part = words[start : start + _STRETCH + _STRETCH // 2]
        foreign = sum(map(_FOREIGN.__contains__, part))
        if foreign > _MOST_FOREIGN or (foreign and _share(part) < _SHARE):
            return False
        if _PERHAPS_ENGLISH.isdisjoint(part):
            return False
    return True


def _share(words: list[str]) -> float:
    return sum(map(_ENGLISH.__contains__, words)) / len(words)


def _chunks(text: str) -> list[str]:
    """Stretches of some 160 characters that begin and end between words; the last ends the text."""
    if len(text) <= _CHUNK:
        return [text]
    step = max(len(text) // _CHUNKS, _CHUNK)
    found: list[str] = []
    for start in range(0, len(text) - _CHUNK // 2, step):
        part = text[start : start + _CHUNK]
        found.append(part.partition(" ")[2] or part)
    return [*found, text[-_CHUNK:], text[-_CHUNK // 2 :]]


def _fault(said: str, text: str) -> Fault:
    return Fault(Reason.WRONG_LANGUAGE, f"{said} {clipped(text)}")
