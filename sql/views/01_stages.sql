-- Purpose: The stages in their order, so that "last stage reached" has a meaning in SQL.
-- Grain: One row per stage.
CREATE OR REPLACE VIEW stages (stage, stage_order) AS
VALUES
('seeds', 0),
('generate', 1),
('verify', 2),
('dedup', 3),
('decontaminate', 4),
('mix', 5);
