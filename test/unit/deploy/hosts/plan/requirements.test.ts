import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type MachineFacts, noFacts} from '../../../../../src/deploy/hosts/machine/facts.ts';
import {factsFor} from '../../../../../src/deploy/hosts/plan/requirements.ts';
import {publishedAt, reachedAt} from '../../../../../src/deploy/hosts/plan/steps/replica-address.ts';
import type {SurveyedHost} from '../../../../../src/deploy/hosts/state.ts';
import type {Deployment} from '../../../../../src/deploy/target.ts';
import {isProblem} from '../../../../../src/errors.ts';
import {commandText} from '../../../../../src/shell/argv.ts';
import {balancerRow, dedicated, deploymentOf, fleet, plan, two} from './fleets.ts';

const amd: MachineFacts = {...noFacts, platform: 'linux/amd64', addresses: ['10.0.0.5', '127.0.0.1']};

/** The machines, of which the first has these facts. */
function withFacts(deployment: Deployment, facts: Partial<MachineFacts>, seen = {}): SurveyedHost[] {
  return fleet(deployment, seen).map(({machine, state}, index) => {
    const its: MachineFacts = {...amd, ...(index === 0 ? facts : {})};
    return {machine, state: Object.assign(state, {facts: its})};
  });
}

function refusal(deployment: Deployment, surveyed: readonly SurveyedHost[]): readonly [string[], string | undefined] {
  const service = {...deployment.service, placeOf: (path: readonly (string | number)[]) => path.slice(2).join('.')};
  try {
    plan({...deployment, service}, surveyed);
  } catch (error) {
    assert.ok(isProblem(error), String(error));
    assert.deepEqual([error.code, error.exitCode], ['host_unsuitable', 69]);
    return [[...error.details], error.fix];
  }
  return [[], undefined];
}

test('an image of another platform is refused for the hosts that cannot run it', () => {
  const arm = {...two, platforms: ['linux/arm64']};
  assert.deepEqual(refusal(arm, withFacts(arm, {platform: 'linux/arm64'}))[0], [
    'hosts.1: r:5000/shop@sha256:new is built for linux/arm64, and h2 is linux/amd64',
  ]);
  assert.deepEqual(refusal({...two, platforms: ['linux/arm64', 'linux/amd64']}, withFacts(two, {}))[0], []);
  const chosen = {
    ...deploymentOf('hosts: [d@h1], docker_options: [--platform=linux/arm64]'),
    platforms: ['linux/arm64'],
  };
  assert.deepEqual(refusal(chosen, withFacts(chosen, {}))[0], []);
});

test('on the local engine, the engine says what it runs', () => {
  const local = {...deploymentOf(''), platforms: ['linux/s390x'], enginePlatform: 'linux/amd64'};
  const found = refusal(local, withFacts(local, {platform: 'linux/s390x'}))[0];
  assert.equal(found.length, process.platform === 'linux' ? 1 : 0);
  assert.deepEqual(refusal({...local, enginePlatform: 'linux/s390x'}, withFacts(local, {}))[0], []);
  assert.deepEqual(refusal({...local, enginePlatform: undefined}, withFacts(local, {}))[0], []);
});

test('a network that a host does not have, or that publishes no ports, is refused with the command that makes one', () => {
  const named = deploymentOf('hosts: [d@h1, ssh://d@h2:2222], network: theirs');
  assert.deepEqual(refusal(named, withFacts(named, {network: 'missing'})), [
    ['network: h1 has no network theirs'],
    'create it: ssh d@h1 docker network create theirs; or correct `network`',
  ]);
  assert.match(refusal(named, withFacts(named, {network: 'internal'}))[0][0] ?? '', /^network: .* is internal/);
  assert.match(
    refusal(named, withFacts(named, {network: 'driver'}))[0][0] ?? '',
    /of h1 is of a driver that publishes/,
  );
  assert.deepEqual(refusal(named, withFacts(named, {network: 'swarm'})), [
    ['network: the network theirs of h1 is only for services of the swarm: containers cannot join it'],
    'name another network, or create one: ssh d@h1 docker network create --driver overlay --attachable NAME',
  ]);
  assert.deepEqual(refusal(named, withFacts(named, {network: ''}))[0], []);
  assert.deepEqual(refusal(named, withFacts(named, {network: 'found'}))[0], []);
});

