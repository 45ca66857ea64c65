INSERT INTO products
  (id, name, currency, cents_per_1000_points, min_points, max_points, points_step,
   discount_from_points, discount_percent)
VALUES
  ('airline-miles', 'Airline miles', 'EUR', 1899, 1000, 200000, 1000, 50000, 15),
  ('hotel-nights', 'Hotel points', 'USD', 995, 500, 500000, 500, 100000, 10),
  ('coffee-beans', 'Coffee beans', 'EUR', 333, 1, 10000, 1, 0, 0);
