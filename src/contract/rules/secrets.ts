import {isSecretVariable, secretsInHistory} from '../image/secrets.ts';
import {type Rule, verdict} from './rule.ts';

/** Whoever can pull an image has all that is in it. Evidence names variables, files and kinds, never values. */
export const secretRules: readonly Rule[] = [
  {
    id: 'no-secret-in-environment',
    severity: 'error',
    summary: "the image's environment holds no secret",
    how: 'names and forms of the variables of docker image inspect',
    fix: 'take the ENV out and change the secret: it is known now. Give it when the container starts',
    check: ({image: {environment}}) =>
      verdict(
        Object.entries(environment)
          .filter(([name, value]) => isSecretVariable(name, value))
          .map(([name]) => name),
        `none of ${Object.keys(environment).length} variables`,
      ),
  },
  {
    id: 'no-secret-in-history',
    severity: 'error',
    summary: 'no command that made the image shows a secret',
    how: 'names and forms in the lines of docker history: build arguments, RUN lines',
    fix: 'RUN --mount=type=secret,id=NAME in place of ARG, and change the secret: it is known now',
    check: ({image: {history}}) =>
      verdict([...new Set(history.flatMap(secretsInHistory))], `none in ${history.length} lines`),
  },
  {
    id: 'no-secret-in-layers',
    severity: 'error',
    summary: 'no layer holds a secret, deleted files included',
    how: 'names and forms in all files up to 64 KiB of docker save',
    fix: 'a later RUN rm hides a file and leaves it in its layer: use a build secret or another stage, and change the secret',
    async check({layers}) {
      const {secrets, files, layers: count} = await layers();
      return verdict(secrets, `none of ${files} files in ${count} layers`);
    },
  },
];
