import {get} from 'node:http';
import type {Fleet} from './fleet.ts';
import type {FleetService, Version} from './service.ts';

// The state of a fleet as seen from outside.

const filesKept = /^(release-log|releases)$/;

/** Everything of the service on a machine, one per line: containers and their state, networks, volumes, files. */
export function things(fleet: Fleet, service: FleetService, machine: string): string[] {
  const label = `--filter label=entrypoint.service_name=${service.name}`;
  return fleet
    .on(
      machine,
      [
        `docker ps --all ${label} --format 'container {{.Names}} {{.State}}' | sort`,
        `docker network ls ${label} --format 'network {{.Name}}'`,
        `docker volume ls ${label} --format 'volume {{.Name}}'`,
        "find /tmp -mindepth 1 -printf 'file %p\\n'",
      ].join('; '),
    )
    .split('\n')
    .filter((line) => line !== '' && !filesKept.test(line));
}

/** Images of the running replicas on a host, by release: `{'3': ['...@sha256:...', '...']}`. */
function running(fleet: Fleet, service: FleetService, host: string): Map<string, string[]> {
  const text = fleet.on(
    host,
    `docker ps --no-trunc --filter label=entrypoint.service_name=${service.name} --filter label=entrypoint.role=app --format '{{.Label "entrypoint.release"}} {{.Image}}'`,
  );
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  return new Map(
    [...Map.groupBy(rows, ([release = '']) => release)].map(([release, some]) => [
      release,
      some.map(([, image = '']) => image),
    ]),
  );
}

const ask = (address: string): Promise<string> =>
  new Promise((resolve) => {
    get(address, {agent: false, timeout: 5000}, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? String(answer.headers['x-version']) : `status ${answer.statusCode}`);
    })
      .once('error', (error) => resolve(error.message))
      .once('timeout', () => resolve('no answer'));
  });

/** The versions that the addresses answer with now, or their errors, each request on its own connection. */
export async function serving(service: FleetService, times = 6): Promise<string[]> {
  return [
    ...new Set(
      await Promise.all(service.addresses().flatMap((address) => Array.from({length: times}, () => ask(address)))),
    ),
  ].toSorted();
}

/**
 * Differences from a state in which `version` is deployed everywhere without leftovers; empty if there are none. One release on all hosts, with as many replicas on each; no container that was not started, no lock, no task,
 * no file; every address answers with the version.
 */
export async function flaws(fleet: Fleet, service: FleetService, version: Version, replicas = 2): Promise<string[]> {
  const found: string[] = [];
  const releases = new Set<string>();
  for (const host of fleet.hosts) {
    const groups = running(fleet, service, host);
    if (groups.size !== 1) found.push(`${host} runs ${groups.size} releases: ${[...groups.keys()].join(', ')}`);
    for (const [release, images] of groups) {
      releases.add(release);
      if (images.length !== replicas) found.push(`${host} runs ${images.length} replicas of release ${release}`);
      const others = images.filter((image) => image !== service.images[version]);
      if (others.length > 0) found.push(`${host} runs ${others.join(', ')}, not ${version}`);
    }
  }
  if (releases.size !== 1) found.push(`the hosts run releases ${[...releases].join(', ')}`);
  for (const machine of [...fleet.hosts, ...fleet.balancers]) {
    const left = things(fleet, service, machine).filter((line) =>
      /^file |^container \S+ (?:created|restarting|dead|paused)$|^container \S+\.lock\b/.test(line),
    );
    found.push(...left.map((line) => `${machine} has ${line}`));
  }
  const answers = await serving(service);
  if (answers.join() !== version) found.push(`the addresses answer ${answers.join(', ')}`);
  return found;
}

/**
 * Everything that a deploy determines on a machine, without values that differ between two deploys: the running containers with their
 * images, labels, variables, commands and ports, and the balancer's file.
 */
export function snapshot(fleet: Fleet, service: FleetService, machine: string): string {
  const format =
    '{{.Name}} {{.Config.Image}} {{json .Config.Labels}} {{json .Config.Env}} {{json .Config.Cmd}} {{json .HostConfig.RestartPolicy}} {{json .HostConfig.NetworkMode}} {{json .HostConfig.PortBindings}}';
  const label = `--filter label=entrypoint.service_name=${service.name}`;
  const text = fleet.on(
    machine,
    [
      `docker ps --quiet ${label} | xargs -r docker inspect --format '${format}' | sort`,
      `docker ps --quiet ${label} --filter label=entrypoint.role=balancer | xargs -r -I{} docker exec {} lb fragment ${service.name}.prod`,
    ].join('; '),
  );
  return (
    text
      // Docker reads them into a map.
      .replaceAll(/\["\w+=[^\]]*\]/g, (variables) => JSON.stringify((JSON.parse(variables) as string[]).toSorted()))
      .replaceAll(/\.prod\.\d+\./g, '.prod.R.')
      .replaceAll(/"entrypoint\.release":"\d+"/g, '"entrypoint.release":"R"')
      // What was deployed before, if anything was.
      .replaceAll(/"entrypoint\.previous":"\d+=[^"]*",/g, '')
      .replaceAll(/"release":\d+,"previous":\d+/g, '"release":R,"previous":P')
      // Docker, or the plan, takes a free one.
      .replaceAll(/:2\d{4}\b|"HostPort":"\d+"|"port":2\d{4}/g, 'PORT')
  );
}
