"""What `synth run` imports slowly; only the fork server of tests imports it at once."""

import evidently.presets  # pyright: ignore[reportMissingTypeStubs]
import evidently.ui.workspace  # noqa: F401  # pyright: ignore[reportMissingTypeStubs]
import litellm  # noqa: F401  # pyright: ignore[reportMissingTypeStubs]

import synth_assets.cli.main
import synth_assets.cli.run
import synth_assets.resources.embedded.handler  # noqa: F401
