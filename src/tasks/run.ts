import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {readPackage} from '../config/service.ts';
import {nodeProgram} from '../config/tooling.ts';
import {exitCode, problem, usageProblem} from '../errors.ts';
import {heapMegabytes} from '../memory-limit.ts';
import {option} from '../option.ts';
import {pythonOptions, serverOptions} from '../python/options.ts';
import {pythonServer} from '../python/serve.ts';
import {isPythonService} from '../python/service.ts';
import {serverProgram} from '../server/program.ts';
import {task} from '../task.ts';

const usualModules = ['src/server.ts', 'src/server.js', 'server.ts', 'server.js', 'src/index.ts', 'src/index.js', 'index.js'];

/** This process becomes the server: same pid, nothing of the CLI left in memory. */
export const run = task('Serve: replace this process by the service', {
  module: option.string(undefined, `module that exports the handler; default: \`main\` of package.json, or ${usualModules[0]}; Python: package.module:app`, {env: ['APP_MODULE']}),
  port: option.number(3000, 'port to listen on', {env: ['PORT']}),
  host: option.string('0.0.0.0', 'address to listen on', {env: ['HOST']}),
  gracefulTimeout: option.number(25, 'seconds that requests may take to finish after SIGTERM; below the stop timeout of the container'),
  ...serverOptions,
  ...pythonOptions,
}, async (context, values) => {
  if (isPythonService(context.cwd)) return context.run.become(pythonServer(context, values));
  refusePythonSettings(values);
  const {module, port, host, gracefulTimeout, keepAlive, maxConnections, backlog} = values;
  const {cwd, env, rest} = context;
  const file = module ?? readPackage(cwd)?.main ?? usualModules.find((name) => existsSync(join(cwd, name)));
  if (file === undefined || !existsSync(join(cwd, file))) {
    throw problem({
      code: 'no_server_module',
      what: file === undefined ? `there is no ${usualModules[0]} in ${cwd} to serve` : `the module to serve, ${file}, does not exist in ${cwd}`,
      fix: 'name it: entrypoint run --module=FILE, or `main` in package.json',
      exitCode: exitCode.badData,
    });
  }
  const heap = heapMegabytes();
  await context.run.become({
    words: [
      nodeProgram(env), ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`]), '--disable-sigusr1',
      serverProgram(), file, ...rest,
    ],
    env: {
      PORT: String(port), HOST: host, GRACEFUL_TIMEOUT: String(gracefulTimeout),
      ...(keepAlive === undefined ? {} : {KEEP_ALIVE: String(keepAlive)}),
      ...(maxConnections === undefined ? {} : {MAX_CONNECTIONS: String(maxConnections)}),
      ...(backlog === undefined ? {} : {BACKLOG: String(backlog)}),
    },
  });
});

/** A Node service runs in one process that nobody restarts: what says otherwise must not be taken silently. */
function refusePythonSettings(values: Readonly<Record<keyof typeof serverOptions | keyof typeof pythonOptions, unknown>>): void {
  const {workers, threads, timeout, maxRequests, maxRequestsJitter, accessLog, reload, appServer, workerClass} = values;
  const given = Object.entries({
    workers: workers === 1 ? undefined : workers, threads, timeout, maxRequests, maxRequestsJitter, workerClass,
    accessLog: accessLog === true ? accessLog : undefined,
    reload: reload === true ? reload : undefined,
    appServer: appServer === pythonOptions.appServer.defaultValue ? undefined : appServer,
  }).filter(([, value]) => value !== undefined).map(([name]) => name as keyof typeof serverOptions | keyof typeof pythonOptions);
  if (given.length === 0) return;
  const named = given.map((name) => {
    const {env = []} = {...serverOptions, ...pythonOptions}[name];
    return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} (${env.join(', ')})`;
  });
  throw usageProblem(`${named.join(', ')} ${named.length === 1 ? 'is a setting' : 'are settings'} of Python's servers, and this is a Node service, which runs in one process`, 'leave it out, or unset the variable; more replicas take the place of workers (deploy.yaml)');
}
