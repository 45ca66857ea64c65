import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Colour} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {deploy, endCanary, rollback} from '../../../../../src/deploy/hosts/operations/deploy.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import {isProblem, problem} from '../../../../../src/errors.ts';
import {isHostQuery, configOf, container, type Engine, record, type Seen, stateText, target} from '../stack.ts';

const deployment = (settings = '') => ({...target(settings), image: 'sha256:new', commit: 'def'});
const settings = balancerHash(target());
const balancer = container('shop.local.balancer', 'running', {role: 'balancer', settings});
const slot = (release: number, colour: Colour) =>
  ({
    host: '',
    replica: 1,
    colour,
    container: `shop.local.${release}.1`,
    address: `shop.local.${release}.1`,
    port: 3000,
  }) as const;
const app = (release: number, state: string, half: string, image = 'sha256:old'): string =>
  container(`shop.local.${release}.1`, state, {release: String(release), replica: '1', half, image});

/** The engine has this, and the balancer has a port. */
const having =
  (seen: Seen): Engine =>
  (text) => {
    if (isHostQuery(text)) return {stdout: stateText(seen)};
    return text.startsWith('docker port') ? {stdout: '127.0.0.1:49153\n'} : undefined;
  };
const one: Seen = {
  containers: [app(1, 'running', 'a'), balancer],
  network: true,
  balancer: configOf({release: 1, slots: [slot(1, 'blue')]}),
};
const failing =
  (engine: Engine): Engine =>
  (text) =>
    text.includes(' test-sanity') && text.startsWith('docker run')
      ? problem({code: 'command_failed', what: 'it failed', exitCode: 3})
      : engine(text);
/** Another deployer took the lock `age` seconds ago; it expires in `left` seconds. */
const held = (age: number, left: number, clock = Date.now()): Seen => ({
  lock: [
    'id',
    new Date(clock - age * 1000).toISOString(),
    String(Math.round(clock / 1000) + left),
    'jo@laptop',
    'deploy',
    '',
  ].join('\t'),
  clock: new Date(clock).toISOString(),
});

test('the first deploy creates the network and the balancer, then switches the traffic', async () => {
  const {context, commands} = record(having({images: ['entrypoint/haproxy:3.0']}));
  const {deployed} = await deploy(context, deployment());
  assert.deepEqual([deployed?.release, deployed?.previous, deployed?.address], [1, 0, 'http://127.0.0.1:49153']);
  assert.deepEqual(commands(), [
    'LOOK',
    'docker create --entrypoint sleep --name shop.local.lock --network none --log-driver none --label entrypoint.role=lock --label entrypoint.lock.reason=deploy --no-healthcheck sha256:new infinity',
    'docker ps --all --no-trunc',
    'docker network create shop.local',
    'docker run --detach --name shop.local.balancer --network shop.local --restart always --publish 127.0.0.1::8080 --label entrypoint.role=balancer entrypoint/haproxy:3.0',
    'docker exec --interactive shop.local.balancer lb config --wait shop.local <FILE',
    'docker run --detach --name shop.local.1.1 --network shop.local --restart always --stop-timeout 30 --label entrypoint.role=app --label entrypoint.release=1 --label entrypoint.replica=1 --label entrypoint.half=a --label entrypoint.port=3000 --label entrypoint.health=/readyz --label entrypoint.git_commit_hash=def --env PORT=3000 sha256:new run',
    'docker exec shop.local.balancer lb start 60 shop.local/1a=shop.local.1.1:3000',
    "docker exec --interactive shop.local.balancer sh -c 'lb switch --to shop.local/1a </dev/null && lb config --no-reload shop.local' <FILE",
    'docker volume create shop.local.log.TOKEN',
    'docker rm --force --volumes shop.local.lock',
    'docker port shop.local.balancer 8080/tcp',
  ]);
});

