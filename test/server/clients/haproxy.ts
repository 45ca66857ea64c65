import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import type {TestContext} from 'node:test';
import {freePort} from '../../../bench/server/running.ts';
import {temporaryDirectory} from '../../support/directory.ts';
import {until} from '../../support/until.ts';

export interface HaproxyOptions {
  /** Lines of the section `global`. */
  readonly global?: string;
  /** Lines of the backend, with its servers. */
  readonly backend: string;
}

const opens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({port, host: '127.0.0.1'}, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** Starts the HAProxy of this machine in front of servers; it ends with the test. @returns its port */
export async function startHaproxy(t: TestContext, {global = '', backend}: HaproxyOptions): Promise<number> {
  const port = await freePort();
  const file = join(temporaryDirectory(), 'haproxy.cfg');
  writeFileSync(
    file,
    `global
    ${global}
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend all
    bind 127.0.0.1:${port}
    default_backend service
backend service
    ${backend}
`,
  );
  const child = spawn('haproxy', ['-db', '-f', file], {stdio: ['ignore', 'ignore', 'inherit']});
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await until('HAProxy listens', () => opens(port));
  return port;
}
