import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {must} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {pythonBase, pythonRepository} from './python-image.ts';

// Build steps of frameworks. The Django project is what `django-admin startproject` makes, in an image with Django.

const words = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "hello"\nmsgstr "hallo"\n';
const requirements = 'django==5.2.7\ngunicorn==23.0.0\n';

describe('build steps of frameworks', long, () => {
  test('Django: collectstatic, and the application of manage.py', async () => {
    const generator = pythonRepository({'requirements.txt': requirements});
    assert.equal((await generator.build()).code, 0);
    const made = await generator.inside(
      'sh',
      '-c',
      'cd /tmp && django-admin startproject mysite . >&2 && for f in manage.py mysite/settings.py mysite/urls.py mysite/wsgi.py; do echo "=== $f"; cat $f; done',
    );
    const files = Object.fromEntries(
      made
        .split(/^=== /m)
        .slice(1)
        .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
    );
    const settings = `${files['mysite/settings.py']}\nSTATIC_ROOT = BASE_DIR / "staticfiles"\nALLOWED_HOSTS = ["*"]\n`;
    const service = pythonRepository({
      ...files,
      'requirements.txt': requirements,
      'mysite/__init__.py': '',
      'mysite/settings.py': settings,
    });
    const {code, output} = await service.build();
    assert.equal(code, 0, output);
    assert.match(output, /^\$ python manage\.py collectstatic --noinput\n\d+ static files copied/m);
    assert.match(await service.inside('ls', 'staticfiles'), /admin/);
    assert.match(await service.answer(), /The install worked successfully/);
    // Settings that need a variable: named, and the build goes on.
    service.write({'mysite/settings.py': `import os\nSECRET = os.environ["SHOP_SECRET"]\n${settings}`});
    const without = await service.build();
    assert.equal(without.code, 0, without.output);
    assert.match(
      without.output,
      /warning: collectstatic was not run, .*: mysite\/settings\.py:2: KeyError: 'SHOP_SECRET'\n/,
    );
    assert.doesNotMatch(without.output, /^\$ pip/m);
  });

  test('translations are compiled, by the command of the service or by Babel', async () => {
    const app =
      'import gettext\n\n\ndef app(environ, start):\n    start("200 OK", [])\n    return [gettext.translation("messages", "translations", ["de"]).gettext("hello").encode()]\n';
    const service = pythonRepository({
      'app.py': app,
      'requirements.txt': 'gunicorn==23.0.0\nbabel==2.17.0\n',
      'translations/de/LC_MESSAGES/messages.po': words,
    });
    const {code, output} = await service.build();
    assert.equal(code, 0, output);
    assert.match(output, /^\$ pybabel compile --directory=translations --domain=messages$/m);
    assert.equal(await service.answer(), 'hallo');
    service.write({'requirements.txt': 'gunicorn==23.0.0\n'});
    assert.match((await service.build()).output, /warning: 1 translations? .*neither Babel nor gettext is installed/);
  });
});

test("translations are compiled by the service's own command: flask translate compile", long, async () => {
  const service = pythonRepository({
    'app.py': `import gettext
import os
import click
from flask import Flask

app = Flask(__name__)


@app.cli.group()
def translate():
    pass


@translate.command()
def compile():
    if os.system("pybabel compile -d lang -D site") != 0:
        raise click.ClickException("pybabel failed")


@app.get("/")
def hello():
    return gettext.translation("site", "lang", ["de"]).gettext("hello")
`,
    'requirements.txt': 'flask==3.1.2\ngunicorn==23.0.0\nbabel==2.17.0\n',
    'lang/de/LC_MESSAGES/site.po': words,
  });
  const {code, output} = await service.build();
  assert.equal(code, 0, output);
  assert.match(output, /^\$ flask translate compile$/m);
  assert.doesNotMatch(output, /^\$ pybabel/m);
  assert.equal(await service.answer(), 'hallo');
});

test(
  "a front end beside a Python service: the manual's Dockerfile, and a note where nothing builds it",
  long,
  async () => {
    const manual = readFileSync(join(import.meta.dirname, '../../docs/images.md'), 'utf8');
    const section = manual.split('## A front end beside a Python service')[1] ?? '';
    const dockerfile = /^```dockerfile\n([^]*?)^```$/m.exec(section)?.[1] ?? '';
    assert.match(dockerfile, /^FROM entrypoint\/node:26 AS web$/m);
    const node = process.env['ENTRYPOINT_TEST_NODE'] ?? 'entrypoint/node';
    const service = pythonRepository({
      'app.py':
        'def app(environ, start):\n    start("200 OK", [])\n    with open("web/dist/index.html", "rb") as page:\n        return [page.read()]\n',
      'requirements.txt': 'gunicorn==23.0.0\n',
      'web/package-lock.json': '{"name": "web", "lockfileVersion": 3, "packages": {"": {"name": "web"}}}\n',
      'web/package.json': '{"name": "web", "type": "module", "scripts": {"build": "node build.js"}}\n',
      'web/build.js':
        "import {mkdirSync, writeFileSync} from 'node:fs';\nmkdirSync('dist');\nwriteFileSync('dist/index.html', 'built');\n",
    });
    const alone = await service.build();
    assert.equal(alone.code, 0, alone.output);
    assert.match(alone.output, /^entrypoint: not read: web\/package-lock\.json, which is Node's, /m);
    assert.match(alone.output, /^entrypoint: not built: web\/package\.json has scripts\.build, .*docs\/images\.md/m);
    service.write({
      Dockerfile: dockerfile
        .replace('entrypoint/node:', `${node}:`)
        .replace(/^FROM entrypoint\/python-service:.*$/m, `FROM ${pythonBase}`),
    });
    const {code, output} = await service.build();
    assert.equal(code, 0, output);
    assert.equal(await service.answer(), 'built');
  },
);

test('the images with other versions of Python install and serve', long, async () => {
  for (const version of ['3.11', '3.14']) {
    const base = `entrypoint/python-service:${version}`;
    await must(['image', 'inspect', base]);
    const service = pythonRepository({
      Dockerfile: `FROM ${base}\n`,
      '.python-version': `${version}\n`,
      'requirements.txt': 'gunicorn==23.0.0\n',
      'app.py':
        'import sys\n\n\ndef app(environ, start):\n    start("200 OK", [])\n    return ["{}.{}".format(*sys.version_info).encode()]\n',
    });
    const {code, output} = await service.build();
    assert.equal(code, 0, output);
    assert.equal(await service.answer(), version);
  }
});
