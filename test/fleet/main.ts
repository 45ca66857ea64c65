// npm run fleet -- up | down | ssh HOST [COMMAND]...: the fleet of the tests to try things on, until `down` removes it.
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {type Fleet, fleetDown, fleetUp} from './fleet.ts';
import {publishService} from './service.ts';

const root = join(import.meta.dirname, '../..');
const directory = join(root, '.fleet');
const name = 'entrypoint-fleet';
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const usage = `usage: npm run fleet -- up [--hosts=3] [--balancers=0] | down | ssh HOST [COMMAND]...
up     starts what is missing: hosts with sshd and Docker, a registry, a service in two versions; says how to use them
down   removes everything
ssh    to a host (h1, lb1, ...), or one command there`;

async function up(words: readonly string[]): Promise<number> {
  const {values} = parseArgs({
    args: [...words],
    options: {hosts: {type: 'string', default: '3'}, balancers: {type: 'string', default: '0'}},
  });
  const [hosts, balancers] = [Number(values.hosts), Number(values.balancers)];
  if (
    !Number.isInteger(hosts) ||
    hosts < 1 ||
    hosts > 20 ||
    !Number.isInteger(balancers) ||
    balancers < 0 ||
    balancers > 5
  ) {
    say(`entrypoint: --hosts takes 1 to 20, --balancers 0 to 5\n${usage}`);
    return 64;
  }
  const fleet = await fleetUp(name, {hosts, balancers, directory});
  if (typeof fleet === 'string') {
    say(
      `entrypoint: ${fleet}\nfix: try on Linux, as root or as a user of Docker whose engine runs on the same machine`,
    );
    return 69;
  }
  say(howTo(fleet, publishedService(fleet)));
  return 0;
}

/** The service of the tests, built and published the first time. */
function publishedService(fleet: Fleet): {
  readonly directory: string;
  readonly images: Readonly<Record<string, string>>;
} {
  const kept = join(directory, 'service.json');
  // Kept until `down`: the registry lives as long as the fleet.
  if (existsSync(kept))
    return JSON.parse(readFileSync(kept, 'utf8')) as {directory: string; images: Record<string, string>};
  const service = publishService(fleet, {directory: join(directory, 'service')});
  const made = {directory: service.directory, images: service.images};
  writeFileSync(kept, JSON.stringify(made));
  return made;
}

function howTo(
  {hosts, balancers, environment, bin, addressOf, registry}: Fleet,
  {directory: its, images}: ReturnType<typeof publishedService>,
): string {
  const {DOCKER_CONFIG, NODE_EXTRA_CA_CERTS} = environment;
  const [first = ''] = balancers.length > 0 ? balancers : hosts;
  return `
# ${hosts.length} hosts: ${hosts.join(', ')}${balancers.length === 0 ? '' : `; balancers: ${balancers.join(', ')}`}; registry: ${registry} (TLS; user lab, password labpass)
# paste this into a shell to become the deployer:
export PATH=${bin}:${join(root, 'bin')}:$PATH DOCKER_CONFIG=${DOCKER_CONFIG} NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS}
cd ${its}
# then, for example:
entrypoint deploy prod --image=${images['A']}
entrypoint status prod
curl http://${addressOf(first)}:8080/
entrypoint deploy prod --image=${images['B']}
entrypoint rollback prod
ssh ${first} docker ps
# faults: docker pause ${hosts.at(-1)}; docker kill ${name}-registry; then \`npm run fleet -- up\` repairs them
# npm run fleet -- down removes everything
`;
}

function ssh([host = '', ...command]: readonly string[]): number {
  const full = host.startsWith(name) ? host : `${name}-${host}`;
  const program = join(directory, 'bin/ssh');
  if (!existsSync(program)) {
    say('entrypoint: there is no fleet\nfix: npm run fleet -- up');
    return 69;
  }
  return spawnSync(program, [full, ...command], {stdio: 'inherit'}).status ?? 1;
}

function down(): number {
  fleetDown(name, directory);
  return 0;
}

const [verb = '', ...words] = process.argv.slice(2);
switch (verb) {
  case 'up':
    process.exitCode = await up(words);
    break;
  case 'down':
    process.exitCode = down();
    break;
  case 'ssh':
    process.exitCode = ssh(words);
    break;
  default:
    say(usage);
    process.exitCode = 64;
}
