-- Money is in cents and points are whole: integers everywhere. The limits keep every product of
-- price, points and percent below 2^53, so that the service may compute with plain numbers.
CREATE TABLE products (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,64}$'),
  name text NOT NULL CHECK (name <> ''),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  cents_per_1000_points integer NOT NULL CHECK (cents_per_1000_points BETWEEN 1 AND 1000000),
  min_points integer NOT NULL CHECK (min_points >= 1),
  max_points integer NOT NULL CHECK (max_points BETWEEN min_points AND 10000000),
  points_step integer NOT NULL CHECK (points_step >= 1),
  discount_from_points integer NOT NULL DEFAULT 0 CHECK (discount_from_points >= 0),
  discount_percent integer NOT NULL DEFAULT 0 CHECK (discount_percent BETWEEN 0 AND 90),
  CHECK (min_points % points_step = 0)
);
