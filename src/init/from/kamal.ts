import {exitCode, problem} from '../../errors.ts';
import {parseYaml} from '../../service/yaml-text.ts';
import {isMap, listOf, mountOf, type YamlMap} from './compose-words.ts';
import type {Imported, Left, Taken} from './imported.ts';
import {secondProcess} from './procfile.ts';
import {needsReference} from './secret-name.ts';
import {flow, flowList, flowText} from './yaml-lines.ts';

/** What stands for a template of Ruby, which YAML does not know. */
const template = 'entrypoint_template';

const reasons: Readonly<Record<string, string>> = {
  image: 'the image has the name of the service',
  builder: '`entrypoint build` builds, with `image` of deploy.yaml',
  boot: '`batch` in deploy.yaml',
  sudo: 'the user must be able to use docker',
  ssh: 'ssh has its own settings: ~/.ssh/config',
  sshkit: '`parallel` in deploy.yaml',
  hooks_path: 'tasks of tasks.ts run `before` and `after`',
  secrets_path: 'secrets are references: {env: NAME}, {file: path} or {command: [words]}',
  aliases: 'a task of tasks.ts is a word of the command line',
  asset_path: 'the old release serves its files until it is drained',
  require_destination: 'a deploy names its environment',
  primary_role: 'a service has one role',
  allow_empty_roles: 'a service has one role',
  minimum_version: 'it is the version of another tool',
  run_directory: 'hosts have no such directory',
  readiness_delay: 'a deploy waits for the health check',
  deploy_timeout: '`ready_timeout_seconds`',
  retain_containers: '`keep_releases`',
  drain_timeout: '`drain_timeout_seconds`',
};

