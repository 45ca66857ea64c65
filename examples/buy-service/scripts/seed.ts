import {parseArgs} from 'node:util';
import {withDatabase} from './script.ts';

const {values} = parseArgs({options: {rows: {type: 'string', default: '100'}}});

await withDatabase(async (client) => {
  if (!/^\d{1,6}$/.test(values.rows)) {
    throw new Error('--rows is not a whole number from 0 to 999999\nfix: node scripts/seed.ts --rows 100');
  }
  // Row n is always the same product, so a second run adds only the missing ones.
  const {rowCount} = await client.query(
    `INSERT INTO products (id, name, currency, cents_per_1000_points, min_points, max_points, points_step)
     SELECT 'sample-' || lpad(n::text, 6, '0'), 'Sample ' || n, 'EUR', 500 + n % 1500, 100, 100000, 100
       FROM generate_series(1, $1::integer) AS n
     ON CONFLICT (id) DO NOTHING`,
    [values.rows],
  );
  process.stdout.write(`${rowCount} of ${values.rows} sample products added\n`);
});
