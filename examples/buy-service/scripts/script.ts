import type {Client} from 'pg';
import config from '../src/config.ts';
import {createClient} from '../src/database.ts';

/** Runs `work` with one connection. A failure is printed to stderr as plain text; the exit code is 1. */
export async function withDatabase(work: (client: Client) => Promise<void>): Promise<void> {
  try {
    const client = createClient(config.read({task: 'migrate'}));
    await connect(client);
    try {
      await work(client);
    } finally {
      await client.end();
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function connect(client: Client): Promise<void> {
  await client.connect().catch((cause: NodeJS.ErrnoException) => {
    // A connection refused on both IPv6 and IPv4 gives an AggregateError with a code but no message.
    const why = cause.message === '' ? cause.code : cause.message;
    const text = `the database is unreachable: ${why}\nfix: check DATABASE_URL and the database`;
    throw new Error(text, {cause});
  });
}