/** Takes a deploy.yml of Kamal 2. @throws Problem `bad_import_file` (exit code 65) */
export function importKamal(file: string, text: string): Imported {
  const {value, problems, lineOf} = parseYaml(text.replaceAll(/<%[^]*?%>/g, template));
  const [first] = problems;
  if (first !== undefined || !isMap(value))
    throw problem({
      code: 'bad_import_file',
      what: `${file}:${first?.line ?? 1}: ${first?.text ?? 'it is no map'}`,
      fix: 'correct the line',
      exitCode: exitCode.badData,
    });
  const taken: Taken[] = [];
  const left: Left[] = [];
  const top: string[] = [];
  const local: string[] = [];
  const take = (path: readonly string[], as: string): void =>
    void taken.push({line: lineOf(path), key: path.join('.'), as});
  const leave = (path: readonly string[], reason: string): void =>
    void left.push({line: lineOf(path), key: path.join('.'), reason});
  const known = withoutTemplates(value, (path) => leave(path, 'it is a template of Ruby: write its value')) as YamlMap;
  const account = accountOf(known['image']);
  const handlers: Readonly<Record<string, (given: unknown) => void>> = {
    service: (given) => (top.push(`service: ${String(given)}`), take(['service'], `service: ${String(given)}`)),
    registry: (given) => {
      const {server = 'docker.io', ...others} = isMap(given) ? given : {};
      const name = [String(server), ...(account === undefined ? [] : [account])].join('/');
      top.push(`registry: ${flowText(name)}`);
      take(['registry'], `registry: ${name}`);
      for (const key of Object.keys(others))
        leave(['registry', key], '`registry_login`, or `docker login` on each host');
    },
    servers: (given) => {
      const roles: YamlMap = isMap(given) ? given : {web: given};
      for (const [role, one] of Object.entries(roles)) {
        const hosts = listOf(isMap(one) ? one['hosts'] : one).flatMap((host) =>
          isMap(host) ? Object.keys(host) : [String(host)],
        );
        if (role === 'web') {
          leave(
            ['servers', role],
            `init writes the environment local; for these: environments: {prod: {hosts: ${flowList(hosts)}}}`,
          );
          for (const key of Object.keys(isMap(one) ? one : {}))
            if (key !== 'hosts')
              leave(['servers', role, key], roleReasons[key] ?? 'no setting of deploy.yaml is like it');
        } else leave(['servers', role], secondProcess);
      }
    },
    proxy: (given) => {
      if (!isMap(given)) {
        leave(['proxy'], 'a deploy has its load balancer: docs/load-balancer.md');
        return;
      }
      const {app_port: port, healthcheck, host, ...others} = given;
      if (port !== undefined) {
        if (Number(port) !== 3000) top.push(`port: ${String(port)}`);
        take(['proxy', 'app_port'], `port: ${String(port)}`);
      }
      const path = isMap(healthcheck) ? healthcheck['path'] : undefined;
      top.push(`health: ${flowText(String(path ?? '/up'))}`);
      take(
        path === undefined ? ['proxy'] : ['proxy', 'healthcheck'],
        `health: ${String(path ?? '/up, the default of Kamal')}`,
      );
      if (host !== undefined)
        leave(['proxy', 'host'], `of the hosts: load_balancer: {routes: [{host: ${String(host)}}]}`);
      for (const key of Object.keys(others)) leave(['proxy', key], 'docs/load-balancer.md: routes, TLS');
      for (const key of Object.keys(isMap(healthcheck) ? healthcheck : {}))
        if (key !== 'path') leave(['proxy', 'healthcheck', key], 'the load balancer has its own');
    },
    env: (given) => {
      if (!isMap(given)) return;
      const {clear, secret, ...others} = given;
      // Variables directly below `env` are clear, too.
      const values = {...(secret === undefined && clear === undefined ? others : {}), ...(isMap(clear) ? clear : {})};
      const plain = Object.entries(values).filter(([name]) => !needsReference(name));
      if (plain.length > 0)
        local.push('environment:', ...plain.map(([name, one]) => `  ${name}: ${flowText(String(one))}`));
      const names = [...listOf(secret).map(String), ...Object.keys(values).filter(needsReference)];
      // `NAME:OTHER` takes the variable OTHER.
      if (names.length > 0)
        local.push('secrets:', ...names.map((name) => `  ${name.split(':')[0]}: {env: ${name.split(':')[1] ?? name}}`));
      take(['env'], '`environment` and `secrets`');
      if (secret !== undefined || clear !== undefined)
        for (const key of Object.keys(others)) leave(['env', key], 'variables of a tag or a role');
    },
    volumes: (given) => {
      const mounts = listOf(given).map((one) => mountOf(one, {directory: '/', base: '/'}));
      const named = mounts.flatMap(({volume, target}) => (volume === undefined ? [] : [[volume, target] as const]));
      const words = mounts.flatMap((one) => one.words);
      for (const {target, reason} of mounts) if (reason !== undefined) leave(['volumes', target], reason);
      if (named.length > 0) local.push(`volumes: ${flow(Object.fromEntries(named))}`);
      if (words.length > 0) local.push(`docker_options: ${flowList(words)}`);
      take(['volumes'], '`volumes`');
    },
    labels: (given) => {
      if (isMap(given)) local.push(`labels: ${flow(given)}`);
      take(['labels'], '`labels`');
    },
    logging: (given) => {
      const {driver = 'json-file', options} = isMap(given) ? given : {};
      local.push(`log: {driver: ${String(driver)}${isMap(options) ? `, options: ${flow(options)}` : ''}}`);
      take(['logging'], '`log`');
    },
    accessories: (given) => {
      for (const [name, one] of Object.entries(isMap(given) ? given : {}))
        leave(
          ['accessories', name],
          `backing_services: {${name}: {image: ${flowText(String(isMap(one) ? one['image'] : ''))}, ready: [COMMAND]}}`,
        );
    },
  };
  for (const [key, given] of Object.entries(known)) {
    const handler = handlers[key];
    if (key === 'image' && account !== undefined && known['registry'] !== undefined)
      take(['image'], 'part of `registry`');
    else if (handler === undefined) leave([key], reasons[key] ?? 'it is no key of Kamal that is known');
    else handler(given);
  }
  return {file, top, local, taken, left};
}

const roleReasons: Readonly<Record<string, string>> = {
  cmd: 'the command of the image is `run`, which serves what the source shows',
  options: '`docker_options`',
  labels: '`labels`',
  env: '`environment` and `secrets`',
  logging: '`log`',
  proxy: 'the top of the file has it',
};

/** `acme` of `acme/shop`. */
function accountOf(image: unknown): string | undefined {
  const text = String(image ?? '');
  return text.includes('/') ? text.slice(0, text.lastIndexOf('/')) : undefined;
}

/** A value without the entries that are templates, each of which is named. */
function withoutTemplates(
  value: unknown,
  onTemplate: (path: readonly string[]) => void,
  path: readonly string[] = [],
): unknown {
  const isTemplate = (key: string, one: unknown): boolean => {
    const found = `${key}${typeof one === 'string' ? one : ''}`.includes(template);
    if (found) onTemplate([...path, key]);
    return found;
  };
  if (Array.isArray(value))
    return value.flatMap((one: unknown, index) =>
      isTemplate(String(index), one) ? [] : [withoutTemplates(one, onTemplate, [...path, String(index)])],
    );
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !isTemplate(key, one))
      .map(([key, one]) => [key, withoutTemplates(one, onTemplate, [...path, key])]),
  );
}
