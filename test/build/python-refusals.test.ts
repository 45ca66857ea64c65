import assert from 'node:assert/strict';
import {test} from 'node:test';
import {all} from '../support/long.ts';
import {pythonRepository} from './python-image.ts';

// What a build refuses, in a line or two that name the place and the way out.

const project = '[project]\nname = "shop"\nversion = "1"\n';
const lock = (name: string, version: string): string =>
  `version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[[package]]\nname = "${name}"\nversion = "${version}"\nsource = { registry = "https://index.invalid/simple" }\n`;

interface Refusal {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly what: RegExp;
  readonly fix: RegExp;
  /** Part of `npm test`. */
  readonly quick?: boolean;
}

const refusals: readonly Refusal[] = [
  {
    title: 'two lock files',
    files: {'pyproject.toml': project, 'uv.lock': lock('idna', '3.10'), 'poetry.lock': ''},
    what: /^entrypoint: two lock files: uv\.lock:1 of uv, poetry\.lock:1 of poetry$/m,
    fix: /^fix: git rm the one/m,
    quick: true,
  },
  {
    title: 'a lock file without a dependency of its manifest',
    files: {
      'pyproject.toml': `${project}dependencies = [\n  "idna",\n  "flask",\n]\n`,
      'uv.lock': lock('idna', '3.10'),
    },
    what: /^entrypoint: pyproject\.toml:6 asks for flask, which uv\.lock does not contain$/m,
    fix: /^fix: uv lock, and commit uv\.lock$/m,
  },
  {
    title: 'a lock file with another version than its manifest asks for',
    files: {'pyproject.toml': `${project}dependencies = ["idna>=3.11"]\n`, 'uv.lock': lock('idna', '3.10')},
    what: /^entrypoint: pyproject\.toml:4 asks for idna>=3\.11, and uv\.lock:6 has 3\.10$/m,
    fix: /^fix: uv lock/m,
  },
  {
    title: 'requirements that contradict the lock file',
    files: {
      'pyproject.toml': `${project}dependencies = ["idna"]\n`,
      'uv.lock': lock('idna', '3.10'),
      'requirements.txt': 'idna==3.9\n',
    },
    what: /^entrypoint: uv\.lock and requirements\.txt disagree: requirements\.txt:1: idna==3\.9, and uv\.lock:6 has 3\.10$/m,
    fix: /^fix: write requirements\.txt again/m,
  },
  {
    title: 'requirements.txt behind requirements.in',
    files: {'requirements.in': 'idna\nflask\n', 'requirements.txt': 'idna==3.10\n'},
    what: /^entrypoint: requirements\.in:2 asks for flask, which requirements\.txt does not list$/m,
    fix: /^fix: pip-compile requirements\.in/m,
    quick: true,
  },
  {
    title: 'a pin that pyproject.toml excludes',
    files: {'pyproject.toml': `${project}dependencies = ["idna>=3.11"]\n`, 'requirements.txt': 'idna==3.10\n'},
    what: /^entrypoint: pyproject\.toml:4 asks for idna>=3\.11, and requirements\.txt:1 pins 3\.10$/m,
    fix: /^fix: change one of the two lines$/m,
  },
  {
    title: 'two files with different pins',
    files: {'requirements.txt': 'idna==3.10\n', 'requirements-dev.txt': 'idna==3.9\n'},
    what: /^entrypoint: requirements-dev\.txt:1 pins idna 3\.9, and requirements\.txt:1 pins 3\.10$/m,
    fix: /^fix: change one of the two lines, or choose/m,
  },
  {
    title: 'a file that is not there',
    files: {'requirements.txt': 'idna==3.10\n-r common/missing.txt\n'},
    what: /^entrypoint: requirements\.txt:2 needs common\/missing\.txt, which is not there$/m,
    fix: /^fix: correct the line/m,
  },
  {
    title: 'an environment of conda',
    files: {'environment.yml': 'name: shop\n'},
    what: /^entrypoint: environment\.yml:1 is for conda, which this image does not have$/m,
    fix: /^fix: list the packages in requirements\.txt/m,
  },
  {
    title: 'a version of Python that no image has',
    files: {'.python-version': '3.12.4\n', 'requirements.txt': 'idna==3.10\n'},
    what: /^entrypoint: \.python-version:1 asks for Python 3\.12\.4, and this image has 3\.13\.\d+$/m,
    fix: /^fix: change \.python-version; .*docs\/images\.md/m,
    quick: true,
  },
  {
    title: 'a version of Python that another image has',
    files: {'pyproject.toml': `${project}requires-python = "<3.13"\n`},
    what: /^entrypoint: pyproject\.toml:4 asks for Python <3\.13, and this image has 3\.13\.\d+$/m,
    fix: /^fix: FROM entrypoint\/python-service:3\.11$/m,
  },
  {
    title: 'a misspelt choice',
    files: {'pyproject.toml': `${project}[tool.entrypoint]\nextra = ["a"]\n`},
    what: /^entrypoint: pyproject\.toml:5: \[tool\.entrypoint\] has no key extra$/m,
    fix: /^fix: one of: asgi_module, config, extras, groups/m,
  },
  {
    title: 'a package that must be compiled, with the Debian packages that help',
    files: {'requirements.txt': 'psycopg2==2.9.9\n'},
    what: /^entrypoint: psycopg2 has no wheel for Python 3\.13 and cannot be compiled/m,
    fix: /^fix: .*apt-install libpq-dev gcc libc6-dev python3-dev/m,
  },
];

for (const {title, files, what, fix, quick} of refusals) {
  test(`refused: ${title}`, {skip: quick === true || all ? false : 'part of npm run test:build'}, async () => {
    const {code, output} = await pythonRepository({'app.py': '', ...files}).build();
    assert.notEqual(code, 0, output);
    assert.match(output, what);
    assert.match(output, fix);
    // The builder repeats the output of a failed step.
    const own = new Set(output.split('\n').filter((line) => /^(?:entrypoint:|fix:| {2}\S)/.test(line)));
    assert.ok(own.size <= 5, output);
  });
}
