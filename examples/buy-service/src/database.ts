import {Client, DatabaseError, Pool, types} from 'pg';
import type {ClientConfig, CustomTypesConfig, QueryResultRow} from 'pg';
import type {DatabaseConfig} from './config.ts';
import {apiError, type ApiError} from './errors.ts';

const int8 = types.builtins.INT8;

/** bigint columns arrive as numbers: an amount beyond 2^53 is an error, never a rounded amount. */
const integersAsNumbers: CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === int8 ? safeInteger : types.getTypeParser(oid, format)),
};

/** Opens no connection yet. The caller ends the pool. */
export function createPool(config: DatabaseConfig): Pool {
  return new Pool({
    ...clientConfig(config),
    max: config.poolSize,
    // Covers both a slow database and the wait for a free connection.
    connectionTimeoutMillis: 5000,
    statement_timeout: 5000,
    query_timeout: 6000,
  });
}

/** One connection, for scripts. The caller connects and ends it. */
export function createClient(config: DatabaseConfig): Client {
  return new Client({...clientConfig(config), connectionTimeoutMillis: 5000});
}

/**
 * Runs one statement, which is one transaction, and returns its rows.
 * Throws an API error with status 503 where no connection can be had, or where it breaks meanwhile. After the
 * latter nobody knows whether the statement was done: it is never repeated here.
 */
export async function query<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  // A connection that breaks while it is in use fails the query and also emits an error event.
  client.on('error', ignore);
  let broken = false;
  try {
    const result = await client.query<Row>(text, [...values]);
    return result.rows;
  } catch (error) {
    broken = isConnectionError(error);
    throw broken ? unavailable(error) : error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

function clientConfig(config: DatabaseConfig): ClientConfig {
  const url = new URL(config.url);
  url.password = encodeURIComponent(config.password);
  return {connectionString: url.href, application_name: 'buy-service', types: integersAsNumbers};
}

/** Everything but what the database itself reports, unless that is that it shuts down, and our own check. */
function isConnectionError(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code?.startsWith('57P') === true;
  return !(error instanceof RangeError);
}

function unavailable(cause: unknown): ApiError {
  return apiError(503, 'unavailable', 'the database cannot be reached, try again later', cause);
}

function safeInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError('an amount in the database is not a safe integer');
  return number;
}

function ignore(): void {}
