"""The page on standing says what the table of licences says."""

from synth_assets.core.config.terms import Answer
from synth_assets.core.terms.licences import AS_OF, KNOWN, Terms
from synth_assets.resources.workshop import project_file

_WORDS = {Answer.ALLOWED: "yes", Answer.FORBIDDEN: "**no**", Answer.UNSTATED: "?"}


def _row(terms: Terms) -> str:
    but = f", but {terms.family}" if terms.family and terms.training == Answer.FORBIDDEN else ""
    named = f"«{terms.notice}»" if terms.notice else "who made it" if terms.credit else ""
    cells = (
        f"[{terms.licence}]({terms.source})",
        _WORDS[terms.commercial],
        _WORDS[terms.training] + but,
        _WORDS[terms.competing] + but,
        _WORDS[terms.sharing],
        ", ".join(sorted(terms.share_alike - {terms.licence})) if terms.share_alike else "any",
        named,
        terms.students,
    )
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def test_docs_of_licences_have_each_row_of_the_table_and_its_date():
    page = (project_file("definitions.py").parent / "docs" / "standing.md").read_text("utf-8")
    written = [line for line in page.splitlines() if line.startswith("| [")]
    assert written == [_row(KNOWN[name]) for name in sorted(KNOWN, key=str.lower)]
    assert f"As of {AS_OF}" in page
