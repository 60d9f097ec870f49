"""Links and identifiers of publications that nobody gave."""

import re
from typing import Annotated

from pydantic import StringConstraints

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn
from synth_assets.core.verify.reading.folding import clipped

_URL = re.compile(
    r"(?:https?|ftp)://[^\s<>\"'`|\\^{}\[\]]{3,2000}|\bwww\.[^\s<>\"'`|\\^{}\[\]]{3,2000}"
)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s<>\"'`|\\^{}\[\],;]{2,200}")
_ARXIV = re.compile(
    r"\barxiv(?:\.org)?[:. /]{1,3}(?:abs/|pdf/)?(\d{4}\.\d{4,5}|[a-z-]{2,12}/\d{7})"
)
_PMID = re.compile(r"\bpmid:? ?(\d{5,9})\b")
_AUTHOR_YEAR = re.compile(
    r"\b[A-Z][\w'-]{1,30}(?: et al\.?| (?:and|&) [A-Z][\w'-]{1,30})?"
    r",? \(?((?:19|20)\d\d)[a-z]?\)"
)
_NAMESPACE = re.compile(r"^(?:w3\.org/(?:\d{4}|tr|ns)\b|schema\.org\b|schemas\.[a-z.]+/)")
_RESERVED = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net)|example|test|invalid|localhost)$"
    r"|^(?:127|10)\.\d|^192\.168\.|^0\.0\.0\.0$"
)
_TAIL = ".,;:!?)*_'\"\u201d\u2019\u00bb/"


class InventedLinks(Written):
    """Every link of the answer stands in the prompt, the context or earlier turns, or is allowed.

    Addresses reserved for examples (`example.com`, `localhost`) and names of XML formats are no
    links. Nothing is looked up: a link that is right and was not given counts as invented.

    Attributes:
        allow: domains whose links may stand anywhere, with those below them: `python.org`.
        urls: look at addresses of pages.
        identifiers: look at DOIs, arXiv and PubMed numbers.
        author_years: look at «(Smith et al., 2019)», too; the year must stand beside the name in
            what was given.
    """

    allow: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+$")], ...] = ()
    urls: bool = True
    identifiers: bool = True
    author_years: bool = False

    def look(self) -> Look:
        """Make the check."""
        return self._look

    def _look(self, turn: Turn) -> Fault | None:
        text = turn.lowered
        if self.urls and ("://" in text or "www." in text):
            for match in _URL.finditer(text):
                address = _bare(match.group())
                if not self._allowed(address) and not _stands(address, turn.known):
                    return _fault("a link", match.group())
        if self.identifiers:
            for found in _identifiers(text):
                if found not in turn.known:
                    return _fault("a publication", found)
        if self.author_years and "(" in text:
            for match in _AUTHOR_YEAR.finditer(turn.text):
                if not _cited(match, turn.known):
                    return _fault("a citation", match.group())
        return None

    def _allowed(self, address: str) -> bool:
        host = re.split(r"[/?#]", address, maxsplit=1)[0].rpartition("@")[2]
        host = host.partition(":")[0].rstrip(".")
        if _RESERVED.search(host) or _NAMESPACE.match(address):
            return True
        return any(host == each or host.endswith(f".{each}") for each in self.allow)


def _bare(address: str) -> str:
    """Without scheme, `www.` and what ends a sentence."""
    rest = address.partition("://")[2] or address
    return rest.removeprefix("www.").rstrip(_TAIL)


def _stands(address: str, known: str) -> bool:
    """Whether an address was given, whole: `x.org/a` is not given by `x.org/ab`."""
    start = known.find(address)
    while start >= 0:
        after = known[start + len(address) : start + len(address) + 2].lstrip("/")[:1]
        before = known[start - 1 : start] if start else ""
        goes_on = after.isalnum() or (after != "" and after in "_-%=&?#~")
        if not goes_on and not before.isalnum():
            return True
        start = known.find(address, start + 1)
    return False


def _identifiers(text: str) -> list[str]:
    found: list[str] = []
    if "10." in text:
        found += [each.rstrip(_TAIL) for each in _DOI.findall(text)]
    if "arxiv" in text:
        found += _ARXIV.findall(text)
    if "pmid" in text:
        found += _PMID.findall(text)
    return found


def _cited(match: re.Match[str], known: str) -> bool:
    name = match.group().split(" ", 1)[0].rstrip(",").lower()
    place = rf"\b{re.escape(name)}\b[^\n]{{0,60}}{match.group(1)}"
    return re.search(place, known) is not None


def _fault(what: str, text: str) -> Fault:
    return Fault(Reason.INVENTED_LINK, f"has {what} that nobody gave: {clipped(text)}")
