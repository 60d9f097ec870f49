-- Purpose: The text of rows that are kept out of training sets, by the beginning of their id.
-- Grain: One row per row kept out, at most 11.
-- Parameters: $prefix.
SELECT
    sample_id,
    split,
    source,
    prompt,
    coalesce(response, '') AS response
FROM kept_out
WHERE starts_with(sample_id, $prefix)
ORDER BY sample_id, split
LIMIT 11;
