CREATE TABLE quotes (
  id uuid PRIMARY KEY,
  product_id text NOT NULL REFERENCES products,
  points integer NOT NULL CHECK (points BETWEEN 1 AND 10000000),
  price_cents bigint NOT NULL CHECK (price_cents BETWEEN 1 AND 10000000000),
  currency text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);

-- A purchase copies what was quoted: it is the record of what was sold. Rows are never changed.
CREATE TABLE purchases (
  id uuid PRIMARY KEY,
  idempotency_key text NOT NULL CONSTRAINT one_purchase_a_key UNIQUE,
  quote_id uuid NOT NULL CONSTRAINT one_purchase_a_quote UNIQUE REFERENCES quotes,
  member_id text NOT NULL,
  product_id text NOT NULL REFERENCES products,
  points integer NOT NULL CHECK (points BETWEEN 1 AND 10000000),
  price_cents bigint NOT NULL CHECK (price_cents BETWEEN 1 AND 10000000000),
  currency text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
