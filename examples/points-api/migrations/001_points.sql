CREATE TABLE balances (
  customer_id text PRIMARY KEY,
  points bigint NOT NULL CHECK (points >= 0)
);

CREATE TABLE transactions (
  id uuid PRIMARY KEY,
  idempotency_key text NOT NULL UNIQUE,
  customer_id text NOT NULL,
  points bigint NOT NULL CHECK (points <> 0),
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX transactions_of_customer ON transactions (customer_id, created_at);
