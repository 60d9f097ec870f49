"""Spaces of texts come out the same on first use too, when libraries are loaded along the way."""

import json
import os
import subprocess
import sys

import pytest

FIT = """
from synth_assets.core.coverage import text_space
real = text_space._fitted
def fitted(*given):
    made = real(*given)
    seen.extend(threads())
    return made
text_space._fitted = fitted
text_space.fit_text_space(["one two three", "four five six"], 2)
"""
PLACE = """
import numpy as np
from synth_assets.core.coverage import text_space
real = text_space._weighted
def weighted(*given):
    made = real(*given)
    seen.extend(threads())
    return made
text_space._weighted = weighted
space = text_space.TextSpace(
    np.ones(2**16, np.float32), np.ones((2, 2**16), np.float32), np.eye(2, dtype=np.float32), 0
)
space.place(["one two three"])
"""
PROGRAM = """
import json
def threads():
    from threadpoolctl import threadpool_info
    return [(each["prefix"], each["num_threads"]) for each in threadpool_info()]
seen = []
{}
print(json.dumps(seen))
"""


@pytest.mark.parametrize("use", [FIT, PLACE])
def test_text_space_on_first_use_computes_with_one_thread_of_every_library(use: str):
    many = {"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(use)],
        env={**os.environ, **many},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seen: list[tuple[str, int]] = json.loads(done.stdout)
    assert "libscipy_openblas" in {library for library, _ in seen}
    assert {threads for _, threads in seen} == {1}
