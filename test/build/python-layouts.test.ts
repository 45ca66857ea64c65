import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {all} from '../support/long.ts';
import {pythonRepository} from './python-image.ts';

// Every package manager and layout: built by a plain `docker build`, tested in its image, run, asked once, and built
// again after a changed line.

interface Layout {
  readonly title: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly fixture?: string;
  /** What installs. */
  readonly command: RegExp;
  readonly says?: readonly RegExp[];
  /** A package, beside gunicorn, that must be there. */
  readonly has?: string;
  /** A program that the installation brings, and what it prints. */
  readonly runs?: readonly [program: string, output: string];
  /** Part of `npm test`. */
  readonly quick?: boolean;
}

const app = 'def app(environ, start):\n    start("200 OK", [])\n    return [b"hello"]\n';
const passes = {'tests/test_app.py': 'from app import app\n\n\ndef test_app():\n    assert callable(app)\n'};
const service = {'app.py': app, 'pytest.ini': '[pytest]\npythonpath = .\n', ...passes};
const setuptools = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n';
const project = '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n';
const pins = 'gunicorn==23.0.0\nidna==3.10\npytest==8.4.2\n';

// What needs the source is kept in the build cache, which outlasts a run of the tests: these inputs differ in each.
const run = String(Math.random());

const layouts: readonly Layout[] = [
  {
    title: 'requirements.txt beside one with other pins',
    files: {...service, 'requirements.txt': pins, 'requirements-min.txt': 'idna==3.4\n'},
    command: /^\$ pip install --requirement=requirements\.txt$/m,
    says: [/not installed: requirements-min\.txt/],
    quick: true,
  },
  {
    title: '-r of a file in another directory',
    files: {
      ...service,
      'requirements.txt': '-r deps/all.txt\n',
      'deps/all.txt': `${pins}colorama==0.4.6; sys_platform == "none-${run}"\n`,
    },
    command: /^\$ pip install --requirement=requirements\.txt$/m,
    says: [/the packages follow after the source is copied: requirements\.txt:1 needs deps\/all\.txt/],
  },
  {
    title: 'a directory of requirements with constraints',
    files: {
      ...service,
      'requirements/base.txt': 'gunicorn\nidna\n',
      'requirements/dev.txt': '-r base.txt\npytest==8.4.2\n',
      'requirements/constraints.txt': 'gunicorn==23.0.0\nidna==3.10\n',
    },
    command: /^\$ pip install --requirement=requirements\/base\.txt --requirement=requirements\/dev\.txt$/m,
  },
  {
    title: '-e ., a src layout with a readme and a console script',
    files: {
      'src/shop/__init__.py': `${app}\n\ndef main():\n    print("from the script")\n`,
      'tests/test_app.py': 'import shop\n\n\ndef test_app():\n    assert callable(shop.app)\n',
      'README.md': '# shop\n',
      'requirements.txt': `${pins}-e .\n`,
      'pyproject.toml': `${project}readme = "README.md"\n[project.scripts]\nshop = "shop:main"\n${setuptools}[tool.setuptools.packages.find]\nwhere = ["src"]\n[tool.entrypoint]\nmodule = "shop:app"\n`,
    },
    command: /^\$ pip install --editable \.$/m,
    has: 'shop',
    runs: ['shop', 'from the script'],
  },
  {
    title: 'requirements.in alone',
    files: {...service, 'requirements.in': pins},
    command: /^\$ pip install --requirement=requirements\.in$/m,
    says: [/warning: no lock file: requirements\.in/],
  },
  {
    title: 'pyproject.toml alone',
    files: {
      ...service,
      'pyproject.toml': `${project}dependencies = ["gunicorn==23.0.0"]\n[project.optional-dependencies]\nidn = ["idna==3.10"]\n[dependency-groups]\ndev = [{include-group = "test"}]\ntest = ["pytest==8.4.2"]\n[tool.hatch.envs.lint]\ndependencies = ["ruff"]\n`,
      'tools/make/poetry.lock': '',
    },
    command: /^\$ pip install gunicorn==23\.0\.0 idna==3\.10 pytest==8\.4\.2/m,
    says: [
      /warning: no lock file: pyproject\.toml/,
      /^fix: uv lock/m,
      /not installed: the environments lint of hatch \(pyproject\.toml:\d+\)/,
      /not read: tools\/make\/poetry\.lock \(what the service itself lists is installed\)/,
    ],
  },
  {
    title: 'dynamic dependencies in a file elsewhere',
    files: {
      ...service,
      'pyproject.toml': `${project}dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = ["reqs/all.in"]}\n# ${run}\n`,
      'reqs/all.in': pins,
    },
    command: /^\$ pip install gunicorn==23\.0\.0/m,
  },
  {
    title: 'setup.py',
    files: {
      ...service,
      'setup.py': `from setuptools import setup\nsetup(name="shop", py_modules=["app"], install_requires=["gunicorn==23.0.0", "idna==3.10"], extras_require={"test": ["pytest==8.4.2"]})\n# ${run}\n`,
    },
    command: /^\$ pip install '-e \.'$\n\$ pip install --editable '\.\[test\]'$/m,
    has: 'shop',
  },
  {
    title: 'setup.cfg',
    files: {
      ...service,
      'setup.cfg': `[metadata]\nname = shop\n[options]\npy_modules = app\ninstall_requires =\n${pins.replaceAll(/^(?=.)/gm, '  ')}`,
      'pyproject.toml': setuptools,
    },
    command: /^\$ pip install --no-deps --editable \.$/m,
    has: 'shop',
  },
  {
    title: "poetry's groups without a lock file",
    files: {
      ...service,
      'pyproject.toml':
        '[tool.poetry]\nname = "shop"\nversion = "1"\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.11"\ngunicorn = "^23.0.0"\n[tool.poetry.group.test.dependencies]\npytest = "~8.4"\nidna = {version = "3.10"}\n[[tool.poetry.source]]\nname = "corp"\nurl = "https://corp.invalid/simple"\npriority = "explicit"\n',
    },
    command: /^\$ pip install 'gunicorn>=23\.0\.0,<24'/m,
    says: [/warning: pyproject\.toml:11: pip does not read \[tool\.poetry\.source\], .* poetry lock, or/],
  },
  {
    title: 'a Pipfile without a lock file',
    files: {
      ...service,
      Pipfile: '[packages]\ngunicorn = "==23.0.0"\nidna = "==3.10"\n[dev-packages]\npytest = "==8.4.2"\n',
    },
    command: /^\$ pipenv install --dev --skip-lock$/m,
  },
  {title: 'poetry.lock with a project beside it', fixture: 'poetry', command: /^\$ poetry export/m, has: 'lib'},
  {title: 'uv.lock', fixture: 'uv', command: /^\$ uv sync --locked --inexact --no-install-project$/m},
  {
    title: 'uv.lock with extras of which some conflict, groups, and the version of uv that it requires',
    fixture: 'uv-choices',
    command: /^\$ uv sync --locked --inexact --extra=colour --group=dev --group=test --no-install-project$/m,
    says: [
      /^# pyproject\.toml:\d+ asks for uv ==0\.7\.22$/m,
      /not installed: the extras cpu, gpu, which conflict with each other/,
    ],
    has: 'colorama',
  },
  {title: 'pdm.lock', fixture: 'pdm', command: /^\$ pdm install --frozen-lockfile/m},
  {title: 'Pipfile.lock', fixture: 'pipenv', command: /^\$ pipenv install --dev --deploy$/m},
  {title: 'a workspace of uv', fixture: 'uv-workspace', command: /^\$ uv sync --locked/m, has: 'greet', quick: true},
];

