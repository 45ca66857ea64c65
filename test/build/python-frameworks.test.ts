import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {must} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {pythonRepository} from './python-image.ts';

// Build steps of frameworks. The Django project is what `django-admin startproject` makes, in an image with Django.

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
    const po = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "hello"\nmsgstr "hallo"\n';
    const app =
      'import gettext\n\n\ndef app(environ, start):\n    start("200 OK", [])\n    return [gettext.translation("messages", "translations", ["de"]).gettext("hello").encode()]\n';
    const service = pythonRepository({
      'app.py': app,
      'requirements.txt': 'gunicorn==23.0.0\nbabel==2.17.0\n',
      'translations/de/LC_MESSAGES/messages.po': po,
    });
    const {code, output} = await service.build();
    assert.equal(code, 0, output);
    assert.match(output, /^\$ pybabel compile --directory=translations --domain=messages$/m);
    assert.equal(await service.answer(), 'hallo');
    service.write({'requirements.txt': 'gunicorn==23.0.0\n'});
    assert.match((await service.build()).output, /warning: 1 translations? .*neither Babel nor gettext is installed/);
  });
});

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
