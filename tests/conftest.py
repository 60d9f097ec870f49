"""Fixtures that every kind of test uses."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is; speed is measured in benchmarks/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data; tests that need it are skipped where it is absent."""
    default = Path(__file__).parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("SYNTH_TEST_DATA") or default)
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set SYNTH_TEST_DATA")
    return folder
