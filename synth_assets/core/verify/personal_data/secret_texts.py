"""Keys, tokens and passwords: by the shapes their issuers gave them, or behind a word for them."""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

from synth_assets.core.verify.personal_data.examples import is_filler
from synth_assets.core.verify.personal_data.finding import Found, Kind
from synth_assets.core.verify.personal_data.plain import Plain

# Literal head -> what follows it. The heads are what makes the search fast.
_TOKENS = {
    **dict.fromkeys(("AKIA", "ASIA", "ABIA", "ACCA"), r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{36,255}"),
    "github_pat_": r"[A-Za-z0-9_]{22,255}",
    **dict.fromkeys(
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glimt-", "glagent-"),
        r"[A-Za-z0-9_-]{20,255}(?:\.[0-9a-z.]{2,20})?",
    ),
    **dict.fromkeys(
        ("xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.", "xoxo-", "xoxr-", "xoxs-", "xapp-"),
        r"[A-Za-z0-9.-]{10,250}",
    ),
    "hooks.slack.com/services/": r"T[A-Z0-9]{6,20}/B[A-Z0-9]{6,20}/[A-Za-z0-9]{16,40}",
    "discord.com/api/webhooks/": r"[0-9]{15,22}/[A-Za-z0-9_-]{50,90}",
    **dict.fromkeys(
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"), r"[A-Za-z0-9]{10,250}"
    ),
    "whsec_": r"[A-Za-z0-9+/=]{24,100}",
    "AIza": r"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
    "ya29.": r"[A-Za-z0-9_-]{20,500}",
    "GOCSPX-": r"[A-Za-z0-9_-]{24,40}",
    "1//0": r"[A-Za-z0-9_-]{40,120}",
    **dict.fromkeys(
        ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-ant-", "sk-or-"), r"[A-Za-z0-9_-]{20,250}"
    ),
    "sk-": r"[A-Za-z0-9]{32,100}(?![A-Za-z0-9-])",
    **dict.fromkeys(("hf_", "api_org_"), r"[A-Za-z0-9]{30,60}"),
    "npm_": r"[A-Za-z0-9]{36}(?![A-Za-z0-9])",
    "pypi-AgE": r"[A-Za-z0-9_-]{50,500}",
    "SG.": r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}",
    **dict.fromkeys(("dop_v1_", "doo_v1_", "dor_v1_"), r"[0-9a-f]{64}"),
    "dapi": r"[0-9a-f]{32}(?![0-9a-f])",
    "dckr_pat_": r"[A-Za-z0-9_-]{20,60}",
    **dict.fromkeys(("shpat_", "shpca_", "shppa_", "shpss_"), r"[0-9a-fA-F]{32}"),
    "lin_api_": r"[A-Za-z0-9]{32,48}",
    "hvs.": r"[A-Za-z0-9_-]{24,200}",
    "tvly-": r"[A-Za-z0-9-]{24,60}",
    "pplx-": r"[A-Za-z0-9]{40,60}",
    "nvapi-": r"[A-Za-z0-9_-]{50,90}",
    "ATATT3": r"[A-Za-z0-9_=-]{80,250}",
    "ntn_": r"[A-Za-z0-9]{40,60}",
    "NRAK-": r"[A-Z0-9]{27}",
    "PMAK-": r"[0-9a-f]{24}-[0-9a-f]{34}",
    "dp.pt.": r"[A-Za-z0-9]{40,48}",
    "sq0atp-": r"[A-Za-z0-9_-]{22}",
    "sq0csp-": r"[A-Za-z0-9_-]{43}",
    **dict.fromkeys(("gsk_", "xai-"), r"[A-Za-z0-9]{40,100}"),
    "r8_": r"[A-Za-z0-9]{37}",
    "tfp_": r"[A-Za-z0-9]{40,60}",
    "AGE-SECRET-KEY-1": r"[0-9A-Z]{58}",
}  # fmt: skip
_TOKEN_PATTERNS = tuple(
    (head, re.compile(rf"{re.escape(head)}(?<![A-Za-z0-9_]{re.escape(head)}){body}"))
    for head, body in _TOKENS.items()
)
_BOT_TOKEN = re.compile(r":AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])")
_BOT_NUMBER = re.compile(r"(?<![A-Za-z0-9_])[0-9]{8,10}\Z")
_JWT = re.compile(
    r"eyJ(?<![A-Za-z0-9_.-]eyJ)(?P<head>[A-Za-z0-9_-]{8,2000})"
    r"\.eyJ[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{10,2000}"
)

_KEY_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s]|\\[nr])*")

_URL_PASSWORD = re.compile(
    r"://(?P<user>[^\s:/?#@<>\"'`\x00]{0,64}):(?P<word>[^\s/@<>\"'`\x00]{1,200})@(?=[\w\[.-])"
)
_NO_PASSWORD = re.compile(
    r"[<{]|\A[$(\[*]|\$\(|\*\*|%(?![0-9a-f]{2})|\bpass(?:word|wd)?\b|^(?:pwd|secret|xxx+|\.\.\.)",
    re.IGNORECASE,
)