test('the next deploy starts alongside the old release, switches so that a restart keeps it, drains and stops the old one, checks, and finishes', async () => {
  const {context, commands} = record(having(one));
  const {deployed} = await deploy(context, deployment('before: [migrate], after: [test_sanity]'));
  assert.deepEqual([deployed?.release, deployed?.previous], [2, 1]);
  const changes = commands()
    .filter((text) => !/^LOOK|^docker (?:ps|port)/.test(text))
    .map((text) => text.replace(/ --label.*(?= sha256)/, ''));
  assert.deepEqual(changes, [
    'docker create --entrypoint sleep --name shop.local.lock --network none --log-driver none sha256:new infinity',
    'docker run --rm --name shop.local.2.migrate --network shop.local sha256:new migrate',
    'docker run --detach --name shop.local.2.1 --network shop.local --restart always --stop-timeout 30 sha256:new run',
    'docker exec shop.local.balancer lb start 60 shop.local/1b=shop.local.2.1:3000',
    "docker exec --interactive shop.local.balancer sh -c 'lb switch --to shop.local/1b --from shop.local/1a </dev/null && lb config --no-reload shop.local && lb idle 30 shop.local/1a' <FILE",
    'docker run --rm --name shop.local.2.test-sanity --network shop.local sha256:new test-sanity',
    'docker volume create shop.local.log.TOKEN',
    'docker stop --time 30 shop.local.1.1',
    "sh -c 'docker update --restart no shop.local.1.1 || :'",
    'docker rm --force --volumes shop.local.lock',
  ]);
});

test('a load balancer is driven with the words that its image has', async () => {
  const newer = container('shop.local.balancer', 'running', {role: 'balancer', settings, lb: '2'});
  const containers = (one.containers ?? []).map((row) => (row === balancer ? newer : row));
  const {context, commands} = record(failing(having({...one, containers})));
  await assert.rejects(deploy(context, deployment('after: [test_sanity]')));
  const drained = commands().flatMap((text) => /lb (?:idle|drain|off|disable) .*?1[ab]/.exec(text)?.[0] ?? []);
  assert.deepEqual(drained, ['lb drain 30 shop.local/1a', 'lb drain 30 shop.local/1b', 'lb disable shop.local/1b']);
});

test('a failed check after the switch switches back to the old release, which still runs, before the new one is removed', async () => {
  const {context, commands} = record(failing(having(one)));
  await assert.rejects(
    deploy(context, deployment('after: [test_sanity]')),
    (error) => isProblem(error) && error.exitCode === 3,
  );
  const all = commands();
  assert.deepEqual(all.slice(all.findIndex((text) => text.includes('test-sanity')) + 1), [
    'docker rm --force --volumes shop.local.2.test-sanity',
    'docker exec --interactive shop.local.balancer lb config --no-reload shop.local <FILE',
    'docker exec shop.local.balancer lb restore shop.local',
    'docker exec shop.local.balancer lb idle 30 shop.local/1b',
    'docker exec shop.local.balancer lb off shop.local/1b',
    'docker rm --force --volumes shop.local.2.1',
    'docker volume create shop.local.log.TOKEN',
    'docker rm --force --volumes shop.local.lock',
  ]);
});

test('leftovers of a failed deploy are removed first, after the balancer is reset to its file', async () => {
  const {context, commands} = record(having({...one, containers: [...(one.containers ?? []), app(2, 'running', 'b')]}));
  assert.equal((await deploy(context, deployment())).deployed?.release, 3);
  const all = commands();
  const restored = all.indexOf('docker exec shop.local.balancer lb restore shop.local');
  assert.ok(restored > 0, all.join('\n'));
  assert.equal(all[restored + 1], 'docker rm --force --volumes shop.local.2.1');
});

test('a previous release that a failed deploy left running is stopped, not removed', async () => {
  const {context, commands} = record(
    having({
      containers: [app(1, 'running', 'a'), app(2, 'running', 'b'), balancer],
      network: true,
      balancer: configOf({release: 2, previous: 1, slots: [slot(2, 'green')]}),
    }),
  );
  await deploy(context, deployment());
  assert.ok(commands().includes('docker stop --time 30 shop.local.1.1'), commands().join('\n'));
  assert.ok(!commands().some((text) => text.startsWith('docker rm') && text.includes('shop.local.1.1')));
});

test('the finish removes releases that are not kept, their images only on other machines', async () => {
  const containers = [
    app(1, 'exited', 'a'),
    app(2, 'exited', 'b'),
    app(3, 'exited', 'a'),
    app(4, 'running', 'b'),
    balancer,
  ];
  const {context, commands} = record(
    having({containers, network: true, balancer: configOf({release: 4, previous: 3, slots: [slot(4, 'green')]})}),
  );
  await deploy(context, deployment('keep_releases: 3'));
  assert.ok(
    commands().includes('docker rm --force --volumes shop.local.1.1 shop.local.2.1 shop.local.lock'),
    commands().join('\n'),
  );
  assert.ok(!commands().some((text) => text.includes('docker image rm')));
});

