"""What `synth run` imports late, imported at once; only the fork server of tests does so."""

import evidently.presets  # pyright: ignore[reportMissingTypeStubs]
import evidently.ui.workspace  # noqa: F401  # pyright: ignore[reportMissingTypeStubs]

from synth_assets.resources.teachers import load_litellm

load_litellm()