_WORD = (
    r"passwords?|passwort|kennwort|passwd|passphrase|pass|pwd|mot de passe|contrase\u00f1a"
    r"|secret(?:[_ -]?access)?(?:[_ -]?key)?|api[_ -]?(?:key|token|secret)"
    r"|access[_ -]?(?:key|token)|auth[_ -]?(?:key|token)|account[_ ]?key|client[_ -]?secret"
    r"|private[_ -]?key|bearer|token|signing[_ -]?key|encryption[_ -]?key"
)
_ASSIGNED = re.compile(
    rf"(?<![a-z])(?:{_WORD})(?:_\w{{0,20}})?\b[\"'`*]{{0,3}}"
    r" ?(?:is:?|was:?|=>|:=|==?|:|(?<=bearer))(?:\*\*)?"
    r" ?[\"'`*]{0,3}(?P<value>[^\s\"'`<>\x00]{8,200})"
)
_ASSIGNED_SCREENS = (
    "passw", "kennwort", "passphrase", "pass=", "pass:", "pwd", "mot de passe", "contrase",
    "secret", "key", "token", "bearer",
)  # fmt: skip
_TRAILING = ".,;:!?)]}*"
_IN_CODE = re.compile(
    r"[(){}\[\]\\]|\A[$%]|%[ds]|::|->|\A[a-z_]+(?:\.[a-z_]+)+\Z|://|\A[/~.]",
    re.IGNORECASE,
)
_PASSWORD_BITS, _KEY_BITS = 2.5, 3.3
_KEY_LENGTH = 16


def private_keys_in(text: Plain) -> Iterator[Found]:
    """Blocks from `BEGIN ... PRIVATE KEY` to their end, or as far as they look like one."""
    begins = list(_KEY_BEGIN.finditer(text.text))
    for begin, following in zip_longest(begins, begins[1:]):
        limit = following.start() if following else len(text.text)
        end = _KEY_END.search(text.text, begin.end(), limit)
        body = end or _KEY_BODY.match(text.text, begin.end(), limit)
        block = text.text[begin.start() : body.end() if body else begin.end()].rstrip()
        stop = begin.start() + len(block)
        yield Found(Kind.PRIVATE_KEY, begin.start(), stop, block)


def tokens_in(text: Plain) -> Iterator[Found]:
    """Keys and tokens that carry their issuer's mark, and JSON web tokens."""
    for head, pattern in _TOKEN_PATTERNS:
        if head in text.text:
            for match in pattern.finditer(text.text):
                value = match.group().rstrip(".-_")
                example = is_filler(value[len(head) :])
                yield Found(Kind.TOKEN, match.start(), match.start() + len(value), value, example)
    if ":AA" in text.text:
        for match in _BOT_TOKEN.finditer(text.text):
            number = _BOT_NUMBER.search(text.text, max(match.start() - 11, 0), match.start())
            if number:
                value = number.group() + match.group()
                yield Found(Kind.TOKEN, number.start(), match.end(), value, is_filler(value))
    if "eyJ" in text.text:
        for match in _JWT.finditer(text.text):
            if _is_json("eyJ" + match["head"]):
                yield Found(Kind.TOKEN, match.start(), match.end(), match.group())


def passwords_in(text: Plain) -> Iterator[Found]:
    """Passwords in addresses, and what is given behind a word for a password or key.

    In an address any word but a placeholder; behind a word for it at least 8 characters with
    letters and digits in disorder, 16 for keys.
    """
    if "://" in text.text:
        for match in _URL_PASSWORD.finditer(text.text):
            word = match["word"]
            example = bool(_NO_PASSWORD.search(word)) or (is_filler(word) and len(word) > 7)
            if not (word.isdigit() and len(word) <= 5):
                start, end = match.span("word")
                yield Found(Kind.PASSWORD, start, end, word, example)
    if any(screen in text.lower for screen in _ASSIGNED_SCREENS):
        yield from _assigned(text)


def _assigned(text: Plain) -> Iterator[Found]:
    match = _ASSIGNED.search(text.lower)
    while match:
        at = match.start("value")
        value = text.text[at : match.end("value")].rstrip(_TRAILING)
        if _is_random(value, match.group()):
            yield Found(Kind.PASSWORD, at, at + len(value), value, is_filler(value))
            at += len(value)
        match = _ASSIGNED.search(text.lower, at)


def _is_random(value: str, written: str) -> bool:
    if len(value) < 8 or _IN_CODE.search(value):
        return False
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    if written.startswith(("pass", "kennwort", "pwd", "mot de", "contrase")):
        return letters and digits and _bits(value) >= _PASSWORD_BITS
    return len(value) >= _KEY_LENGTH and letters and digits and _bits(value) >= _KEY_BITS


def _bits(text: str) -> float:
    """Shannon entropy of a text's characters, bits each."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_json(part: str) -> bool:
    try:
        return base64.urlsafe_b64decode(part[:64]).startswith(b"{")
    except (binascii.Error, ValueError):
        return False
