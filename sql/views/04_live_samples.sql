-- Purpose: The samples that count: of live recipe versions, and the real rows.
-- Grain: One row per sample per live partition.
CREATE OR REPLACE VIEW live_samples AS
SELECT
    s.sample_id,
    s.partition,
    s.origin,
    s.recipe,
    s.recipe_version,
    s.technique,
    s.source,
    s.seed_id,
    s.position,
    s.teacher,
    s.request_fingerprints,
    s.synthetic_depth,
    s.content_hash,
    s.file_path
FROM samples AS s
WHERE
    s.partition = 'all'
    OR s.partition IN (SELECT v.partition FROM live_versions AS v);
