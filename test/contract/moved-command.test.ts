import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import type {Report} from '../../src/contract/check.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {removeImagesOf} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {runCommand, removeImages, tagOf} from './fixtures.ts';

// The command in images that others made: the Dockerfile of docs/images.md, on images of Debian's packages.

const cli = join(import.meta.dirname, '../../src/cli/bin.ts');
const manual = readFileSync(join(import.meta.dirname, '../../docs/images.md'), 'utf8');
const dockerfile = /^```dockerfile\n([^]*?)^```$/m.exec(manual)?.[1] ?? '';

interface Moved {
  /** The image that others made. */
  readonly base: string;
  /** What the manual's Dockerfile becomes, besides its first line. */
  readonly adapt?: (text: string) => string;
  readonly files: Readonly<Record<string, string>>;
  /** What answers. */
  readonly answers: RegExp;
}

const python =
  'def app(environ, start):\n    start("200 OK", [("Content-Type", "text/plain")])\n    return [b"python"]\n';
const node =
  "import {createServer} from 'node:http';\nexport default createServer((request, response) => response.end(`node ${process.version}`));\n";
const nodeFiles = {'package.json': '{"name": "moved", "type": "module", "main": "server.js"}\n', 'server.js': node};
const withoutPip = (text: string): string =>
  text.replace(/^COPY requirements.*\nRUN pip .*\n/m, 'COPY package.json .\n');

const images: Readonly<Record<string, Moved>> = {
  "Debian's Python, with gunicorn": {
    base: 'FROM entrypoint/debian:trixie\nRUN apt-install gunicorn python3 python3-pip\nENV PIP_BREAK_SYSTEM_PACKAGES=1\n',
    files: {'app.py': python, 'requirements.txt': 'gunicorn==23.0.0\n'},
    answers: /^python$/,
  },
  "Debian's Node, too old for the command: that of the command serves": {
    base: 'FROM entrypoint/debian:trixie\nRUN apt-install nodejs\n',
    adapt: withoutPip,
    files: nodeFiles,
    answers: /^node v26\./,
  },
  "a Node of the image's own": {
    base: 'FROM entrypoint/debian:trixie\nRUN apt-install libatomic1 libstdc++6\nCOPY --from=entrypoint/base:24 /usr/local/bin/node /usr/bin/node\n',
    adapt: (text) => withoutPip(text).replace(/^ENV /m, 'ENV ENTRYPOINT_NODE=node '),
    files: nodeFiles,
    answers: /^node v24\./,
  },
};

after(removeImages);

async function must(program: string, words: readonly string[], cwd: string): Promise<string> {
  const {code, stdout, stderr} = await runCommand(program, words, {cwd});
  assert.equal(code, 0, `${program} ${words.join(' ')}\n${stdout}${stderr}`);
  return stdout.trim();
}

describe('the command in an image that others made', long, () => {
  for (const [index, [title, {base, adapt = (text: string) => text, files, answers}]] of Object.entries(
    images,
  ).entries()) {
    test(`${title}: builds, serves, and passes the check`, async () => {
      const directory = temporaryDirectory();
      const baseTag = tagOf(`others-${index}`);
      const service = tagOf(`moved-${index}`);
      after(() => removeImagesOf(service));
      writeFileSync(join(directory, 'Dockerfile'), base);
      await must('docker', ['build', '--quiet', '--tag', baseTag, '.'], directory);
      const all = {
        ...files,
        Dockerfile: adapt(dockerfile).replace(/^FROM .*/, `FROM ${baseTag}`),
        'deploy.yaml': `service: ${service}\nhealth: /\ncheck: {alive: /}\n`,
      };
      for (const [name, text] of Object.entries(all)) writeFileSync(join(directory, name), text);
      const built = await must(process.execPath, [cli, '--quiet', '--json', 'build'], directory);
      const {image} = JSON.parse(built) as {image: string};
      const container = await must('docker', ['run', '--detach', '--name', service, image, 'run'], directory);
      try {
        const ask =
          'until start-as-webuser --exec health-check; do sleep 0.2; done; /usr/local/lib/entrypoint/bin/node -e \'fetch("http://127.0.0.1:3000").then((r) => r.text()).then(console.log)\'';
        assert.match(await must('docker', ['exec', container, 'timeout', '30', 'sh', '-c', ask], directory), answers);
      } finally {
        await must('docker', ['rm', '--force', '--volumes', container], directory);
      }
      const {code, stdout, stderr} = await runCommand(
        process.execPath,
        [cli, '--quiet', 'check', image, '--format=json'],
        {cwd: directory},
      );
      const {results} = JSON.parse(stdout) as Report;
      const failed = results.filter(({status}) => status === 'fail');
      assert.deepEqual(
        failed.map(({id, status, evidence}) => `${status} ${id}: ${evidence}`),
        [],
        stderr,
      );
      assert.equal(code, 0);
    });
  }
});
