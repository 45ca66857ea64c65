import {randomUUID} from 'node:crypto';
import type {FastifyInstance} from 'fastify';
import type {Pool} from 'pg';
import type {Config} from './config.ts';
import {query} from './database.ts';
import {apiError} from './errors.ts';
import {pointsProblem, priceInCents} from './pricing.ts';
import {findProduct} from './products.ts';

const body = {
  type: 'object',
  additionalProperties: false,
  required: ['product_id', 'points'],
  properties: {
    product_id: {type: 'string', pattern: '^[a-z0-9-]{1,64}$'},
    points: {type: 'integer', minimum: 1, maximum: 10_000_000},
  },
};

interface QuoteRequest {
  readonly product_id: string;
  readonly points: number;
}

interface Quote extends QuoteRequest {
  readonly id: string;
  readonly price_cents: number;
  readonly currency: string;
  readonly expires_at: Date;
}

/** `POST /quotes`: a price that is valid until it expires, even if the product's price changes. */
export function quoteRoutes(app: FastifyInstance, config: Config, pool: Pool): void {
  app.post<{Body: QuoteRequest}>('/quotes', {schema: {body}}, async (request, reply) => {
    const quote = await createQuote(pool, request.body, config.QUOTE_TTL / 1000);
    return reply.code(201).send(quote);
  });
}

async function createQuote(
  pool: Pool,
  {product_id: id, points}: QuoteRequest,
  ttlSeconds: number,
): Promise<Quote | undefined> {
  const product = await findProduct(pool, id);
  if (product === undefined) throw apiError(404, 'product_not_found', 'there is no such product');
  const problem = pointsProblem(product, points);
  if (problem !== undefined) throw apiError(422, 'points_not_sold', problem);
  // Expiry uses the database's clock, here and at the purchase, so the replicas' clocks do not matter.
  const [quote] = await query<Quote>(
    pool,
    `INSERT INTO quotes (id, product_id, points, price_cents, currency, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
     RETURNING id, product_id, points, price_cents, currency, expires_at`,
    [randomUUID(), id, points, priceInCents(product, points), product.currency, ttlSeconds],
  );
  return quote;
}
