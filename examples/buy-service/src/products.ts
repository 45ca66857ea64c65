import {setTimeout as sleep} from 'node:timers/promises';
import type {FastifyInstance} from 'fastify';
import type {Pool} from 'pg';
import {query} from './database.ts';
import type {Product} from './pricing.ts';

const columns = `id, name, currency, cents_per_1000_points, min_points, max_points, points_step,
  discount_from_points, discount_percent`;

const querystring = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {type: 'string', pattern: '^([1-9]|[1-9][0-9]|[1-4][0-9][0-9]|500)$'},
    after: {type: 'string', maxLength: 64},
    // Not a feature: the demo's load test uses it to get slow responses.
    demo_delay_ms: {type: 'string', pattern: '^([0-9]{1,3}|1[0-9]{3}|2000)$'},
  },
};

interface ProductsQuery {
  readonly limit?: string;
  readonly after?: string;
  readonly demo_delay_ms?: string;
}

/** `GET /products`: pages of products, sorted by id. */
export function productRoutes(app: FastifyInstance, pool: Pool): void {
  app.get<{Querystring: ProductsQuery}>('/products', {schema: {querystring}}, async (request) => {
    const {limit = '100', after = '', demo_delay_ms: delay} = request.query;
    if (delay !== undefined) await sleep(Number(delay));
    return listProducts(pool, Number(limit), after);
  });
}

interface ProductPage {
  readonly products: readonly Product[];
  /** Value of `after` for the next page; null on the last page. */
  readonly next_after: string | null;
}

async function listProducts(pool: Pool, limit: number, after: string): Promise<ProductPage> {
  // One row more than the limit shows whether there is a next page.
  const rows = await query<Product>(pool, `SELECT ${columns} FROM products WHERE id > $1 ORDER BY id LIMIT $2`, [
    after,
    limit + 1,
  ]);
  const products = rows.slice(0, limit);
  return {products, next_after: rows.length > limit ? (products.at(-1)?.id ?? null) : null};
}

export async function findProduct(pool: Pool, id: string): Promise<Product | undefined> {
  const [product] = await query<Product>(pool, `SELECT ${columns} FROM products WHERE id = $1`, [id]);
  return product;
}
