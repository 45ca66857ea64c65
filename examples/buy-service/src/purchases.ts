import {randomUUID} from 'node:crypto';
import type {FastifyInstance} from 'fastify';
import type {Pool} from 'pg';
import {query} from './database.ts';
import {apiError, type ApiError} from './errors.ts';
import {idempotencyKeyPattern, isSameRequest, type PurchaseRequest} from './idempotency.ts';

const columns = 'id, quote_id, member_id, product_id, points, price_cents, currency, created_at';
const uuid = {type: 'string', format: 'uuid'};

const headers = {
  type: 'object',
  required: ['idempotency-key'],
  properties: {'idempotency-key': {type: 'string', pattern: idempotencyKeyPattern}},
};

const body = {
  type: 'object',
  additionalProperties: false,
  required: ['quote_id', 'member_id'],
  properties: {quote_id: uuid, member_id: {type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$'}},
};

const params = {type: 'object', required: ['id'], properties: {id: uuid}};

interface Purchase extends PurchaseRequest {
  readonly id: string;
  readonly product_id: string;
  readonly points: number;
  readonly price_cents: number;
  readonly currency: string;
  readonly created_at: Date;
}

interface PurchaseRoute {
  Body: PurchaseRequest;
  Headers: {readonly 'idempotency-key': string};
}

/** `POST /purchases`: 201 for a new purchase, 200 with the same body for a repeated key. */
export function purchaseRoutes(app: FastifyInstance, pool: Pool): void {
  app.post<PurchaseRoute>('/purchases', {schema: {body, headers}}, async (request, reply) => {
    const {purchase, isNew} = await buy(pool, request.headers['idempotency-key'], request.body);
    return reply.code(isNew ? 201 : 200).send(purchase);
  });

  app.get<{Params: {readonly id: string}}>('/purchases/:id', {schema: {params}}, async (request) => {
    const [purchase] = await query<Purchase>(pool, `SELECT ${columns} FROM purchases WHERE id = $1`, [
      request.params.id,
    ]);
    if (purchase === undefined) throw apiError(404, 'purchase_not_found', 'there is no such purchase');
    return purchase;
  });
}

interface Bought {
  readonly purchase: Purchase;
  readonly isNew: boolean;
}

/**
 * Buys once per key, whatever the number of repeated or concurrent requests. The insert is one statement and so one
 * transaction: the unique constraints on the key and on the quote let one request through, and make the others wait
 * until it is committed. Purchases are never changed or deleted, so a later read is still valid.
 */
async function buy(pool: Pool, key: string, request: PurchaseRequest): Promise<Bought> {
  const [inserted] = await query<Purchase>(
    pool,
    `INSERT INTO purchases
       (id, idempotency_key, quote_id, member_id, product_id, points, price_cents, currency)
     SELECT $1, $2, id, $4, product_id, points, price_cents, currency
       FROM quotes WHERE id = $3 AND expires_at > now()
     ON CONFLICT DO NOTHING
     RETURNING ${columns}`,
    [randomUUID(), key, request.quote_id, request.member_id],
  );
  if (inserted !== undefined) return {purchase: inserted, isNew: true};

  const [existing] = await query<Purchase>(pool, `SELECT ${columns} FROM purchases WHERE idempotency_key = $1`, [key]);
  if (existing === undefined) throw await whyNotBought(pool, request.quote_id);
  if (!isSameRequest(existing, request)) {
    throw apiError(422, 'idempotency_key_reused', 'this Idempotency-Key was used for another purchase');
  }
  return {purchase: existing, isNew: false};
}

async function whyNotBought(pool: Pool, quoteId: string): Promise<ApiError> {
  const [quote] = await query<{bought: boolean}>(
    pool,
    'SELECT EXISTS (SELECT FROM purchases WHERE quote_id = quotes.id) AS bought FROM quotes WHERE id = $1',
    [quoteId],
  );
  if (quote === undefined) return apiError(404, 'quote_not_found', 'there is no such quote');
  if (quote.bought) {
    return apiError(409, 'quote_already_bought', 'this quote was bought with another Idempotency-Key');
  }
  return apiError(409, 'quote_expired', 'this quote has expired, ask for a new one');
}
