-- Purpose: Why rows of live versions were not kept.
-- Grain: One row per recipe (empty for real rows), stage, outcome and reason; `share` is of all
-- rows of the recipe that the stage was given.
CREATE OR REPLACE VIEW drop_reasons (
    recipe, stage, stage_order, outcome, reason, rows, share
) AS
WITH given AS (
    SELECT
        recipe,
        stage,
        count(*) AS row_count
    FROM stage_outcomes
    GROUP BY recipe, stage
),

lost AS (
    SELECT
        recipe,
        stage,
        outcome,
        reason,
        count(*) AS row_count
    FROM stage_outcomes
    WHERE outcome <> 'kept'
    GROUP BY recipe, stage, outcome, reason
)

SELECT
    lost.recipe,
    lost.stage,
    stages.stage_order,
    lost.outcome,
    lost.reason,
    lost.row_count,
    lost.row_count / given.row_count AS share_of_given
FROM lost
INNER JOIN given ON lost.recipe = given.recipe AND lost.stage = given.stage
INNER JOIN stages ON lost.stage = stages.stage;
