import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parse as parseYaml} from 'yaml';
import {checkBeforeDeploy, checkDeploy, requireValid} from '../../../../src/config/service/check.ts';
import {differences, differencesText} from '../../../../src/config/service/diff.ts';
import {explanation, placesOf} from '../../../../src/config/service/explain.ts';
import {declarationFile} from '../../../../src/config/service/file.ts';
import {readDeclaration, requireDeclaration} from '../../../../src/config/service/find.ts';
import {formats, formatted} from '../../../../src/config/service/formats/index.ts';
import {hostPathWarnings} from '../../../../src/config/service/host-paths.ts';
import {dockerfileVariables, passedBy} from '../../../../src/config/service/passed.ts';
import {declaredNames} from '../../../../src/config/service/required.ts';
import {tableText} from '../../../../src/config/service/table.ts';
import {judgeDeclared} from '../../../../src/contract/rules/start.ts';
import {environmentOf, readService} from '../../../../src/service/service.ts';
import {testContext} from '../../../../src/task.ts';
import {deploy} from '../../../../src/tasks/index.ts';
import {directoryWith} from '../../../support/directory.ts';

const source = `
import {defineConfig} from 'entrypoint/config';
export default defineConfig({
  DATABASE_URL: {type: 'URL', schemes: ['postgres'], description: 'The database', example: 'postgres://shop@db/shop'},
  DATABASE_PASSWORD: {type: 'text', secret: true, minLength: 8},
  POOL_SIZE: {type: 'integer', default: 10, min: 1, max: 100, harmless: true},
  LOG_LEVEL: {type: 'enum', choices: ['debug', 'info'], default: 'info', harmless: true},
  ADMIN_URL: {type: 'URL', tasks: ['migrate']},
  REPORT_URL: {type: 'URL', tasks: ['report']},
});
`;
const deployYaml = `
service: shop
environments:
  rc:
    environment: {DATABASE_URL: 'postgres://shop@rc/shop', POOL_SIZE: 5, LOG_LEVEL: debug}
    secrets: {DATABASE_PASSWORD: {env: RC_PASSWORD}}
  prod:
    before: [migrate]
    environment: {DATABASE_URL: 'postgres://shop@prod/shop', POOL_SIZE: 500, LOGLEVEL: info}
    secrets: {DATABASE_PASSWORD: {env: PROD_PASSWORD}}
  mounted:
    environment: {DATABASE_PASSWORD_FILE: /run/secrets/password}
    docker_options: [-e, DATABASE_URL=mysql://db, --volume=/etc/shop:/config]
  open:
    docker_options: [--env-file, /etc/shop.env]
`;
const env = {RC_PASSWORD: 's3cret-s3cret', PROD_PASSWORD: 'p0wd'};
const service = (files: Readonly<Record<string, string>> = {}): string =>
  directoryWith({'package.json': '{}', 'src/config.ts': source, 'deploy.yaml': deployYaml, ...files});
const directory = service();
const declaration = await requireDeclaration({cwd: directory});

async function checked(environment: string, cwd = directory): Promise<ReturnType<typeof checkDeploy>> {
  const found = await readService({cwd, env});
  return checkDeploy({cwd, env}, declaration, {
    service: found,
    environment,
    settings: environmentOf(found, environment),
  });
}

const fileOf = (files: Readonly<Record<string, string>>): string | undefined =>
  declarationFile(directoryWith(files))?.file;
const errorOf = async (files: Readonly<Record<string, string>>): Promise<string> =>
  readDeclaration({cwd: directoryWith(files)}).then(
    () => 'none',
    ({message, details}: {message: string; details: readonly string[]}) => [message, ...details].join('; '),
  );
const written = (format: (typeof formats)[number]): string => formatted(declaration, format, 'shop');
const firstLines = (volumes: Readonly<Record<string, string>>, ...options: readonly string[]): readonly string[] =>
  hostPathWarnings({volumes, docker_options: [...options]}).map((text) => text.split('\n')[0] ?? '');

