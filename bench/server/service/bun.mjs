// Bun's own server, in as many processes as there are workers.
import {fork} from 'node:child_process';
import app from './fetch.mjs';

if (process.argv[2] === undefined) {
  for (let left = Number(process.env.WEB_CONCURRENCY); left > 0; left -= 1) fork(import.meta.filename, ['worker']);
} else {
  Bun.serve({port: Number(process.env.PORT), hostname: '127.0.0.1', reusePort: true, fetch: app.fetch});
}