test('a port that another program has, and an address that is not the host’s, are refused; a balancer that exists has its own', () => {
  const listening = [{address: '0.0.0.0', port: 80}];
  assert.deepEqual(refusal(two, withFacts(two, {listening})), [
    ['load_balancer.port: another program listens on 0.0.0.0:80 of h1'],
    "stop it (ssh d@h1 ss -ltnp 'sport = :80'), or choose another port (0: any free one)",
  ]);
  const serving = {'d@h1': {containers: [balancerRow(two)]}};
  assert.deepEqual(refusal(two, withFacts(two, {listening}, serving))[0], []);
  const away = deploymentOf('hosts: [d@h1], load_balancer: {address: 10.7.7.7, port: 80}');
  assert.deepEqual(refusal(away, withFacts(away, {}))[0], [
    'load_balancer.address: h1 does not have the address 10.7.7.7; it has 10.0.0.5',
  ]);
  assert.deepEqual(refusal(away, withFacts(away, {bindsAny: [4]}))[0], []);
  assert.deepEqual(refusal(away, withFacts(away, {addresses: []}))[0], []);
  assert.deepEqual(refusal(dedicated, withFacts(dedicated, {}))[0], [
    'hosts.1.address: h2 does not have the address 10.9.0.2; it has 10.0.0.5',
  ]);
});

const without = (deployment: Deployment, wanted: boolean | undefined): SurveyedHost[] =>
  withFacts(deployment, {}).map(({machine, state}) => ({
    machine,
    state: {...state, facts: {...state.facts, addresses: [], reachesIPv6: machine.balancer ? wanted : undefined}},
  }));

test('replicas at an address of IPv6 are refused behind a balancer whose container has none', () => {
  const six = deploymentOf(
    'hosts: [{host: d@h1, address: "2001:DB8:0::5"}], load_balancer: {hosts: [d@lb1], address: 0.0.0.0, port: 80}',
  );
  const [found, fix] = refusal(six, without(six, false));
  assert.deepEqual(found, [
    "hosts.0.address: the load balancer on lb1 cannot reach h1 at 2001:db8::5: docker's default network there has no IPv6",
  ]);
  assert.match(fix ?? '', /^set an IPv4 address .*\{host: d@h1, address: 10\.0\.0\.2\}\]; or .*daemon\.json of lb1$/);
  for (const known of [true, undefined]) assert.deepEqual(refusal(six, without(six, known))[0], []);
  // Where deploy.yaml says nothing, ssh has come to one.
  const named = deploymentOf('hosts: [d@h1], load_balancer: {hosts: [d@lb1], address: 0.0.0.0, port: 80}');
  const bySsh = without(named, false).map(({machine, state}) => ({
    machine,
    state: {...state, sshAddress: '2001:db8::5'},
  }));
  assert.match(refusal(named, bySsh)[0][0] ?? '', /^hosts\.0: .* at 2001:db8::5, where ssh connected: /);
  assert.deepEqual(refusal(named, without(named, false))[0], []);
});

const at = (address: string, sshAddress = ''): SurveyedHost =>
  ({machine: {host: 'd@h1', address: address === '' ? undefined : address}, state: {sshAddress}}) as SurveyedHost;

test('behind dedicated balancers, an address of IPv6 is one text however it is written, and a link-local one is none', () => {
  assert.equal(reachedAt(at('2001:DB8:0:0::5')), '2001:db8::5');
  assert.equal(reachedAt(at('', '2001:db8::6')), '2001:db8::6');
  assert.equal(publishedAt(reachedAt(at('2001:DB8::5')), 20_001), '[2001:db8::5]:20001');
  for (const wrong of ['0:0::1', 'fe80::1', '127.0.0.2', 'localhost'])
    assert.throws(() => reachedAt(at(wrong)), /no address known at which the load balancers can reach d@h1: /);
  assert.throws(() => reachedAt(at('', 'fe80::1%eth0')), /fe80::1%eth0 is a link-local address/);
});