test('the declaration is the default export of config.ts, what package.json names, or a table of pyproject.toml', async () => {
  assert.deepEqual([...declaration.names].slice(0, 2), ['DATABASE_URL', 'DATABASE_PASSWORD']);
  assert.equal(fileOf({'config.js': "import {defineConfig} from 'entrypoint/config'"}), 'config.js');
  assert.equal(fileOf({'src/config.ts': 'export const other = 1'}), undefined);
  assert.equal(fileOf({'package.json': '{"entrypoint": {"config": "lib/settings.ts"}}'}), 'lib/settings.ts');
  assert.equal(fileOf({'pyproject.toml': '[tool.entrypoint.config.PORT]\ntype = "port"\n'}), 'pyproject.toml');
  const python = directoryWith({'pyproject.toml': '[tool.entrypoint.config]\nA = {type = "text"}\n'});
  assert.deepEqual(await declaredNames({cwd: python}), {required: ['A'], secrets: []});
  assert.equal(await readDeclaration({cwd: directoryWith({})}), undefined);
  await assert.rejects(requireDeclaration({cwd: directoryWith({})}), {code: 'no_declaration'});
});

test('a declaration that cannot be used is an error that names its file', async () => {
  assert.match(
    await errorOf({'pyproject.toml': '[tool.entrypoint.config]\nA = {type = "txt"}'}),
    /A: type must be one of/,
  );
  assert.match(await errorOf({'pyproject.toml': '[tool.entrypoint.config]\nA = '}), /cannot read pyproject\.toml/);
  assert.match(await errorOf({'package.json': '{"entrypoint": {"config": "a.ts"}}'}), /no such file: a\.ts/);
  assert.match(
    await errorOf({'config.ts': "import {defineConfig} from 'entrypoint/config'; export const c = defineConfig({});"}),
    /config\.ts does not export its declaration as the default/,
  );
  assert.match(
    await errorOf({'config.ts': "import {defineConfig} from 'entrypoint/config'; throw new Error('no');"}),
    /cannot load config\.ts: no/,
  );
  // It reads its values as well: that is no reason to fail.
  const reads =
    "import {defineConfig} from 'entrypoint/config'; const c = defineConfig({A: {type: 'text'}}); c.read(); export default c;";
  assert.equal(await errorOf({'config.ts': reads}), 'none');
});

test('a deploy is refused with every variable that is missing or wrong for the service and its tasks', async () => {
  assert.deepEqual((await checked('rc')).problems, []);
  const {problems, notes} = await checked('prod');
  assert.deepEqual(problems, [
    'DATABASE_PASSWORD is not valid: expected text of at least 8 characters; used by every task; correct DATABASE_PASSWORD',
    'POOL_SIZE is "500": expected a whole number from 1 to 100; used by every task; correct POOL_SIZE',
    'ADMIN_URL is not set: expected a URL; used by migrate; set ADMIN_URL',
  ]);
  assert.deepEqual(notes, ['LOGLEVEL is not declared: did you mean LOG_LEVEL?']);
  const shop = await readService({cwd: directory, env});
  const target = {service: shop, environment: 'prod', settings: environmentOf(shop, 'prod')};
  assert.throws(() => requireValid({problems}, target), {
    code: 'deploy_lacks_configuration',
    message: 'shop would not start in prod: 3 variables are not valid; nothing has changed',
    exitCode: 65,
  });
  const said: string[] = [];
  const context = {cwd: directory, env, note: (text: string) => said.push(text)};
  await assert.rejects(checkBeforeDeploy(context, target, false), {code: 'deploy_lacks_configuration'});
  // The image is from another source: what is here can only warn.
  await checkBeforeDeploy(context, target, true);
  assert.match(said.at(-1) ?? '', /^the source here would not start: ADMIN_URL is not set/);
});

test('deploy and deploy --plan refuse before they ask for an image; a plan warns of mounted paths', async () => {
  for (const plan of [false, true]) {
    const {context, commands} = testContext({cwd: directory, env});
    await assert.rejects(deploy(context, {environment: 'prod', plan}), {code: 'deploy_lacks_configuration'});
    assert.ok(
      commands.every((text) => text.startsWith('docker version')),
      commands.join('\n'),
    );
  }
  const {context, noted} = testContext({cwd: directory, env});
  await assert.rejects(deploy(context, {environment: 'mounted', plan: true}), {code: 'deploy_lacks_configuration'});
  assert.match(
    noted.join('\n'),
    /docker_options mounts \/etc\/shop of each host at \/config: configuration that drifts/,
  );
});

