import {randomUUID} from 'node:crypto';
import type {TestContext} from 'node:test';
import type {Pool} from 'pg';
import config from '../../src/config.ts';
import {createPool} from '../../src/database.ts';
import {post, type Answer} from '../support/api.ts';

export interface Quote {
  readonly id: string;
  readonly product_id: string;
  readonly points: number;
  readonly price_cents: number;
  readonly currency: string;
  readonly expires_at: string;
}

export interface Purchase extends Omit<Quote, 'expires_at'> {
  readonly quote_id: string;
  readonly member_id: string;
  readonly created_at: string;
}

/** The database of the running service, from the service's own environment variables. */
export function openDatabase(t: TestContext): Pool {
  const pool = createPool(config.read({task: 'test_integration'}));
  t.after(() => pool.end());
  return pool;
}

export async function quote(points = 1000): Promise<Quote> {
  const {status, body} = await post<Quote>('/quotes', {product_id: 'airline-miles', points});
  if (status !== 201) throw new Error(`no quote: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** A unique member or key, so that tests can share a database and run concurrently. */
export function newId(what: string): string {
  return `${what}-${randomUUID()}`;
}

export function buy<Body = Purchase>(key: string, quoteId: string, memberId: string): Promise<Answer<Body>> {
  return post<Body>('/purchases', {quote_id: quoteId, member_id: memberId}, {'idempotency-key': key});
}

export async function expire(database: Pool, quoteId: string): Promise<void> {
  await database.query(
    `UPDATE quotes SET created_at = now() - interval '2 s', expires_at = now() - interval '1 s'
      WHERE id = $1`,
    [quoteId],
  );
}

/** Number of responses by status. */
export function countByStatus(answers: readonly Answer<unknown>[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const {status} of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
