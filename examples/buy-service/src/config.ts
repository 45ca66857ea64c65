import {defineConfig, type ConfigValues} from 'entrypoint/config';

const config = defineConfig({
  DATABASE_URL: {
    type: 'URL',
    schemes: ['postgres', 'postgresql'],
    example: 'postgres://user@host:5432/database',
    description: 'The database, without a password',
  },
  DATABASE_PASSWORD: {type: 'text', secret: true, description: 'Of the user in DATABASE_URL'},
  DATABASE_POOL_SIZE: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 100,
    harmless: true,
    description: 'Maximum connections of one process',
  },
  LOG_LEVEL: {
    type: 'enum',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    harmless: true,
    tasks: ['run'],
  },
  QUOTE_TTL: {
    type: 'duration',
    default: '15m',
    min: '1s',
    max: '1d',
    harmless: true,
    description: 'Lifetime of a quote',
    tasks: ['run'],
  },
  READY_TIMEOUT: {
    type: 'duration',
    default: '1s',
    min: '10ms',
    max: '10s',
    harmless: true,
    description: 'Timeout of the database query of /readyz',
    tasks: ['run'],
  },
  GIT_COMMIT_HASH: {
    type: 'text',
    default: 'unknown',
    harmless: true,
    description: 'The commit that the image was built from; the build sets it',
    tasks: ['run'],
  },
});

export default config;

/** What the service reads at its start. */
export type Config = ConfigValues<typeof config.fields, 'run'>;

/** What scripts read. */
export type DatabaseConfig = Pick<Config, 'DATABASE_URL' | 'DATABASE_PASSWORD' | 'DATABASE_POOL_SIZE'>;
