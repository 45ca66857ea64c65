import assert from 'node:assert/strict';
import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {must} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {buildService, builtService} from './built-service.ts';

// What the build's own steps add to an image: the examples are no larger than with the installer's own command.

const examples: readonly {readonly name: string; readonly plain: string}[] = [
  {
    name: 'buy-service',
    plain: `FROM entrypoint/node:26
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=ca NODE_EXTRA_CA_CERTS=/run/secrets/ca npm ci
COPY . .
RUN compile-ahead
`,
  },
  {
    name: 'points-api',
    plain: `FROM entrypoint/python:3.13
COPY requirements requirements/
RUN --mount=type=cache,target=/root/.cache --mount=type=secret,id=ca { [ ! -s /run/secrets/ca ] || export PIP_CERT=/run/secrets/ca; } && pip install --requirement=requirements/run.txt --requirement=requirements/dev.txt
COPY . .
`,
  },
];
const sizeOf = async (image: string): Promise<number> =>
  Number(await must(['image', 'inspect', '--format', '{{.Size}}', image]));

describe('the images of the examples', long, () => {
  for (const {name, plain} of examples)
    test(`${name}: no larger than by the installer alone`, async () => {
      const sizes: number[] = [];
      for (const dockerfile of [undefined, plain]) {
        const service = builtService();
        const from = join(import.meta.dirname, '../../examples', name);
        cpSync(from, service.directory, {
          recursive: true,
          filter: (path) => !/\/(?:\.venv|__pycache__|reports|node_modules)$/.test(path),
        });
        if (dockerfile !== undefined) service.write({Dockerfile: dockerfile});
        const {code, output} = await buildService(service, {});
        assert.equal(code, 0, output);
        sizes.push(await sizeOf(service.image));
      }
      const [ours = 0, others = 0] = sizes;
      assert.ok(ours > 0 && ours <= others + 100_000, `${ours} bytes, and ${others} by the installer alone`);
    });
});
