import {parseLines} from 'dot-properties';
import type {Reading, Setting} from '../model/types.ts';
import {lastOfEach, lineFinder} from './duplicates.ts';
import {placeholders} from './placeholders.ts';

/** Reads a Java properties file: escapes, continuation lines, `${other.key}` and `${VARIABLE:default}`. */
export function readProperties(file: string, text: string): Reading {
  const lineOf = lineFinder(text);
  const settings = parseLines(text, true).flatMap((node): Setting[] => {
    if (node.type !== 'PAIR') return [];
    const {key, value, range} = node as unknown as {key: string; value: string; range: readonly number[]};
    return [{path: [key], value, file, line: lineOf(range[0] ?? 0), ...placeholders(value)}];
  });
  return {format: 'properties', parts: [{settings: lastOfEach(settings)}], problems: []};
}
