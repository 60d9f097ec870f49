-- Purpose: Live synthetic samples with no completion on record, or lacking one they name.
-- Grain: One row per sample and missing completion (null when it names none).
WITH named AS (
    SELECT
        sample_id,
        partition,
        unnest(
            CASE
                WHEN len(request_fingerprints) > 0 THEN request_fingerprints
                ELSE [NULL::VARCHAR]
            END
        ) AS missing_fingerprint
    FROM live_samples
    WHERE partition <> 'all'
)

SELECT
    n.sample_id,
    n.partition,
    n.missing_fingerprint
FROM named AS n
ANTI JOIN calls AS c
    ON
        n.partition = c.partition
        AND n.sample_id = c.sample_id
        AND n.missing_fingerprint = c.fingerprint
ORDER BY n.partition, n.sample_id, n.missing_fingerprint;
