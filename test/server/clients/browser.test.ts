import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {temporaryDirectory} from '../../support/directory.ts';
import {installFrameworks, withFrameworks} from '../../support/frameworks.ts';
import {all} from '../../support/long.ts';
import {needs} from '../../support/program.ts';
import {until} from '../../support/until.ts';
import {startServer, type TestServer} from '../support.ts';

const service = readFileSync(join(import.meta.dirname, 'fixtures/live.cjs'), 'utf8');

interface Report {
  /** Of the server-sent events. */
  readonly ids: readonly number[];
  readonly opened: number;
  readonly acknowledged: readonly number[];
  readonly sent: number;
  /** With which the websockets were closed. */
  readonly codes: readonly number[];
  readonly connected: number;
}

const reports = (server: TestServer): readonly Report[] =>
  [...server.output().matchAll(/^report (.*)$/gm)].map(([, text]) => JSON.parse(text ?? '') as Report);

before(() => {
  if (all) installFrameworks();
});

// `sync` serves one request at a time: a stream would occupy a worker.
for (const workerClass of ['async', 'threads'])
  test(
    `Chromium, ${workerClass}: its events and its websocket come back after each reload and miss nothing`,
    needs('chromium'),
    async (t) => {
      const server = await startServer(t, {
        file: 'service.cjs',
        module: withFrameworks(service),
        env: {BEGUN: String(Date.now())},
        flags: ['--workers=2', `--worker-class=${workerClass}`, '--threads=2'],
      });
      const browser = spawn(
        'chromium',
        [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-dev-shm-usage',
          '--no-first-run',
          `--user-data-dir=${temporaryDirectory()}`,
          // Keeps the page open.
          '--remote-debugging-port=0',
          `http://127.0.0.1:${server.port}/`,
        ],
        {stdio: 'ignore', detached: true},
      );
      t.after(async () => {
        // Its processes are a group.
        process.kill(-(browser.pid ?? 0), 'SIGKILL');
        await once(browser, 'exit');
      });
      const latest = (): Report | undefined => reports(server).at(-1);
      const caughtUp = (connections: number): boolean => {
        const report = latest();
        return (
          report !== undefined &&
          report.connected >= connections &&
          report.opened >= connections &&
          report.acknowledged.length > connections * 10
        );
      };
      await until('the page is connected', () => caughtUp(1), 30);
      for (let count = 1; count <= 4; count += 1) {
        server.signal('SIGHUP');
        await server.event('reloaded', {count, seconds: 30});
        await until(
          () => `the page is connected again: ${JSON.stringify(latest())}`,
          () => caughtUp(count + 1),
          20,
        );
      }
      await sleep(500);
      const {ids = [], codes, acknowledged = [], sent = 0} = latest() ?? {};
      const expected = Array.from({length: ids.length}, (_, index) => (ids[0] ?? 0) + index);
      assert.deepEqual(ids, expected, 'every event, in its order, once');
      assert.deepEqual(new Set(codes), new Set([1001]), 'each websocket was closed with 1001: going away');
      assert.deepEqual(
        acknowledged.toSorted((one, other) => one - other),
        Array.from({length: acknowledged.length}, (_, index) => index + 1),
        'every message was answered',
      );
      assert.ok(sent - acknowledged.length < 20, `${sent} were sent, ${acknowledged.length} answered`);
    },
  );
