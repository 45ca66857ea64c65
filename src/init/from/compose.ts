import {dirname, resolve} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import {parseYaml} from '../../service/yaml-text.ts';
import {interpolatedFile} from './compose-interpolation.ts';
import {backingKeys, serviceKeys, topKeys} from './compose-keys.ts';
import {type Found, leaveRest, takeService, unknown} from './compose-service.ts';
import {backingOf} from './compose-values.ts';
import {isMap, type Places, type YamlMap} from './compose-words.ts';
import type {Imported, Left, Taken} from './imported.ts';
import {secondProcess} from './procfile.ts';
import {flow, flowList, flowText} from './yaml-lines.ts';

/**
 * Takes what it can of a Compose file: of the service that is built here, and of those beside it, which become backing
 * services. Every key is either taken or named with a reason.
 * @throws Problem `bad_import_file` (exit code 65)
 */
export function importCompose(directory: string, file: string, text: string): Imported {
  const {value, problems, lineOf} = parseYaml(text);
  const [first] = problems;
  if (first !== undefined) throw bad(`${file}:${first.line}: ${first.text}`, 'correct the line');
  const taken: Taken[] = [];
  const left: Left[] = [];
  const complete = interpolatedFile(value, (path, names) =>
    left.push({
      line: lineOf(path),
      key: path.join('.'),
      reason: `its value needs ${names.join(', ')} of the shell: it is empty without`,
    }),
  );
  const services = isMap(complete) ? complete['services'] : undefined;
  if (!isMap(complete) || !isMap(services))
    throw bad(`${file} has no services`, 'name a Compose file: --from=compose.yaml');
  const name = builtHere(directory, file, services);
  if (name === undefined && !Object.values(services).some((one) => isMap(one) && notBacking(one) === undefined))
    throw bad(`${file} has no service for this directory`, 'name its directory: entrypoint -C DIR init --from=FILE');
  const places: Places = {directory, base: dirname(resolve(directory, file))};
  const found: Found = {
    top: [],
    local: [],
    options: [],
    environment: {},
    secrets: {},
    labels: {},
    port: {},
    places,
    record: (path, fate) => {
      const place = {line: lineOf(path), key: path.join('.')};
      if ('as' in fate) taken.push({...place, as: fate.as});
      else left.push({...place, reason: fate.reason});
    },
  };
  for (const [key, given] of Object.entries(complete)) {
    const fate = topKeys[key];
    if (fate === undefined) found.record([key], unknown);
    else if ('reason' in fate) found.record([key], fate);
    else if ('as' in fate && key !== 'services') {
      found.record([key], fate);
      for (const [each, one] of Object.entries(isMap(given) ? given : {}))
        if (isMap(one)) leaveRest(one, [key, each], declaredKeys[key] ?? [], found.record);
    }
  }
  if (name !== undefined) takeService(services[name] as YamlMap, ['services', name], found, complete);
  takeOthers(services, name, found);
  const {environment, secrets, labels, options, top, local} = found;
  local.push(
    ...block('environment', environment, flowText),
    ...block('secrets', secrets, String),
    ...(Object.keys(labels).length === 0 ? [] : [`labels: ${flow(labels)}`]),
    ...(options.length === 0 ? [] : [`docker_options: ${flowList(options)}`]),
  );
  return {file, top, local, taken, left};
}

/** What is used of the declarations at the top of the file. */
const declaredKeys: Readonly<Record<string, readonly string[]>> = {secrets: ['file', 'environment']};

/** A map of several lines. */
function block(
  key: string,
  map: Readonly<Record<string, string>>,
  valueText: (value: string) => string,
): readonly string[] {
  const names = Object.entries(map);
  return names.length === 0 ? [] : [`${key}:`, ...names.map(([name, one]) => `  ${name}: ${valueText(one)}`)];
}

/** The services beside it: those of an image are backing services. */
function takeOthers(services: YamlMap, name: string | undefined, found: Found): void {
  const names: string[] = [];
  for (const [other, service] of Object.entries(services)) {
    if (other === name || !isMap(service)) continue;
    const path = ['services', other];
    const reason =
      name !== undefined && contextOf(service, found.places) === contextOf(services[name], found.places)
        ? secondProcess
        : notBacking(service);
    if (reason !== undefined) {
      found.record(path, {reason});
      continue;
    }
    const backing = backingOf(other, service, found.places);
    if (names.length === 0) found.top.push('backing_services:');
    found.top.push(...backing.lines);
    names.push(backing.name);
    for (const one of backing.left) found.record([...path, ...one.path], {reason: one.reason});
    for (const key of Object.keys(service)) {
      const fate = backingKeys[key];
      if (fate !== undefined)
        found.record([...path, key], 'reason' in fate ? fate : {as: `backing_services.${backing.name}`});
      else
        found.record(
          [...path, key],
          serviceKeys[key] === undefined ? unknown : {reason: 'a backing service has no such setting'},
        );
    }
  }
  if (names.length > 0) found.local.push(`backing_services: {${names.map((one) => `${one}: {}`).join(', ')}}`);
}

/** Why a service of the file is no backing service; undefined if it is one. */
function notBacking({build, image, profiles}: YamlMap): string | undefined {
  if (build !== undefined) return 'it is built as well: run init in its own directory';
  if (image === undefined) return 'it has no image of its own';
  const reason = serviceKeys['profiles'];
  return profiles === undefined || reason === undefined || !('reason' in reason) ? undefined : reason.reason;
}

/** The directory that a service is built in. */
function contextOf(service: unknown, {base}: Pick<Places, 'base'>): string | undefined {
  const build = isMap(service) ? service['build'] : undefined;
  if (build === undefined) return undefined;
  return resolve(base, isMap(build) ? String(build['context'] ?? '.') : String(build));
}

/**
 * The service that is built in this directory, or, without one, the only one that is built; undefined if none is. Of several
 * here, such as a web server and its workers, the one with ports.
 */
function builtHere(directory: string, file: string, services: YamlMap): string | undefined {
  const base = dirname(resolve(directory, file));
  const built = Object.keys(services).filter((name) => contextOf(services[name], {base}) !== undefined);
  const here = built.filter((name) => contextOf(services[name], {base}) === resolve(directory));
  const withPorts = here.filter((name) => (services[name] as YamlMap)['ports'] !== undefined);
  const candidates = withPorts.length === 1 ? withPorts : here.length > 0 ? here : built;
  const [only, second] = candidates;
  if (second === undefined) return only;
  throw bad(
    `${file} builds ${candidates.length} services${here.length > 0 ? ' here' : ''}: ${candidates.join(', ')}`,
    here.length > 0
      ? 'a directory has one service, the one with `ports`: keep one of them'
      : 'run init in the directory of one: entrypoint -C DIR init --from=FILE',
  );
}

const bad = (what: string, fix: string): Error =>
  problem({code: 'bad_import_file', what, fix, exitCode: exitCode.badData});
