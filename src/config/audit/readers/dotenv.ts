import {parseEnv} from 'node:util';
import type {Reading, Setting} from '../model/types.ts';
import {placeholders} from './placeholders.ts';

/** Reads a .env file with Node's own parser; the lines are found beside it. */
export function readDotenv(file: string, text: string): Reading {
  const values = parseEnv(text);
  const lines = text.split(/\r?\n/);
  const lineOf = (name: string): number => {
    const at = lines.findIndex((line) => line.replace(/^\s*(?:export\s+)?/, '').replace(/\s*=.*$/, '') === name);
    return Math.max(0, at) + 1;
  };
  const settings = Object.entries(values).map(([name, value = '']): Setting => {
    return {path: [name], value, file, line: lineOf(name), references: placeholders(value).references};
  });
  return {format: 'env', parts: [{settings: settings.toSorted((a, b) => a.line - b.line)}], problems: []};
}
