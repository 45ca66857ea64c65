// print-planted.ts DIRECTORY COUNT SEED: prints everything about COUNT environments with planted secrets, on both streams.
import {writeFileSync} from 'node:fs';
import {defineConfig} from '../../../src/config/declaration/index.ts';
import {everyType} from './faulty.ts';
import {plantedEnvironment, plantedFiles, printedByCommand, printedByRead, randomOf} from './planted.ts';

const [directory = '', count = '0', seed = '1'] = process.argv.slice(2);
// Synchronous, whatever the reader does: what a stream still holds is lost with the error at the end.
const random = randomOf(Number(seed));
const paths = plantedFiles(directory);
let before = plantedEnvironment(random, paths);
for (let at = 0; at < Number(count); at += 1) {
  const env = plantedEnvironment(random, paths);
  const {always, messages} = printedByRead(env);
  writeFileSync(1, `${always}\n${messages}\n${printedByCommand(env, before)}\n`);
  before = env;
  // Node's own warnings, on standard error.
  if (at % 500 === 0)
    try {
      defineConfig(everyType).read({env});
    } catch (error) {
      writeFileSync(2, `${String(error)}\n`);
    }
}
// Nothing catches the last one: Node prints it.
defineConfig(everyType).read({env: before});
