// The fetch handler behind an adapter for node:http, in workers of a bare node:cluster: `adapter.mjs srvx`.
import cluster from 'node:cluster';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import app from './fetch.mjs';

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  for (let left = Number(process.env.WEB_CONCURRENCY); left > 0; left -= 1) cluster.fork();
  process.once('SIGTERM', () => process.exit(0));
} else {
  const [name, directory] = process.argv.slice(2);
  const found = createRequire(`${directory}/`).resolve(name === 'srvx' ? 'srvx/node' : name);
  const {serve} = await import(pathToFileURL(found));
  serve({
    fetch: app.fetch,
    port: Number(process.env.PORT),
    hostname: '127.0.0.1',
    silent: true,
    gracefulShutdown: false,
  });
}
