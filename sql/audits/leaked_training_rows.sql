-- Purpose: Training rows whose text equals a held-out row or a benchmark item.
-- Grain: One row per training row, without its copies, of a live mixture and item it equals.
SELECT
    t.sample_id,
    t.partition AS mixture_key,
    k.split,
    k.source,
    k.sample_id AS item_id,
    k.prompt
FROM training_rows AS t
INNER JOIN live_mixtures AS m ON t.partition = m.mixture_key
INNER JOIN kept_out AS k ON t.content_hash = k.content_hash
WHERE k.split IN ('held_out', 'benchmark') AND t.copy = 1
ORDER BY t.partition, t.sample_id, k.sample_id;
