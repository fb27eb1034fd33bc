-- +goose Up
ALTER TABLE talks ADD COLUMN room VARCHAR(100);
UPDATE talks SET room = 'large';

-- +goose Down
ALTER TABLE talks DROP COLUMN room;
