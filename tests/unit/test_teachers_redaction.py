from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.resources.redaction import without_secrets

KEY = "sk-Pr0j/a+b=c?d~42%xyzzy"
secrets = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=6, max_size=40)


@given(before=st.text(), secret=secrets, after=st.text())
def test_redaction_leaves_no_piece_of_the_secret(before: str, secret: str, after: str):
    said = without_secrets(f"{before}{secret}{after}", [secret])

    pieces = {secret[start : start + 6] for start in range(len(secret) - 5)}
    masked = said.split("[key]")
    assert not any(piece in part for piece in pieces for part in masked)


@given(text=st.text(st.characters(codec="utf-8"), max_size=200))
def test_redaction_without_a_secret_in_it_changes_nothing(text: str):
    assert without_secrets(text, ["\ue000\ue001\ue002\ue003\ue004\ue005\ue006"]) == text


@pytest.mark.parametrize(
    "quoted",
    [KEY, quote(KEY, safe=""), quote(KEY), quote_plus(KEY), KEY.upper(), KEY[:9], KEY[-9:]],
)
def test_redaction_knows_the_forms_in_which_servers_quote_a_key(quoted: str):
    said = without_secrets(f"Incorrect key {quoted} given.", [KEY])

    assert said.startswith("Incorrect key [key]")
    assert said.endswith(" given.")
    assert "0j/a" not in said.lower()


def test_redaction_covers_several_keys_and_joins_what_overlaps():
    assert without_secrets("a=abcdefgh b=12345678!", ["abcdefgh", "12345678"]) == "a=[key] b=[key]!"
    assert without_secrets("abcdefghij", ["abcdefgh", "cdefghij"]) == "[key]"


@pytest.mark.parametrize("placeholder", ["", "x", "EMP"])
def test_redaction_leaves_placeholders_of_servers_without_keys_alone(placeholder: str):
    text = "Example: an EMPTY x is no key."
    assert without_secrets(text, [placeholder]) == text
