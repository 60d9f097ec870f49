-- Purpose: The seed a sample started from.
-- Grain: One row, or none for a real sample.
-- Parameters: $seed_id, $partition.
SELECT
    seed_id,
    source,
    fields
FROM seeds
WHERE seed_id = $seed_id AND partition = $partition
ORDER BY rowid
LIMIT 1;
