import assert from 'node:assert/strict';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {docker, must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {makeServiceImage} from './service-image.ts';

const {place, image, directory, write, build} = await makeServiceImage('python-service');

const inside = (...words: readonly string[]): Promise<string> =>
  must(['run', '--rm', '--network', 'none', '--entrypoint', 'start-as-webuser', image, ...words]);

const app = `import logging
def app(environ, start):
    logging.info("asked %s", environ["PATH_INFO"])
    start("200 OK", [("content-type", "text/plain")])
    return [b"hello"]
`;

test('installs unpinned dependencies with a warning and a fix', async () => {
  write({
    Dockerfile: 'FROM entrypoint/python-service:3.13\n',
    'pyproject.toml': `# ${place.name}\n[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.13"\ndependencies = ["iniconfig"]\n`,
    'app.py': app,
  });
  const {code, output} = await build('c1');
  assert.equal(code, 0, output);
  assert.match(output, /entrypoint: warning: no lock file: pyproject\.toml does not pin what is installed/);
  assert.match(output, /fix: uv lock/);
});

test('a one-line Dockerfile gives an image with labels, the commit and read-only files', async () => {
  write({
    'requirements.txt': 'gunicorn==27.0.1\n',
    'requirements-dev.txt': `# ${place.name}: defeats the build cache, whose hit would print no warning\niniconfig>=2\n`,
  });
  const {code, output} = await build('c1');
  assert.equal(code, 0, output);
  assert.match(output, /warning: requirements-dev\.txt does not pin iniconfig>=2:/);
  assert.doesNotMatch(output, /requirements\.txt does not pin/);
  const labels = JSON.parse(await must(['inspect', '--format', '{{json .Config.Labels}}', image])) as Record<
    string,
    string
  >;
  assert.equal(labels['entrypoint.service_name'], place.name);
  assert.equal(labels['entrypoint.git_commit_hash'], 'c1');
  assert.equal(labels['org.opencontainers.image.revision'], 'c1');
  const shown = await inside(
    'sh',
    '-c',
    'echo $GIT_COMMIT_HASH; touch /content/app.py 2>/dev/null || echo read-only; find /content /opt/venv -writable ! -type l; python3 -c "import sys, iniconfig, gunicorn; print(*sys.version_info[:2])"',
  );
  assert.equal(shown, 'c1\nread-only\n3 13');
});

test('dependencies have bytecode without an mtime', async () => {
  // The second word of a .pyc holds its flags (PEP 552): 1 is a hash that is not compared with the source.
  const flags = await inside(
    'python3',
    '-c',
    'import glob; print({open(p, "rb").read(8)[4] for p in glob.glob("/opt/venv/lib/**/gunicorn/**/*.pyc", recursive=True)})',
  );
  assert.equal(flags, '{1}');
});

test('a changed line of source and a new commit reinstall nothing', async () => {
  write({'app.py': `# changed in ${place.name}\n${app}`});
  const {code, output} = await build('c2');
  assert.equal(code, 0, output);
  assert.match(output, /RUN --mount.*install-dependencies --before-source\n(#\d+ sha256:\w+\n)?#\d+ CACHED/);
  assert.doesNotMatch(output, /\$ pip install/);
  assert.equal(
    await must(['inspect', '--format', '{{index .Config.Labels "entrypoint.git_commit_hash"}}', image]),
    'c2',
  );
});

test('`run` becomes gunicorn, which answers, logs JSON lines and stops cleanly on a read-only file system', async () => {
  const container = await place.start('service', [
    '--read-only',
    '--cap-drop',
    'ALL',
    '--user',
    '54321:0',
    image,
    'run',
    '--access-log',
  ]);
  await eventually(
    20,
    () => docker(['exec', container, 'health-check']).then(({code}) => code),
    (code) => code === 0,
  );
  const programs = await must([
    'exec',
    container,
    'sh',
    '-c',
    'for p in /proc/[0-9]*/cmdline; do tr "\\0" " " <$p; echo; done',
  ]);
  assert.match(programs, /gunicorn --bind 0\.0\.0\.0:3000 --workers \d+ --worker-class sync .* app:app/);
  assert.doesNotMatch(programs, /--reload/);
  assert.doesNotMatch(programs, /^\S*node /m, 'no process of the command is left');
  await must(['stop', '--time', '10', container]);
  assert.equal(await must(['inspect', '--format', '{{.State.ExitCode}}', container]), '0');
  const {stdout} = await docker(['logs', container]);
  const events = stdout.split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const said = events.find(({logger, message}) => logger === 'root' && message === 'asked /healthz');
  const request = events.find(({event, path, status}) => event === 'request' && path === '/healthz' && status === 200);
  assert.ok(said !== undefined && request !== undefined, stdout);
  // The service does nothing for it.
  assert.match(String(said['request_id']), /^[0-9a-f]{32}$/);
  for (const {level, severity_text: severity, pid, instance, seq} of events)
    assert.deepEqual(
      [typeof level, typeof severity, typeof pid, typeof instance, typeof seq],
      ['string', 'string', 'number', 'string', 'number'],
      stdout,
    );
});

test('an application that cannot start ends the container with its error', async () => {
  write({'app.py': 'app = undefined_name\n'});
  assert.equal((await build('c3')).code, 0);
  const container = await place.start('broken', [image, 'run']);
  // gunicorn's code is 3, or 1 if a second worker fails while it stops.
  assert.match(await must(['wait', container]), /^[13]$/);
  assert.match((await docker(['logs', container])).stdout, /NameError: name 'undefined_name' is not defined/);
});

test('installs a uv.lock exactly, and rejects one that pyproject.toml has outgrown', async () => {
  // Beside a lock file, what else lists packages has to agree with it.
  for (const name of ['requirements.txt', 'requirements-dev.txt']) rmSync(join(directory, name), {force: true});
  const project = `# ${place.name}\n[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.13"\n`;
  write({
    'pyproject.toml': project,
    'uv.lock':
      'version = 1\nrevision = 3\nrequires-python = ">=3.13"\n\n[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n',
  });
  const locked = await build('c4');
  assert.equal(locked.code, 0, locked.output);
  assert.match(locked.output, /\$ uv sync --locked/);
  assert.equal(
    await inside('sh', '-c', 'pip --version | cut -c1-4; command -v uv gunicorn || echo neither'),
    'pip \nneither',
  );
  write({'pyproject.toml': `${project}dependencies = ["iniconfig"]\n`});
  const moved = await build('c5');
  assert.notEqual(moved.code, 0);
  assert.match(moved.output, /pyproject\.toml:6 asks for iniconfig, which uv\.lock does not contain/);
});
