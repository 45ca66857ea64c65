import {exitCode, messageOf, problem} from '../../errors.ts';
import {isMap, type YamlMap} from './compose-words.ts';
import type {Imported, Left, Taken} from './imported.ts';
import {secondProcess} from './procfile.ts';
import {needsReference} from './secret-name.ts';
import {flowText} from './yaml-lines.ts';

/** Add-ons of Heroku that are backing services, with what is known of them. */
const addons: readonly (readonly [RegExp, string])[] = [
  [/^heroku-postgresql/, 'backing_services: {postgres: {image: entrypoint/postgres:17, ready: [pg_isready, --quiet]}}'],
  [/^heroku-redis|^rediscloud/, 'backing_services: {redis: {image: redis:8, ready: [redis-cli, ping]}}'],
];

const reasons: Readonly<Record<string, string>> = {
  name: 'the service has its own name: `service` in deploy.yaml',
  description: 'it says nothing to a deploy',
  keywords: 'it says nothing to a deploy',
  website: 'it says nothing to a deploy',
  repository: 'it says nothing to a deploy',
  logo: 'it says nothing to a deploy',
  success_url: 'it says nothing to a deploy',
  buildpacks: 'the Dockerfile builds',
  stack: 'the Dockerfile builds',
  image: 'the Dockerfile builds',
  environments: 'write one as `environments` of deploy.yaml',
};

/** Takes an app.json of Heroku. @throws Problem `bad_import_file` (exit code 65) */
export function importAppJson(file: string, text: string): Imported {
  const value = parse(file, text);
  const taken: Taken[] = [];
  const left: Left[] = [];
  const local: string[] = [];
  const environment: string[] = [];
  const secrets: string[] = [];
  let release: string | undefined;
  const lines = text.split('\n');
  const lineOf = (key: string): number => lines.findIndex((line) => line.includes(`"${key}"`)) + 1;
  for (const [key, given] of Object.entries(value)) {
    const place = {line: lineOf(key), key};
    if (key === 'env' && isMap(given)) {
      for (const [name, one] of Object.entries(given)) {
        const variable = {line: lineOf(name), key: name};
        const fixed =
          typeof one === 'string' ? one : isMap(one) && typeof one['value'] === 'string' ? one['value'] : undefined;
        if (fixed !== undefined && !needsReference(name)) {
          environment.push(`  ${name}: ${flowText(fixed)}`);
          taken.push({...variable, as: '`environment`'});
        } else if (fixed === undefined && isMap(one) && one['required'] === false)
          left.push({...variable, reason: 'it is optional, and has no value'});
        else {
          secrets.push(`  ${name}: {env: ${name}}`);
          taken.push({...variable, as: `\`secrets\`: set ${name} where you deploy`});
        }
      }
    } else if (key === 'formation' && isMap(given)) {
      for (const [process, one] of Object.entries(given)) {
        const quantity = isMap(one) ? one['quantity'] : undefined;
        if (process !== 'web') left.push({line: lineOf(process), key: process, reason: secondProcess});
        else if (quantity !== undefined) {
          local.push(`replicas: ${String(quantity)}`);
          taken.push({...place, as: `replicas: ${String(quantity)}`});
        }
        if (isMap(one) && one['size'] !== undefined)
          left.push({line: lineOf('size'), key: `${process}.size`, reason: '`memory` and `cpus` limit a replica'});
      }
    } else if (key === 'scripts' && isMap(given)) {
      for (const [script, one] of Object.entries(given)) {
        if (script === 'postdeploy') {
          release = String(one);
          taken.push({line: lineOf(script), key: script, as: 'the task `release` in tasks.ts'});
        } else
          left.push({
            line: lineOf(script),
            key: script,
            reason: 'a review application is removed whole: entrypoint remove',
          });
      }
    } else if (key === 'addons' && Array.isArray(given)) {
      for (const one of given) {
        const plan = String(isMap(one) ? one['plan'] : one);
        const known = addons.find(([pattern]) => pattern.test(plan))?.[1];
        left.push({
          ...place,
          key: plan,
          reason:
            known === undefined
              ? 'no image is known for it: `backing_services`'
              : `its password is not here; write: ${known}`,
        });
      }
    } else left.push({...place, reason: reasons[key] ?? 'it is no key of app.json that is known'});
  }
  if (environment.length > 0) local.push('environment:', ...environment);
  if (secrets.length > 0) local.push('secrets:', ...secrets);
  return {file, top: [], local, release, taken, left};
}

function parse(file: string, text: string): YamlMap {
  try {
    const value: unknown = JSON.parse(text);
    if (isMap(value)) return value;
    throw new TypeError('it is no object');
  } catch (error) {
    throw problem({
      code: 'bad_import_file',
      what: `${file} is not valid JSON: ${messageOf(error)}`,
      fix: `correct ${file}`,
      exitCode: exitCode.badData,
    });
  }
}
