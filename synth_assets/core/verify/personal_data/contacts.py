"""E-mail addresses."""

import re
from collections.abc import Iterator

from synth_assets.core.verify.personal_data.examples import is_example_host
from synth_assets.core.verify.personal_data.finding import Found, Kind
from synth_assets.core.verify.personal_data.plain import Plain

_MOST_LOCAL = 64

# Letters of scripts that write spaces; others would draw the sentence before into the address.
_LETTERS = r"A-Za-z0-9\u00c0-\u0dff\u1e00-\u1fff"
_LOCAL = re.compile(rf"[{_LETTERS}._%+'-]+\Z")
_LABEL = rf"[{_LETTERS}](?:[{_LETTERS}-]{{0,61}}[{_LETTERS}])?"
_DOMAIN = re.compile(
    rf"(?:{_LABEL}\.){{1,8}}(?:[A-Za-z\u00c0-\u0dff]{{2,24}}|xn--[a-z0-9-]{{2,59}})"
    rf"(?![{_LETTERS}]|-[{_LETTERS}]|\.[{_LETTERS}])",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    r"(?P<open>[\[({]) ?at ?[\])}] ?(?P<domain>[a-z0-9-]{1,63}"
    r"(?: ?(?:[\[({] ?dot ?[\])}]|\.) ?[a-z0-9-]{2,63}){1,4})"
)
_SPELLED_DOT = re.compile(r" ?[\[({] ?dot ?[\])}] ?| ?\. ?")

# `icon@2x.png` is a picture, `getty@tty1.service` a unit. `.md`, `.py` and `.rs` are countries.
_NO_DOMAINS = re.compile(
    r"(?:avif|bmp|conf|css|cpp|gif|ico|jpe?g|jsx?|json|less|mount|pdf|png|rb|scss|service"
    r"|socket|svg|target|timer|toml|tsx?|txt|webp|xml|ya?ml)\Z"
)


def emails_in(text: Plain) -> Iterator[Found]:
    """Each address, also `name [at] host [dot] com` in brackets.

    Hosts need a dot; no list of top-level domains is asked.
    """
    at = text.text.find("@")
    while at >= 0:
        if found := _email_at(text, at):
            yield found
        at = text.text.find("@", at + 1)
    if "at]" in text.lower or "at)" in text.lower or "at }" in text.lower:
        yield from _spelled_emails(text)


def _email_at(text: Plain, at: int) -> Found | None:
    local = _local_before(text.text, at)
    domain = _DOMAIN.match(text.text, at + 1) if local else None
    if domain is None:
        return None
    host = domain.group().lower()
    head, _, top = host.rpartition(".")
    # `x@w.dot(y)` multiplies matrices.
    called = text.text[domain.end() : domain.end() + 1] == "("
    if _NO_DOMAINS.match(top) or len(local) == len(head) == 1 or (called and len(local) == 1):
        return None
    # `git@host:owner/name` is the address of a repository.
    if local == "git" and text.text[domain.end() : domain.end() + 1] in (":", "/"):
        return None
    value = f"{local.lower()}@{host}"
    return Found(Kind.EMAIL, at - len(local), domain.end(), value, is_example_host(host))


def _local_before(text: str, end: int) -> str:
    before = _LOCAL.search(text[max(end - _MOST_LOCAL, 0) : end])
    if before is None:
        return ""
    local = before.group().lstrip("._%+'-")
    return "" if local.endswith(".") else local


def _spelled_emails(text: Plain) -> Iterator[Found]:
    for match in _SPELLED.finditer(text.lower):
        start = match.start()
        end_of_local = start - 1 if text.lower[start - 1 : start] == " " else start
        local = _local_before(text.lower, end_of_local)
        host = _SPELLED_DOT.sub(".", match["domain"])
        if local and host.rpartition(".")[2].isalpha():
            begin = end_of_local - len(local)
            value = f"{local}@{host}"
            yield Found(Kind.EMAIL, begin, match.end(), value, is_example_host(host))
