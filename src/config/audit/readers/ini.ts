import type {Reading, Setting} from '../model/types.ts';
import {lastOfEach} from './duplicates.ts';

// Python's configparser is the strictest of the usual readers, and the only one with continuation lines and references.
const section = /^\s*\[([^\]]*)\]\s*(?:[;#].*)?$/;
const reference = /%\(([^)\s]{1,200})\)s/g;

/** Reads an ini file: sections, `=` or `:`, comments, continuation lines; everything is text. */
export function readIni(file: string, text: string): Reading {
  const settings: {setting: Setting; indent: number; lines: string[]}[] = [];
  const problems: {file: string; line: number; text: string}[] = [];
  let path: readonly string[] = [];
  let open: (typeof settings)[number] | undefined;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trim();
    const indent = line.length - line.trimStart().length;
    if (trimmed === '' || /^[;#]/.test(trimmed)) continue;
    if (open !== undefined && indent > open.indent) {
      open.lines.push(trimmed);
      continue;
    }
    open = undefined;
    const heading = section.exec(line);
    if (heading !== null) {
      path = [(heading[1] ?? '').trim()];
      continue;
    }
    const at = trimmed.search(/[=:]/);
    const name = at === -1 ? trimmed : trimmed.slice(0, at).trimEnd();
    if ((at === -1 && /[[\]]/.test(trimmed)) || name === '') {
      problems.push({file, line: index + 1, text: 'is neither a section nor `key = value`'});
      continue;
    }
    const setting = {path: [...path, name], value: null, file, line: index + 1};
    open = {setting, indent, lines: at === -1 ? [] : [withoutComment(trimmed.slice(at + 1).trim())]};
    settings.push(open);
  }
  const read = settings.map(({setting, lines}): Setting => {
    const value = lines.length === 0 ? null : lines.join('\n').trim();
    const names = [...(value ?? '').matchAll(reference)].map(([, name = '']) => name);
    const {path: own, line} = setting;
    return {path: own, value, file, line, references: names.length === 0 ? undefined : names};
  });
  return {format: 'ini', parts: [{settings: lastOfEach(read)}], problems};
}

// A comment behind a value needs a space before it: passwords and colours contain # and ;.
function withoutComment(value: string): string {
  if (/^(["']).*\1$/.test(value)) return value;
  return value.replace(/\s[;#]\s.*$/, '').trimEnd();
}
