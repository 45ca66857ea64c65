import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {certificateFile} from '../../src/image/docker.ts';
import {must} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {type PythonRepository, pythonRepository} from './python-image.ts';

// Repositories as generators make them, with the newest versions: locked, built, tested in the image, run, asked, built again.

const app = '\n\ndef app(environ, start):\n    start("200 OK", [])\n    return [b"generated"]\n';
const tests = 'from made import app\n\n\ndef test_app():\n    assert callable(app)\n';

/** What a script makes in the directory `made`, by the tools in the image of a repository. */
async function generate({image}: PythonRepository, script: string): Promise<Record<string, string>> {
  const ca = certificateFile(process.env);
  const trust = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'].flatMap((name) => ['--env', `${name}=/run/ca.crt`]);
  const show =
    'find . -type f -not -path "./.git/*" | sed "s#^./##" | while read -r f; do echo "=== $f"; cat "$f"; done';
  const made = await must([
    'run',
    '--rm',
    ...(ca === undefined ? [] : ['--volume', `${ca}:/run/ca.crt:ro`, ...trust]),
    '--name',
    `${image}.generates`,
    '--entrypoint',
    'start-as-webuser',
    image,
    'sh',
    '-euc',
    `export HOME=/tmp; cd /tmp; { ${script}; } >&2; cd /tmp/made; ${show}`,
  ]);
  return Object.fromEntries(
    made
      .split(/^=== /m)
      .slice(1)
      .map((part) => [/^.*/.exec(part)?.[0] ?? '', part.slice(part.indexOf('\n') + 1)]),
  );
}

const source = 'src/made/__init__.py';

/** Adds an application; builds, tests, asks, and builds again after a changed line, without an install. */
async function works(made: Readonly<Record<string, string>>, command: RegExp): Promise<void> {
  const files = {
    ...made,
    'pyproject.toml': `${made['pyproject.toml']}\n[tool.entrypoint]\nmodule = "made:app"\n`,
    [source]: `${made[source]}${app}`,
    'tests/test_made.py': tests,
  };
  const service = pythonRepository(files);
  const {code, output} = await service.build({}, true);
  assert.equal(code, 0, output);
  assert.match(output, command);
  assert.doesNotMatch(output, /warning: no lock file/);
  assert.match(await service.inside('sh', '-c', 'entrypoint test_unit 2>&1'), /1 passed/);
  assert.equal(await service.answer(), 'generated');
  service.write({[source]: `${files[source]}# changed in ${service.image}\n`});
  const again = await service.build();
  assert.equal(again.code, 0, again.output);
  assert.doesNotMatch(again.output, /^\$ (?:uv sync(?! --locked)|poetry|pip install (?!--no-deps))/m);
}

describe('as generated', long, () => {
  const tools = pythonRepository({'requirements.txt': 'poetry\nuv\n'});

  test('uv init', async () => {
    const {code, output} = await tools.build();
    assert.equal(code, 0, output);
    const files = await generate(
      tools,
      'uv init --package made; cd made; uv add --no-sync gunicorn; uv add --no-sync --dev pytest',
    );
    assert.ok('uv.lock' in files && source in files, Object.keys(files).join(' '));
    await works(files, /^\$ uv sync --locked/m);
  });

  test('poetry new', async () => {
    const {code, output} = await tools.build();
    assert.equal(code, 0, output);
    // By the index of pip: a mirror has no other interface of it, which poetry would use.
    const index = "$(python3 -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')";
    const files = await generate(
      tools,
      `poetry new made; cd made; poetry source add --priority=primary simple "${index}"; poetry add --lock gunicorn; poetry add --lock --group dev pytest`,
    );
    assert.ok('poetry.lock' in files && source in files, Object.keys(files).join(' '));
    await works(files, /^\$ poetry export/m);
  });
});
