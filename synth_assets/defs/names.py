"""Group and owner names of the asset graph, spelled once."""

INPUTS = "1_inputs"
GENERATE = "2_generation"
SELECT = "3_selection"
TRAIN = "4_training_sets"
EVIDENCE = "5_evidence"

CODE_LOCATION = "synth_assets"
"""As pyproject.toml calls it for `dg`."""
