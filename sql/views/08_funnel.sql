-- Purpose: How many rows each stage was given and what it decided, of live versions.
-- Grain: One row per scope, recipe and stage. Scopes: `recipe` (one recipe), `real` (real rows,
-- recipe is empty), `synthetic` (all recipes together), `all` (everything); the recipe of the
-- last two is `*`. At `mix` a row is kept when at least one live mixture keeps it.
CREATE OR REPLACE VIEW funnel AS
WITH counted AS (
    SELECT
        recipe,
        stage,
        count(*) AS given,
        count(*) FILTER (WHERE outcome = 'kept') AS kept,
        count(*) FILTER (WHERE outcome = 'dropped') AS dropped,
        count(*) FILTER (WHERE outcome = 'errored') AS errored
    FROM stage_outcomes
    GROUP BY recipe, stage
),

scoped AS (
    SELECT
        if(recipe = '', 'real', 'recipe') AS scope,
        recipe,
        stage,
        given,
        kept,
        dropped,
        errored
    FROM counted
    UNION ALL
    SELECT
        'synthetic' AS scope,
        '*' AS recipe,
        stage,
        given,
        kept,
        dropped,
        errored
    FROM counted
    WHERE recipe <> ''
    UNION ALL
    SELECT
        'all' AS scope,
        '*' AS recipe,
        stage,
        given,
        kept,
        dropped,
        errored
    FROM counted
)

SELECT
    scoped.scope,
    scoped.recipe,
    scoped.stage,
    stages.stage_order,
    sum(scoped.given)::BIGINT AS given,
    sum(scoped.kept)::BIGINT AS kept,
    sum(scoped.dropped)::BIGINT AS dropped,
    sum(scoped.errored)::BIGINT AS errored
FROM scoped
INNER JOIN stages ON scoped.stage = stages.stage
GROUP BY scoped.scope, scoped.recipe, scoped.stage, stages.stage_order;
