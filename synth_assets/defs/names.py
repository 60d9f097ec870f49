"""Group, owner and pool names of the asset graph, spelled once."""

SEEDS = "1_seeds_and_real_data"
GENERATE = "2_generation"
SELECT = "3_selection"
TRAIN = "4_training_sets"
WATCH = "5_watching"

LINEAGE_POOL = "lineage_database"
DASHBOARD_POOL = "dashboards"

WORKSHOP = "workshop"