test('a held lock ends the deploy before anything changes; an expired one is taken over with a note', async () => {
  const young = record(having({...held(300, 40), images: ['entrypoint/haproxy:3.0']}));
  await assert.rejects(
    deploy(young.context, deployment()),
    /shop in local is locked by jo@laptop \(deploy, held for 300 s\)/,
  );
  assert.deepEqual(young.commands(), ['LOOK']);
  const notes: string[] = [];
  const old = record(having({...held(2000, -20), images: ['entrypoint/haproxy:3.0']}));
  await deploy({...old.context, note: (text) => notes.push(text)}, deployment());
  const [look, takeOver = ''] = old.commands();
  assert.equal(look, 'LOOK');
  assert.match(takeOver, /^sh -c '\[ "\$\(docker inspect/);
  assert.match(notes[0] ?? '', /^taking over the lock of jo@laptop \(deploy\): it expired 20 s ago$/);
});

test('a lock expires by the clock of its own host', async () => {
  for (const skew of [-600_000, 600_000]) {
    await assert.rejects(
      deploy(record(having(held(10, 50, Date.now() + skew))).context, deployment()),
      /locked by jo@laptop/,
    );
    await deploy(record(having(held(100, -1, Date.now() + skew))).context, deployment());
  }
});

test('hosts that another deploy changed before they were locked are surveyed again', async () => {
  let surveys = 0;
  const later: Seen = {
    ...one,
    containers: [app(1, 'exited', 'a'), app(2, 'running', 'b'), balancer],
    balancer: configOf({release: 2, previous: 1, slots: [slot(2, 'green')]}),
  };
  const {context, commands} = record((text) => {
    if (text.startsWith('docker ps'))
      return {
        stdout:
          'shop.local.1.1\texited\tapp\nshop.local.2.1\trunning\tapp\nshop.local.balancer\trunning\tbalancer\nshop.local.lock\tcreated\tlock\n',
      };
    if (!isHostQuery(text)) return undefined;
    surveys += 1;
    return {stdout: stateText(surveys === 1 ? one : later)};
  });
  const {deployed} = await deploy(context, deployment());
  assert.deepEqual([surveys, deployed?.release, deployed?.previous], [2, 3, 2]);
  assert.ok(commands().includes('docker stop --time 30 shop.local.2.1'));
});

test('rollback starts the containers of the previous release and switches the traffic to them', async () => {
  const {context, commands} = record(
    having({
      containers: [app(1, 'exited', 'a'), app(2, 'running', 'b', 'sha256:new'), balancer],
      network: true,
      balancer: configOf({release: 2, previous: 1, slots: [slot(2, 'green')]}),
    }),
  );
  const {deployed} = await rollback(context, target());
  assert.deepEqual([deployed?.release, deployed?.previous, deployed?.image], [1, 2, 'sha256:old']);
  assert.deepEqual(
    commands().filter((text) => !/^LOOK|^docker (?:ps|port)/.test(text)),
    [
      'docker create --entrypoint sleep --name shop.local.lock --network none --log-driver none --label entrypoint.role=lock --label entrypoint.lock.reason=rollback --no-healthcheck sha256:old infinity',
      'docker update --restart always shop.local.1.1',
      'docker start shop.local.1.1',
      'docker exec shop.local.balancer lb start 60 shop.local/1a=shop.local.1.1:3000',
      "docker exec --interactive shop.local.balancer sh -c 'lb switch --to shop.local/1a --from shop.local/1b </dev/null && lb config --no-reload shop.local && lb idle 30 shop.local/1b' <FILE",
      'docker volume create shop.local.log.TOKEN',
      'docker stop --time 30 shop.local.2.1',
      "sh -c 'docker update --restart no shop.local.2.1 || :'",
      'docker rm --force --volumes shop.local.lock',
    ],
  );
});

test('a canary gets its share and stays; --continue switches without another health check, --abort removes it', async () => {
  const begun = record(having(one));
  const {deployed} = await deploy(begun.context, deployment(), {canary: '20%'});
  assert.equal(deployed?.release, 2);
  const all = begun.commands();
  assert.ok(
    all.includes('docker exec shop.local.balancer lb canary shop.local b shop.local/1a=256 shop.local/1b=64'),
    all.join('\n'),
  );
  assert.ok(!all.some((text) => /lb switch|docker stop/.test(text)));

  const both: Seen = {
    containers: [app(1, 'running', 'a'), app(2, 'running', 'b', 'sha256:new'), balancer],
    network: true,
    balancer: configOf({
      release: 1,
      slots: [slot(1, 'blue')],
      canary: {release: 2, percent: 20, slots: [slot(2, 'green')]},
    }),
  };
  await assert.rejects(
    deploy(record(having(both)).context, deployment()),
    /release 2 of shop gets 20 % of the requests in local/,
  );
  const changes = async (how: 'continue' | 'abort'): Promise<string[]> => {
    const {context, commands} = record(having(both));
    await endCanary(context, target(), how);
    return commands().filter((text) => !/^LOOK|^docker (?:ps|port|volume)|\.lock\b/.test(text));
  };
  assert.deepEqual(await changes('continue'), [
    "docker exec --interactive shop.local.balancer sh -c 'lb switch --to shop.local/1b --from shop.local/1a </dev/null && lb config --no-reload shop.local && lb idle 30 shop.local/1a' <FILE",
    'docker stop --time 30 shop.local.1.1',
    "sh -c 'docker update --restart no shop.local.1.1 || :'",
  ]);
  assert.deepEqual(await changes('abort'), [
    'docker exec --interactive shop.local.balancer lb config --no-reload shop.local <FILE',
    'docker exec shop.local.balancer lb restore shop.local',
    'docker exec shop.local.balancer lb idle 30 shop.local/1b',
    'docker rm --force --volumes shop.local.2.1',
  ]);
  await assert.rejects(
    endCanary(record(having(one)).context, target(), 'continue'),
    /no canary of shop\.local is running/,
  );
});

test('a network named in deploy.yaml is used by every container, never created or removed', async () => {
  const {context, commands} = record(having({}));
  await deploy(context, deployment('network: theirs, before: [migrate]'));
  const all = commands();
  assert.ok(!all.some((text) => text.startsWith('docker network')), all.join('\n'));
  assert.ok(
    all
      .filter((text) => text.startsWith('docker run') && !text.includes('.lock '))
      .every((text) => text.includes('--network theirs ')),
    all.join('\n'),
  );
});

test('the secrets of all steps are read before anything changes, each once', async () => {
  const {context, commands} = record(having(one));
  const secrets = 'secrets: {TOKEN: {env: SHOP_TOKEN}, KEY: {file: key}, PIN: {command: [pass, show, pin]}}';
  await deploy(context, deployment(`replicas: 2, before: [migrate], after: [test_sanity], ${secrets}`));
  assert.deepEqual(commands().slice(0, 2), [
    'LOOK',
    ': "${SHOP_TOKEN:?}" "$(pass show pin)"\ntest -s key\ntest "$(tr -cd \'\\000\' <key | wc -c)" -eq 0',
  ]);
  assert.equal(commands().filter((text) => text.startsWith(': ')).length, 1);
});

test('a plan reads no secret', async () => {
  const {context, commands} = record(having(one));
  await deploy(context, deployment('secrets: {PIN: {command: [pass, show, pin]}}'), {planOnly: true});
  assert.deepEqual(commands(), ['docker info', 'LOOK']);
});

const offline: Engine = (text) =>
  text.startsWith('docker pull')
    ? problem({
        code: 'command_failed',
        what: 'cannot pull the image; nothing has changed: command failed with exit code 1: docker pull',
        details: ['Error response from daemon: Get "https://lan:5000/v2/": dial tcp: connect: connection refused'],
      })
    : having({})(text);

test('images that docker run would pull are pulled before the lock; a pull that fails changes nothing', async () => {
  const {context, commands} = record(offline);
  await assert.rejects(
    deploy(context, deployment('load_balancer: {image: lan:5000/haproxy}')),
    (error) => isProblem(error) && error.exitCode === 69 && error.code === 'registry_unavailable',
  );
  assert.deepEqual(commands(), ['LOOK', 'docker pull --quiet lan:5000/haproxy']);
});

test('a failure says that the old release keeps serving only if it works', async () => {
  const messages: string[] = [];
  for (const seen of [one, {...one, containers: [app(1, 'exited', 'a'), balancer]}, {}]) {
    const {plan} = await deploy(record(having(seen)).context, deployment(), {planOnly: true});
    const step = plan.rounds.flat().find(({phase}) => phase === 'start');
    messages.push(...(step?.causes ?? []).slice(0, 1).map(({purpose}) => purpose.split('; ')[1] ?? ''));
  }
  assert.deepEqual(messages, [
    'release 1 keeps serving',
    'release 1 was down before it, and nothing serves',
    'nothing was deployed before it',
  ]);
});
