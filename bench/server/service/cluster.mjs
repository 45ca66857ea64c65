// The minimal use of node:cluster: workers that share the listening socket.
import cluster from 'node:cluster';

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  for (let left = Number(process.env.WEB_CONCURRENCY); left > 0; left -= 1) cluster.fork();
  process.once('SIGTERM', () => process.exit(0));
} else {
  await import('./listen.mjs');
}
