// What a declaration infers, and what the compiler must refuse. `tsc --noEmit` is the test: nothing here runs.
import * as v from 'valibot';
import {type ConfigValues, defineConfig, type Json, type Secret} from '../../src/config/declaration/index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const same: <A, B>(equal: Equal<A, B>) => void;

const config = defineConfig({
  NAME: {type: 'text'},
  COUNT: {type: 'integer', default: 3},
  RATIO: {type: 'number', optional: true},
  DEBUG: {type: 'boolean', default: false},
  TIMEOUT: {type: 'duration', default: '30s'},
  SIZE: {type: 'size'},
  HOME_PAGE: {type: 'URL'},
  LISTEN: {type: 'port'},
  TAGS: {type: 'list'},
  LEVEL: {type: 'enum', choices: ['debug', 'info'], default: 'info'},
  LIMITS: {type: 'JSON'},
  COOKIE: {type: 'base64', secret: true},
  CERTIFICATE: {type: 'certificate'},
  SIGNING: {type: 'key'},
  PUBLIC: {type: 'key', secret: false},
  PASSWORD: {type: 'text', secret: true},
  TOKEN: {type: 'text', secret: true, optional: true, tasks: ['migrate', 'run']},
  MAIL: v.pipe(v.string(), v.email()),
  PEERS: {schema: v.pipe(v.string(), v.transform(Number)), secret: true, tasks: ['migrate']},
});

same<
  ReturnType<typeof config.read<undefined>>,
  {
    readonly NAME: string;
    readonly COUNT: number;
    readonly RATIO: number | undefined;
    readonly DEBUG: boolean;
    readonly TIMEOUT: number;
    readonly SIZE: number;
    readonly HOME_PAGE: string;
    readonly LISTEN: number;
    readonly TAGS: readonly string[];
    readonly LEVEL: 'debug' | 'info';
    readonly LIMITS: Json;
    readonly COOKIE: Secret<Uint8Array>;
    readonly CERTIFICATE: string;
    readonly SIGNING: Secret;
    readonly PUBLIC: string;
    readonly PASSWORD: Secret;
    readonly TOKEN: Secret | undefined;
    readonly MAIL: string;
    readonly PEERS: Secret<number>;
  }
>(true);

// A task has the fields that it needs.
const forRun = config.read({task: 'run'});
same<typeof forRun.TOKEN, Secret | undefined>(true);
// @ts-expect-error: only `migrate` needs it
void forRun.PEERS;
// @ts-expect-error: only `migrate` and `run` need it
void config.read({task: 'import'}).TOKEN;
same<ConfigValues<typeof config.fields, 'migrate'>['PEERS'], Secret<number>>(true);
// @ts-expect-error: values do not change
forRun.NAME = 'other';
// @ts-expect-error: a secret is no text
const text: string = forRun.PASSWORD;
void text;

// @ts-expect-error: no such type
defineConfig({A: {type: 'txt'}});
// @ts-expect-error: no such key
defineConfig({A: {type: 'text', defualt: 'x'}});
// @ts-expect-error: a default of another type
defineConfig({A: {type: 'integer', default: '3'}});
// @ts-expect-error: choices are missing
defineConfig({A: {type: 'enum'}});
