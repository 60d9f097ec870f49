-- Purpose: What each verifier did with the samples that it was given, and why it rejected most.
-- Grain: One row per recipe version and verifier, in the order in which they ran. Superseded
-- versions are told of, too.
WITH rejections AS (
    SELECT
        partition,
        position,
        verifier,
        reason
    FROM verdicts
    WHERE outcome = 'rejected'
    GROUP BY partition, position, verifier, reason
    QUALIFY row_number() OVER (
        PARTITION BY partition, position, verifier
        ORDER BY count(*) DESC, reason ASC
    ) = 1
)

SELECT
    v.partition,
    v.verifier,
    r.reason AS most_frequent_reason,
    count(*) AS judged,
    count(*) FILTER (WHERE v.outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE v.outcome = 'rejected') AS rejected,
    count(*) FILTER (WHERE v.outcome = 'errored') AS errored
FROM verdicts AS v
LEFT JOIN rejections AS r
    ON v.partition = r.partition AND v.position = r.position AND v.verifier = r.verifier
GROUP BY v.partition, v.position, v.verifier, r.reason
ORDER BY v.partition, v.position, v.verifier;
