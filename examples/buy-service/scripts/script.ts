import type {Client} from 'pg';
import {readDatabaseConfig} from '../src/config.ts';
import {createClient} from '../src/database.ts';

/** Runs `work` with one connection. A failure is told in plain text on stderr, with exit code 1. */
export async function withDatabase(work: (client: Client) => Promise<void>): Promise<void> {
  try {
    const client = createClient(readDatabaseConfig(process.env));
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
    // Refused on both IPv6 and IPv4 gives an error with a code and no message.
    const why = cause.message === '' ? cause.code : cause.message;
    const text = `the database cannot be reached: ${why}\nfix: check DATABASE_URL and the database`;
    throw new Error(text, {cause});
  });
}