// What a build of a changed line may run: projects of the source itself, and archives of what was installed.
const cheap = /^\$ (?:pip install (?:--no-deps )?--editable |uv sync --locked|tar --extract)/;

for (const {title, files = {}, fixture, command, says = [], has = 'idna', runs, quick} of layouts) {
  describe(title, {skip: quick === true || all ? false : 'part of npm run test:build', concurrency: false}, () => {
    const {build, write, inside, answer} = pythonRepository(files, fixture);
    test('a plain docker build installs everything', async () => {
      const {code, output} = await build();
      assert.equal(code, 0, output);
      // A step that an earlier run has cached prints nothing.
      if (!/before-source\n(?:#\d+ sha256.*\n)*#\d+ CACHED/.test(output)) {
        assert.match(output, command);
        for (const one of says) assert.match(output, one);
      }
      const script = `import gunicorn, idna, importlib.metadata as m; print(m.version("${has}"))`;
      assert.match(await inside('python3', '-c', script), /^\d/);
      if (runs !== undefined) assert.equal(await inside(runs[0]), runs[1]);
      assert.equal(
        await inside('sh', '-c', 'find /tmp -type f; command -v uv poetry pdm pipenv || :'),
        '',
        'leftovers',
      );
    });
    test('the service answers', async () => assert.equal(await answer(), 'hello'));
    if ('tests/test_app.py' in files)
      test('the image runs its own tests', async () => {
        const words = ['sh', '-c', 'entrypoint test_unit 2>&1'];
        assert.match(await inside(...words), /1 passed/);
      });
    test('a changed line installs nothing', async () => {
      const source = 'src/shop/__init__.py' in files ? 'src/shop/__init__.py' : 'changed.md';
      write({[source]: `# ${Math.random()}\n${files[source] ?? ''}`});
      const {code, output} = await build();
      assert.equal(code, 0, output);
      const commands = output.split('\n').filter((line) => line.startsWith('$ '));
      const further = commands.filter((line) => !cheap.test(line));
      assert.deepEqual(further, []);
    });
  });
}
