import {Client, DatabaseError, Pool, types} from 'pg';
import type {ClientConfig, CustomTypesConfig, QueryResultRow} from 'pg';
import type {DatabaseConfig} from './config.ts';
import {apiError, type ApiError} from './errors.ts';

const int8 = types.builtins.INT8;

/** Parses bigint columns as numbers. An amount beyond 2^53 is an error, never rounded. */
const integersAsNumbers: CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === int8 ? safeInteger : types.getTypeParser(oid, format)),
};

/** Creates a pool without opening a connection. The caller ends it. */
export function createPool(config: DatabaseConfig): Pool {
  return new Pool({
    ...clientConfig(config),
    max: config.DATABASE_POOL_SIZE,
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
 * Throws an API error with status 503 where it gets no connection, or where the connection breaks. In the latter case
 * it is unknown whether the statement was executed, so it is never retried here.
 */
export async function query<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  // A connection that breaks during a query fails the query and also emits an error event.
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
  const url = new URL(config.DATABASE_URL);
  url.password = encodeURIComponent(config.DATABASE_PASSWORD.reveal());
  return {connectionString: url.href, application_name: 'buy-service', types: integersAsNumbers};
}

/** All errors except our own check and those that the database reports; its shutdown (57P...) counts. */
function isConnectionError(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code?.startsWith('57P') === true;
  return !(error instanceof RangeError);
}

function unavailable(cause: unknown): ApiError {
  return apiError(503, 'unavailable', 'the database is unreachable, try again later', cause);
}

function safeInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError('an amount in the database is not a safe integer');
  return number;
}

function ignore(): void {}
