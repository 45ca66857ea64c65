import type {Secret} from './secret.ts';
import type {StandardSchema} from './standard-schema.ts';

/** JSON as `JSON.parse` returns it. */
export type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json};

/** What every field can say. */
interface About {
  /** What the variable is for, in one line. */
  readonly description?: string | undefined;
  /** A valid value, for messages and generated files. */
  readonly example?: string | undefined;
  /** The value is a {@link Secret}: it is printed nowhere. Default false. */
  readonly secret?: boolean | undefined;
  /** Messages and tables can show the value. Default false. */
  readonly harmless?: boolean | undefined;
  /** Without a value, the field is undefined. Default false: it needs a value or a default. */
  readonly optional?: boolean | undefined;
  /** The tasks that need it: `['run', 'migrate']`. Default: all. */
  readonly tasks?: readonly string[] | undefined;
}

interface Plain<Type extends string, Default> extends About {
  readonly type: Type;
  /** The value without the variable. A secret has none: it would be in the source. */
  readonly default?: Default | undefined;
}

interface Range<Bound> {
  /** The least value. */
  readonly min?: Bound | undefined;
  /** The greatest value. */
  readonly max?: Bound | undefined;
}

/** Text as it is. */
export interface TextField extends Plain<'text', string> {
  /** In characters. */
  readonly minLength?: number | undefined;
}
/** A whole number. */
export interface IntegerField extends Plain<'integer', number>, Range<number> {}
/** A decimal number: `0.25`, `1e3`. */
export interface NumberField extends Plain<'number', number>, Range<number> {}
/** `true`, `yes`, `on`, `1`; `false`, `no`, `off`, `0`; in any case. */
export interface BooleanField extends Plain<'boolean', boolean> {}
/** `250ms`, `30s`, `5m`, `1h30m`, `2d`. The value is in milliseconds. */
export interface DurationField extends Plain<'duration', string>, Range<string> {}
/** `64MiB`, `1.5GB`, `1024`. The value is in bytes. */
export interface SizeField extends Plain<'size', string>, Range<string> {}
/** `https://shop.example/path`, as text. One with a password must be a secret. */
export interface UrlField extends Plain<'URL', string> {
  /** Without the colon: `['postgres', 'postgresql']`. Default: any. */
  readonly schemes?: readonly string[] | undefined;
}
/** 1 to 65535. */
export interface PortField extends Plain<'port', number> {}
/** `a, b, c`: trimmed, none empty. */
export interface ListField extends Plain<'list', readonly string[]> {
  /** Default: a comma. */
  readonly separator?: string | undefined;
}
/** One of a few words. */
export interface EnumField extends Plain<'enum', string> {
  readonly choices: readonly string[];
}
/** Any JSON. */
export interface JsonField extends Plain<'JSON', Json> {}
/** Bytes. */
export interface Base64Field extends Plain<'base64', string> {}
/** One or more certificates in PEM form; `\n` in place of line breaks is accepted. */
export interface CertificateField extends Plain<'certificate', string> {}
/** A private key in PEM form; `\n` in place of line breaks is accepted. */
export interface KeyField extends Plain<'key', string> {}

/** A field that a validator of another library checks. Its messages are shown only if the field is harmless. */
export interface SchemaField extends About {
  readonly type?: undefined;
  readonly schema: StandardSchema;
  /** What the schema accepts, for messages: `an email address`. */
  readonly expected?: string | undefined;
  readonly default?: unknown;
}

/** A field with one of the built-in types. */
export type TypedField =
  | TextField
  | IntegerField
  | NumberField
  | BooleanField
  | DurationField
  | SizeField
  | UrlField
  | PortField
  | ListField
  | EnumField
  | JsonField
  | Base64Field
  | CertificateField
  | KeyField;

/** How a variable is declared: a field, or the validator alone. */
export type Field = TypedField | SchemaField | StandardSchema;

/** Declared variables by name. */
export type Fields = Readonly<Record<string, Field>>;

interface Outputs {
  readonly text: string;
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly duration: number;
  readonly size: number;
  readonly URL: string;
  readonly port: number;
  readonly list: readonly string[];
  readonly JSON: Json;
  readonly base64: Uint8Array;
  readonly certificate: string;
  readonly key: string;
}

type SchemaOutput<S> = S extends StandardSchema<infer Output> ? Output : never;

type Parsed<F> = F extends {readonly type: 'enum'; readonly choices: readonly (infer Choice)[]}
  ? Choice
  : F extends {readonly type: infer Type extends keyof Outputs}
    ? Outputs[Type]
    : F extends {readonly schema: infer S}
      ? SchemaOutput<S>
      : SchemaOutput<F>;

type Shown<F> = F extends {readonly secret: true}
  ? Secret<Parsed<F>>
  : F extends {readonly type: 'key'}
    ? F extends {readonly secret: false}
      ? Parsed<F>
      : Secret<Parsed<F>>
    : Parsed<F>;

/** The value of a field: {@link Secret} if it is one, with undefined if it is optional. */
export type FieldValue<F> = F extends {readonly optional: true} ? Shown<F> | undefined : Shown<F>;

type Needed<F, Task> = F extends {readonly tasks: readonly (infer Name)[]} ? (Task extends Name ? true : false) : true;

/** The values of all fields, or of those that a task needs. */
export type ConfigValues<F extends Fields, Task extends string | undefined = undefined> = {
  readonly [
    Name in keyof F as Task extends undefined ? Name : Needed<F[Name], Task> extends true ? Name : never
  ]: FieldValue<F[Name]>;
};
