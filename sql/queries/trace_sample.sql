-- Purpose: The text and provenance of one sample.
-- Grain: One row, or none when it was dropped at generation.
-- Parameters: $sample_id, $partition.
SELECT
    sample_id,
    origin,
    recipe,
    recipe_version,
    technique,
    source,
    seed_id,
    parent_ids,
    position,
    teacher,
    request_fingerprints,
    context,
    prompt,
    response,
    reference,
    attributes,
    licence,
    synthetic_depth,
    content_hash,
    score,
    history,
    rejected,
    difficulty
FROM samples
WHERE sample_id = $sample_id AND partition = $partition
ORDER BY rowid
LIMIT 1;
