-- Purpose: Samples with a chat before the prompt, preference pairs, and a difficulty.
-- Grain: As the table says.
ALTER TABLE samples ADD COLUMN history VARCHAR;
ALTER TABLE samples ADD COLUMN rejected VARCHAR;
ALTER TABLE samples ADD COLUMN difficulty DOUBLE;