test('ports and addresses of this machine are asked for where its own engine publishes them', () => {
  const local = deploymentOf('load_balancer: {port: 8080, address: 10.0.0.5}');
  const machine = {host: 'local', app: true, balancer: true} as SurveyedHost['machine'];
  const asked = {listen: [{address: '10.0.0.5', port: 8080}], addresses: ['10.0.0.5'], own: true};
  assert.deepEqual(factsFor(local, machine), {network: undefined, ...asked});
  for (const engine of [
    {name: 'h5', isSocket: false},
    {name: '', isSocket: false},
  ])
    assert.deepEqual(factsFor(local, machine, engine), {network: undefined});
  assert.deepEqual(factsFor(deploymentOf(''), machine), {network: undefined});
  const listening = [{address: '::', port: 8080}];
  assert.deepEqual(refusal(local, withFacts(local, {listening, addresses: []})), [
    ['load_balancer.port: another program listens on 10.0.0.5:8080 of this machine'],
    "stop it (ss -ltnp 'sport = :8080'), or choose another port (0: any free one)",
  ]);
});

test('a route that another service of the same balancer has is refused; the own one is not', () => {
  const shop = deploymentOf('hosts: [d@h1], load_balancer: {name: all, routes: [{host: Shop.example, path: /a/}]}');
  const [host, longer] = ['{ req.hdr(host),host_only -m str shop.example }', '1.9996'];
  const routesOn = (backend: string): string[] => [
    `${longer} ${backend} if ${host} { path /a } or ${host} { path_beg /a/ }`,
  ];
  assert.deepEqual(refusal(shop, withFacts(shop, {routes: routesOn('other.prod')})), [
    ['load_balancer.routes: other.prod has the same route on the balancer of h1'],
    'give each service a host or a path of its own (load_balancer.routes)',
  ]);
  assert.deepEqual(refusal(shop, withFacts(shop, {routes: routesOn('shop.local')}))[0], []);
  assert.deepEqual(refusal(shop, withFacts(shop, {routes: [`1.9999 other.prod if ${host}`]}))[0], []);
  assert.deepEqual(factsFor(shop, {host: 'local', app: true, balancer: true} as SurveyedHost['machine']), {
    network: undefined,
    shared: 'entrypoint.balancer.all',
  });
});

test('only what a deploy needs is asked of a host', () => {
  assert.deepEqual(
    fleet(dedicated).map(({machine}) => factsFor(dedicated, machine)),
    [
      {network: undefined, listen: [], addresses: []},
      {network: undefined, listen: [], addresses: ['10.9.0.2']},
      {network: undefined, listen: [{address: '0.0.0.0', port: 80}], addresses: [], reaches: true},
      {network: undefined, listen: [{address: '0.0.0.0', port: 80}], addresses: [], reaches: true},
    ],
  );
  assert.deepEqual(factsFor(deploymentOf('network: theirs'), {host: 'local', app: true} as SurveyedHost['machine']), {
    network: 'theirs',
  });
});

test('limits and options are tried on hosts that do not run replicas with them, before the lock', () => {
  const limited = deploymentOf('hosts: [d@h1, d@h2], memory: 64m, docker_options: [--init]');
  const checks = plan(limited, withFacts(limited, {}))
    .first.flat()
    .filter(({phase}) => phase === 'check');
  assert.deepEqual(
    checks.map(({host, what}) => [host, what]),
    [
      ['d@h1', 'check memory, docker_options'],
      ['d@h2', 'check memory, docker_options'],
    ],
  );
  assert.match(
    commandText(checks[0]?.commands[0] ?? []),
    /^sh -c 'id=\$\(docker create --memory 64m .*--init r:5000\/shop@sha256:new\) && docker rm --force --volumes "\$id"/,
  );
  assert.deepEqual(
    plan(two, withFacts(two, {}))
      .first.flat()
      .filter(({phase}) => phase === 'check'),
    [],
  );
});

test('a pull with a login and the check of its platform are one command, which reads the password', () => {
  const {deployFile} = two.service;
  const login = {...deployFile, registry_login: {user: 'u', password: {env: 'TOKEN'}}};
  const deployment = {...two, service: {...two.service, registry: 'r:5000', deployFile: login}};
  const [step] = plan(deployment, withFacts(deployment, {})).first.flat();
  assert.equal(step?.commands.length, 1);
  const [command] = step.commands;
  assert.deepEqual((command as {secretInput?: unknown}).secretInput, [{env: 'TOKEN'}]);
  assert.match(
    commandText(command ?? []),
    /^\{ printf .*"\$TOKEN"; \} \| sh -c .*docker pull .* && sh -c .*linux\/amd64/,
  );
});
