import {join} from 'node:path';
import {temporaryDirectory} from '../../../support/directory.ts';

/** The files of a virtual environment with these programs. */
export const venv = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(['python', ...names].map((name) => [`.venv/bin/${name}`, '#!/bin/sh\n']));

/** An environment where PATH has no program. */
export const noPath = {PATH: join(temporaryDirectory(), 'nothing')};
