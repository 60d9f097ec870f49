"""What became of recipes between two looks, and the causes in words."""

import pytest

from synth_assets.core.fingerprint import Json
from synth_assets.core.versions.causes import causes_between
from synth_assets.core.versions.changes import Event, Look, VersionChange
from synth_assets.core.versions.manifest import Kind, Manifest, Role

AT = "2026-01-02T03:04:05+00:00"


def manifest(
    version: str = "00000001",
    name: str = "sums",
    files: dict[str, str] | None = None,
    seeds: dict[str, str] | None = None,
    **spec: Json,
) -> Manifest:
    identity: dict[str, Json] = {
        "spec": {"id": name, "parameters": {"temperature": 0.5}, **spec},
        "files": files or {"write.md.j2": "Write.\n", "rules.txt": "None.\n"},
        "seeds": "of-" + "-".join(seeds or {"a": "one"}),
        "teachers": {"writer": ["openai/x", "", {"top_p": 1}]},
    }
    roles = {"write.md.j2": Role.PROMPT, "rules.txt": Role.INCLUDED, "judge.md.j2": Role.VERIFIER}
    key = f"{name}~{version}"
    return Manifest(Kind.RECIPE, key, f"/r/{name}", identity, "id: x", roles, seeds or {"a": "one"})


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (manifest(), []),
        (
            manifest(files={"write.md.j2": "Write.\nBriefly.\n", "rules.txt": "None.\n"}),
            ["prompt write.md.j2: 1 line new, 0 lines gone"],
        ),
        (
            manifest(files={"write.md.j2": "Write.\r\n", "rules.txt": "None.\n"}),
            ["prompt write.md.j2: line ends"],
        ),
        (
            manifest(files={"write.md.j2": "Write.\n", "judge.md.j2": "Judge.\n"}),
            ["verifier judge.md.j2: new, 1 line", "included file rules.txt: takes part no more"],
        ),
        (manifest(parameters={"temperature": 0.9}), ["parameter temperature: 0.5 → 0.9"]),
        (manifest(parameters={}), ["parameter temperature: gone: 0.5"]),
        (manifest(seeds={"a": "one", "b": "two"}), ["seeds: 1 new: two"]),
        (
            manifest(verifiers=[{"kind": "length", "max_words": 9}, {"kind": "number"}]),
            [
                "verifier length.kind: new: length",
                "verifier length.max_words: new: 9",
                "verifier number.kind: new: number",
            ],
        ),
        (manifest(samples=5), ["samples: new: 5"]),
    ],
)
def test_causes_between_two_versions_name_what_changed(after: Manifest, told: list[str]):
    assert [cause.told for cause in causes_between(manifest(), after)] == told


def test_cause_of_one_verifier_more_leaves_the_others_alone():
    before = manifest(verifiers=[{"kind": "number", "tolerance": 0}])
    after = manifest(verifiers=[{"kind": "safe"}, {"kind": "number", "tolerance": 1}])

    assert [cause.told for cause in causes_between(before, after)] == [
        "verifier safe.kind: new: safe",
        "verifier number.tolerance: 0 → 1",
    ]


def changes(
    known: list[Manifest],
    now: list[Manifest],
    seen: tuple[str, ...] = (),
    held: tuple[str, ...] = (),
) -> list[VersionChange]:
    then = {each.key: each for each in known}
    live = {(each.kind, each.name): each for each in now}
    look = Look(
        {(each.kind, each.name): each.key for each in known},
        frozenset({*then, *seen}),
        {place: each.key for place, each in live.items()},
        frozenset(held),
        then.get,
        live.__getitem__,
    )
    return list(look.changes(AT))


def test_changes_of_the_same_are_none():
    assert changes([manifest()], [manifest()]) == []


def test_edit_has_its_cause_and_the_version_before():
    [made] = changes([manifest()], [manifest("00000002", samples=5)])

    assert (made.event, made.key, made.before) == (Event.EDITED, "sums~00000002", "sums~00000001")
    assert (made.told, made.at) == ("samples: new: 5", AT)


def test_version_that_was_live_before_has_returned():
    [made] = changes([manifest("00000002", samples=5)], [manifest()], seen=("sums~00000001",))

    assert made.event is Event.RETURNED
    assert made.told == "back to an earlier version: samples: gone: 5"


def test_other_name_with_all_else_the_same_is_a_rename():
    [made] = changes([manifest()], [manifest("00000003", "totals")])

    assert (made.event, made.name, made.told) == (Event.RENAMED, "totals", "rename of sums")


def test_second_of_the_same_content_is_a_copy_and_at_the_first_look_none():
    original, copy = manifest(), manifest("00000003", "totals")
    [made] = changes([original], [original, copy])
    first = changes([], [original, copy])

    assert (made.event, made.told) == (Event.ADDED, "copy of sums")
    assert [each.told for each in first] == ["new", "new"]


def test_removed_recipe_is_told_and_one_whose_folder_is_broken_stays():
    [gone] = changes([manifest()], [])

    assert (gone.event, gone.key) == (Event.REMOVED, "sums~00000001")
    assert changes([manifest()], [], held=("sums~00000001",)) == []
