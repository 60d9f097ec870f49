import subprocess
import sys

STRAY = """
import os
from synth_assets.cli.results import strays_as_messages
print("before")
with strays_as_messages():
    os.write(1, b"stray below Python\\n")
    print("stray")
print("after")
"""


def test_strays_of_a_library_are_no_results():
    done = subprocess.run([sys.executable, "-c", STRAY], capture_output=True, text=True, check=True)
    assert done.stdout == "before\nafter\n"
    assert done.stderr == "stray below Python\nstray\n"
