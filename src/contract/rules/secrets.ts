import {isSecretVariable, secretsInHistory} from '../image/secrets.ts';
import {passUnless, type Rule, whenRunning} from './rule.ts';

/** Anyone who can pull an image can read all of it. Evidence names variables, files and kinds, never values. */
export const secretRules: readonly Rule[] = [
  {
    id: 'no-secret-in-environment',
    severity: 'error',
    summary: "the image's environment contains no secret",
    how: 'names and formats of the variables in docker image inspect',
    fix: 'remove the ENV line and rotate the secret, which is exposed; set the variable when the container starts',
    check: ({image: {environment}}) =>
      passUnless(
        Object.entries(environment)
          .filter(([name, value]) => isSecretVariable(name, value))
          .map(([name]) => name),
        `none of ${Object.keys(environment).length} variables`,
      ),
  },
  {
    id: 'no-secret-in-history',
    severity: 'error',
    summary: "no command in the image's history contains a secret",
    how: 'names and formats in the lines of docker history: build arguments, RUN lines',
    fix: 'use RUN --mount=type=secret,id=NAME instead of ARG, and rotate the secret, which is exposed',
    check: ({image: {history}}) =>
      passUnless([...new Set(history.flatMap(secretsInHistory))], `none in ${history.length} lines`),
  },
  {
    id: 'no-secret-in-layers',
    severity: 'error',
    summary: 'no layer contains a secret, not even in a deleted file',
    how: 'names and formats in all files of docker save up to 64 KiB',
    fix: 'use a build secret or another build stage, and rotate the secret: RUN rm hides a file but leaves it in its layer',
    async check({layers}) {
      const {secrets, files, layers: count} = await layers();
      return passUnless(secrets, `none of ${files} files in ${count} layers`);
    },
  },
  {
    id: 'no-secret-in-log',
    severity: 'error',
    summary: 'the log contains none of the secrets that the service was started with',
    how: 'values of its secrets, and formats, in docker logs after a few requests',
    fix: 'declare the variable as secret, and log with entrypoint/log or entrypoint_log, which hide its value',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({log: {secrets, lines}}) => passUnless(secrets, `none in ${lines} lines`)),
  },
];
