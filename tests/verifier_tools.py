"""What verifiers of shipped recipes are given in tests."""

from collections.abc import Generator
from contextlib import contextmanager

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.verify.code import Code
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from tests.integration.sandboxes import open_sandbox


@contextmanager
def tools_for(recipe: Recipe) -> Generator[Tools]:
    """A sandbox, where the recipe runs programs; the test is skipped where nothing holds them."""
    if not any(isinstance(verifier, Code) for verifier in recipe.spec.verifiers):
        yield NO_TOOLS
        return
    with open_sandbox() as sandbox:
        yield Tools(programs=sandbox)