test('docker_options, the Dockerfile and files count; what is not known here is not validated', async () => {
  const mounted = await checked('mounted');
  assert.deepEqual(mounted.problems, [
    'DATABASE_URL is not valid: expected a URL with the scheme postgres, such as postgres://shop@db/shop; used by every task; correct DATABASE_URL',
  ]);
  assert.deepEqual(mounted.unvalidated, ['DATABASE_PASSWORD is not validated here: a file of the container has it']);
  assert.deepEqual((await checked('open')).problems, []);
  assert.deepEqual(dockerfileVariables('FROM x\nENV A=1 B="two words" \\\n    C=$D\nenv E f g\n#ENV H=1\n'), [
    ['A', '1'],
    ['B', 'two words'],
    ['C', undefined],
    ['E', 'f g'],
  ]);
  const passed = passedBy(
    {cwd: service({Dockerfile: 'ENV X=1\n'}), env: {}},
    {environment: {}, secrets: {P: {env: 'NONE'}, C: {command: ['vault', 'read']}}, docker_options: []},
  );
  assert.equal(passed.env['X'], '1');
  assert.equal(passed.unknown.get('P'), 'the environment variable NONE is not set here');
  assert.equal(passed.unknown.get('C'), 'vault fetches it at the deploy');
});

test('the table has no value that is not declared harmless', async () => {
  const {entries, notes} = await checked('prod');
  assert.equal(
    tableText(declaration, entries, 'in prod', notes),
    [
      '5 variables, declared in src/config.ts; in prod, 3 are not valid',
      '',
      'variable           has                    expected                               used by',
      'DATABASE_URL       environment            a URL with the scheme postgres         every task',
      'DATABASE_PASSWORD  INVALID (secrets)      text of at least 8 characters; secret  every task',
      'POOL_SIZE          INVALID (environment)  a whole number from 1 to 100           every task',
      'LOG_LEVEL          info (default)         one of debug, info                     every task',
      'ADMIN_URL          MISSING                a URL                                  migrate',
      '',
      'DATABASE_PASSWORD is not valid: expected text of at least 8 characters; used by every task; correct DATABASE_PASSWORD',
      'POOL_SIZE is "500": expected a whole number from 1 to 100; used by every task; correct POOL_SIZE',
      'ADMIN_URL is not set: expected a URL; used by migrate; set ADMIN_URL',
      '',
      'LOGLEVEL is not declared: did you mean LOG_LEVEL?',
    ].join('\n'),
  );
});

test('a comparison shows no value that can be a secret', async () => {
  const {deployFile} = await readService({cwd: directory, env});
  const side = (name: string, given = env): Parameters<typeof differences>[1][0] => ({
    name,
    passed: passedBy({cwd: directory, env: given}, deployFile.environments[name] ?? deployFile.environments['rc']!),
  });
  const found = differences(declaration, [side('rc'), side('prod')]);
  assert.deepEqual(
    found.map(({name, state, has}) => [name, state, ...has].join(' ')),
    [
      'DATABASE_URL differs environment environment',
      'DATABASE_PASSWORD differs secrets secrets',
      'POOL_SIZE differs 5 500',
      'LOG_LEVEL differs debug info (default)',
      'ADMIN_URL same - -',
      'REPORT_URL same - -',
      'LOGLEVEL only in one - environment',
    ],
  );
  const text = differencesText(found, ['rc', 'prod']);
  assert.match(text, /^5 of 7 variables differ between rc and prod\n/);
  for (const value of Object.values(env)) assert.ok(!text.includes(value));
  const same = {RC_PASSWORD: 'swordfish', PROD_PASSWORD: 'swordfish'};
  const stateOf = (given: typeof env): string | undefined =>
    differences(declaration, [side('rc', given), side('prod', given)])[1]?.state;
  assert.equal(stateOf(same), 'same');
  assert.equal(stateOf({...same, PROD_PASSWORD: ''}), 'unknown');
});

