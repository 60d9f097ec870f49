-- Purpose: What became of each row at each stage, whatever the number of mixtures: at stage `mix`
-- a row is kept when any live mixture keeps it, else the first mixture's reason stands.
-- Grain: One row per live row and stage.
CREATE OR REPLACE VIEW stage_outcomes AS
SELECT
    sample_id,
    sample_partition,
    recipe,
    stage,
    outcome,
    reason,
    duplicate_of,
    detail
FROM live_decisions
WHERE stage <> 'mix'
UNION ALL
SELECT
    sample_id,
    sample_partition,
    recipe,
    stage,
    outcome,
    reason,
    duplicate_of,
    detail
FROM live_decisions
WHERE stage = 'mix'
QUALIFY row_number() OVER (
    PARTITION BY sample_partition, sample_id
    ORDER BY (outcome = 'kept') DESC, partition ASC
) = 1;
