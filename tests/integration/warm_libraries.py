"""What `synth run` imports late and slowly; only the fork server of tests imports it at once."""

import evidently.presets  # pyright: ignore[reportMissingTypeStubs]
import evidently.ui.workspace  # noqa: F401  # pyright: ignore[reportMissingTypeStubs]