test('an explanation has the form, the environments and the places of a variable', async () => {
  const cwd = service({
    'src/server.ts': 'use(config.POOL_SIZE);\n',
    'src/x.py': 'POOL_SIZE_MAX = 1\nconfig.pool_size\n',
  });
  const found = await readService({cwd, env});
  const settings = ['rc', 'open'].map((environment) => ({
    environment,
    entry: checkDeploy({cwd, env}, declaration, {
      service: found,
      environment,
      settings: environmentOf(found, environment),
    }).entries.find(({field}) => field.name === 'POOL_SIZE'),
  }));
  assert.equal(
    explanation(declaration, 'POOL_SIZE', undefined, settings, placesOf(cwd, 'POOL_SIZE')),
    [
      'POOL_SIZE',
      '',
      'declared in  src/config.ts',
      'expected     a whole number from 1 to 100',
      'default      10',
      'used by      every task',
      'here         not needed',
      'rc           5 (environment)',
      'open         10 (default)',
      'named in     deploy.yaml:5',
      '             deploy.yaml:9',
      '             src/config.ts:6',
      '             src/server.ts:1',
      '             src/x.py:2',
    ].join('\n'),
  );
  assert.throws(() => explanation(declaration, 'POOLSIZE', undefined, [], []), {
    code: 'usage',
    fix: 'did you mean POOL_SIZE?',
  });
});

test('each format has every variable, and what reads it can read it', () => {
  for (const format of formats) for (const name of declaration.names) assert.ok(written(format).includes(name), format);
  const schema = JSON.parse(written('json-schema')) as {
    required: readonly string[];
    properties: Record<string, object>;
  };
  assert.deepEqual(schema.required, ['DATABASE_URL', 'ADMIN_URL', 'REPORT_URL']);
  assert.deepEqual(schema.properties['LOG_LEVEL'], {
    type: 'string',
    description: 'one of debug, info',
    enum: ['debug', 'info'],
    default: 'info',
  });
  const [configMap, secret] = written('kubernetes')
    .split('\n---\n')
    .map((part) => parseYaml(part) as {kind: string; data: unknown; stringData: unknown});
  assert.deepEqual(configMap?.data, {DATABASE_URL: '', ADMIN_URL: '', REPORT_URL: ''});
  assert.deepEqual([secret?.kind, secret?.stringData], ['Secret', {DATABASE_PASSWORD: ''}]);
  assert.match(
    written('env'),
    /^# The database\n# a URL with the scheme postgres, such as \S+; used by every task\nDATABASE_URL=\n/,
  );
  assert.match(written('env'), /\n#POOL_SIZE=10\n/);
  assert.match(
    written('markdown'),
    /\n\| `DATABASE_PASSWORD` or `DATABASE_PASSWORD_FILE` \| required \| text of at least 8 characters; secret \| every task \|\n/,
  );
  assert.match(written('dotenv-schema'), /\n# @type=number\(isInt=true, min=1, max=100\)\nPOOL_SIZE=10\n/);
  assert.match(written('dotenv-schema'), /\n# @type=string\(minLength=8\) @required @sensitive\nDATABASE_PASSWORD=\n/);
});

test('a plan warns of what hosts mount for configuration or logs', () => {
  assert.deepEqual(
    firstLines({data: '/var/lib/shop'}, '-v', '/etc/localtime:/etc/localtime:ro', '-v/srv/data:/data'),
    [],
  );
  assert.deepEqual(
    firstLines(
      {},
      '--volume=/etc/shop:/config:ro',
      '-v',
      '/srv/shop.ini:/app/x',
      '--mount',
      'type=bind,src=/srv/logs,dst=/out',
    ),
    [
      'docker_options mounts /etc/shop of each host at /config: configuration that drifts from host to host',
      'docker_options mounts /srv/shop.ini of each host at /app/x: configuration that drifts from host to host',
      'docker_options mounts /srv/logs of each host at /out: logs that no engine collects or limits',
    ],
  );
  assert.deepEqual(firstLines({logs: '/var/log/shop', config: '/data'}, '--env-file=/etc/shop.env'), [
    'volumes mounts the volume logs at /var/log/shop: logs that no engine collects or limits',
    'docker_options reads variables from /etc/shop.env of each host, where they drift',
  ]);
});

test('the contract asks a declaring service to name every required variable', () => {
  const run = {exitCode: 3, output: 'A is not set', answered: false};
  assert.equal(judgeDeclared(['A'], run).status, 'pass');
  assert.deepEqual(judgeDeclared(['A', 'B'], run), {status: 'fail', evidence: 'exit code 3, does not name B'});
  assert.equal(judgeDeclared(['A'], {...run, answered: true}).status, 'fail');
  assert.equal(judgeDeclared([], undefined).status, 'not_applicable');
});
