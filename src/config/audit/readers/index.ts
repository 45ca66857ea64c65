import type {Reading, ReadText} from '../model/types.ts';
import {readDotenv} from './dotenv.ts';
import {readIni} from './ini.ts';
import {readJson} from './json.ts';
import {readProperties} from './properties.ts';
import {readPython} from './python/index.ts';
import {readToml} from './toml.ts';
import {readYaml} from './yaml.ts';

/** The formats that are read, as messages name them. */
export const formats = 'ini, cfg, conf, properties, yaml, yml, json, jsonc, toml, .env and py';

/** Reads a configuration file by its name's form; undefined if no reader knows it. */
export function readFile(file: string, text: string, readText: ReadText): Reading | undefined {
  const name = file.split('/').at(-1) ?? '';
  if (/^\.env\b|\.env$|^env$/.test(name)) return readDotenv(file, text);
  const extension = /\.([A-Za-z]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (['ini', 'cfg', 'conf', 'cnf'].includes(extension)) return readIni(file, text);
  if (extension === 'properties') return readProperties(file, text);
  if (extension === 'yaml' || extension === 'yml') return readYaml(file, text);
  if (extension === 'json' || extension === 'jsonc') return readJson(file, text);
  if (extension === 'toml') return readToml(file, text);
  return extension === 'py' ? readPython(file, text, readText) : undefined;
}
