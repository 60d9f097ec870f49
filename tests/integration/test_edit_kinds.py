"""Every kind of edit: what it leaves missing, why, and what filling that buys."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
from upath import UPath

from synth_assets.core.config.names import partition_name
from synth_assets.defs.assets import generation, inputs, selection
from synth_assets.defs.frame_io import FrameIOManager
from synth_assets.defs.partitions import Sync, sync_partitions
from synth_assets.resources.edits import unfilled
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.edit_kinds import EDIT_KINDS, EditKind, edit_table, edited_project
from tests.integration.own_project import KEY, KEY_ENV, OwnProject

PER_RECIPE = (
    generation.seeds,
    generation.raw_generations,
    generation.verified_samples,
    selection.sample_signatures,
)
INPUTS = (inputs.recipes, inputs.real_rows, inputs.benchmarks)
DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Bench:
    """A filled project, a server that plays its teachers, and a way back to how it was."""

    project: OwnProject
    server: ChatServer
    instance: dg.DagsterInstance
    original: Path

    @property
    def workshop(self) -> Workshop:
        variables = {**self.project.synth.environment, "SYNTH_HOME": str(self.project.home)}
        own = (self.project.recipes,)
        return Workshop(replace(read_settings(variables), recipe_folders=own))

    def sync(self) -> Sync:
        return sync_partitions(self.instance, self.workshop)

    def missing(self) -> list[str]:
        """Recipes that are not filled, and mixtures whose version is new."""
        return sorted(recipe.id for recipe in unfilled(self.workshop))

    def fill(self) -> int:
        """Fill what is missing: the calls that are bought for it."""
        before = len(self.server.served)
        shop = self.workshop
        for recipe in unfilled(shop):
            self.make(shop, PER_RECIPE, recipe.key)
        return len(self.server.served) - before

    def make(
        self, shop: Workshop, assets: tuple[dg.AssetsDefinition, ...], key: str | None
    ) -> None:
        frames = FrameIOManager(UPath(shop.home.assets), "")
        done = dg.materialize(
            [*PER_RECIPE, *INPUTS],
            selection=list(assets),
            partition_key=key,
            instance=self.instance,
            resources={"workshop": shop, "io_manager": frames},
        )
        assert done.success

    def restore(self) -> None:
        shutil.rmtree(self.project.recipes)
        shutil.copytree(self.original, self.project.recipes)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with (
        pytest.MonkeyPatch.context() as patch,
        chat_server(embedded_answer) as server,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        patch.setenv(KEY_ENV, KEY)
        root = tmp_path_factory.mktemp("edits")
        project = edited_project(root, server.base_url)
        made = Bench(project, server, instance, root / "original")
        shutil.copytree(project.recipes, made.original)
        made.sync()
        made.make(made.workshop, INPUTS[1:], None)
        assert made.fill() == 16
        yield made


@pytest.mark.parametrize("kind", EDIT_KINDS, ids=lambda kind: kind.name)
def test_edit_leaves_missing_and_buys_what_the_table_says(bench: Bench, kind: EditKind):
    kind.edit(bench.project)
    noticed = bench.sync()
    mixtures = [key for key in map(partition_name, noticed.added) if key == "all"]
    found = tuple(sorted([*bench.missing(), *mixtures]))
    told = {change.name: change.told for change in noticed.changes}
    bought = bench.fill()
    left = bench.missing()
    bench.restore()
    back = bench.sync()

    assert found == tuple(sorted(kind.missing))
    assert bought == kind.bought
    assert set(told) == {*kind.missing, *kind.causes}
    assert {name: told[name] for name in kind.causes} == kind.causes
    assert (left, bench.missing()) == ([], [])
    assert bench.fill() == 0
    assert {partition_name(key) for key in noticed.added} == {*kind.missing}
    assert len(back.added) == len(noticed.retired)


def test_table_of_the_page_is_what_was_tried():
    assert edit_table() in (DOCS / "daily-loop.md").read_text(encoding="utf-8")
