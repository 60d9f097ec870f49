"""Group and owner names of the asset graph, spelled once."""

INPUTS = "1_inputs"
GENERATE = "2_generation"
SELECT = "3_selection"
TRAIN = "4_training_sets"
EVIDENCE = "5_evidence"

OWNER = "team:synthetic-data"
"""Who is asked about an asset; a team's own project names its own."""

SPENDING = ("raw_generations", "verified_samples")
"""Assets whose making may buy completions, the second by judges."""

CODE_LOCATION = "synth_assets"
"""As pyproject.toml calls it for `dg`."""
