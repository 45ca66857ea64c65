import {questionText} from '../../service/schema/health-check.ts';
import {replyText} from '../../stack/probe.ts';
import {isOwnImage} from '../image/facts.ts';
import type {ServiceUnderTest} from '../image/service-under-test.ts';
import {secretVariables} from '../probes/secret-files.ts';
import {type ShortRun, unknownWord} from '../probes/short-runs.ts';
import {fail, type Finding, notApplicable, pass, type Rule, shortList, unreachable} from './rule.ts';

/** How a container of the image starts. */
export const startRules: readonly Rule[] = [
  {
    id: 'starts',
    severity: 'error',
    summary: 'the service starts and answers',
    how: 'run as deploy.yaml or the options describe it; must be healthy in time',
    fix: 'see its log; describe what it needs: health, check and test_integration in deploy.yaml, or --env, --command, --port, --health, --tcp, --start-timeout',
    async check({normalRun, service}) {
      const {reachableFrom, reply, state, lastLine} = await normalRun();
      const {health, port, startSeconds} = service;
      const question = questionText(health, port);
      if (reachableFrom !== 'nowhere')
        return pass(health.kind === 'http' ? `${question} answers ${replyText(reply)}` : `${question} succeeds`);
      if (!state.running) return fail(`exited with code ${state.exitCode}: ${state.error || lastLine || 'no output'}`);
      const where = health.kind === 'http' ? ` on port ${port}` : '';
      return fail(`${question}${where} is not healthy after ${startSeconds} s: ${replyText(reply)}`);
    },
  },
  {
    id: 'exec-form-entrypoint',
    severity: 'error',
    summary: 'the entry point is in exec form, not a shell command line',
    how: 'docker image inspect',
    fix: 'ENTRYPOINT ["program", "word"] and CMD ["word"], or `exec` before the last command of the command line',
    check({image: {entrypoint, command}}) {
      const words = [...entrypoint, ...command];
      if (words.length === 0) return notApplicable('neither entry point nor command');
      const shell = [entrypoint, command].find(
        ([program = '', flag]) => /(^|\/)(ba|da|a)?sh$/.test(program) && flag === '-c',
      );
      if (shell === undefined) return pass(JSON.stringify(words));
      return /(^|[;&\n]\s*)exec [^;&|]+$/.test(shell[2] ?? '')
        ? pass('a shell that replaces itself with exec')
        : fail(`shell form without exec: ${JSON.stringify(shell).slice(0, 120)}`);
    },
  },
  {
    id: 'default-command-needs-nothing',
    severity: 'error',
    summary: '`docker run IMAGE` works without any variable',
    how: 'run without words and variables; must exit with 0, or still run after 5 s',
    fix: 'let the default command list what the image can do, or give every variable a default',
    async check({defaultCommand}) {
      const {exitCode, output} = await defaultCommand();
      if (exitCode === undefined) return pass('still running');
      return exitCode === 0
        ? pass(`exit code 0, ${output.split('\n').length} lines`)
        : fail(`exit code ${exitCode}: ${lastLineOf(output)}`);
    },
  },
  {
    id: 'unknown-task-fails',
    severity: 'error',
    summary: 'an unknown word fails with a message',
    how: `docker run IMAGE ${unknownWord}`,
    fix: 'let the entry point reject unknown words: a message on stderr and a non-zero exit code',
    async check({unknownTask}) {
      const {exitCode, output} = await unknownTask();
      if (exitCode === undefined) return fail('the word is ignored: the container is still running');
      if (exitCode === 0) return fail('the word is ignored: exit code 0');
      return output === ''
        ? fail(`exit code ${exitCode} without a message`)
        : pass(`exit code ${exitCode}: ${lastLineOf(output)}`);
    },
  },
  {
    id: 'missing-variable-fails-fast',
    severity: 'error',
    summary: 'the service exits at once when a required variable is missing, and names it',
    how: 'run without its variables; must exit soon and name at least one of them, or all that it declares as required',
    fix: 'read the whole configuration first, and exit with a message that names what is missing',
    async check({unconfigured, service, normalRun}) {
      const run = await unconfigured();
      if (service.declared !== undefined) return judgeDeclared(service.declared.required, run);
      const names = [...Object.keys(service.environment), ...Object.keys(service.secrets)];
      if (run === undefined)
        return names.length === 0 ? notApplicable('the service takes no variables') : unreachable(await normalRun());
      if (run.answered) return notApplicable('the service answers without any of its variables');
      if (run.exitCode === undefined) return fail('keeps running, but never becomes ready');
      if (run.exitCode === 0) return fail('exit code 0');
      const named = names.filter((name) => run.output.includes(name));
      return named.length === 0
        ? fail(`exit code ${run.exitCode}, names none of ${shortList(names)}`)
        : pass(`exit code ${run.exitCode}, names ${shortList(named)}`);
    },
  },
  {
    id: 'secrets-from-files',
    severity: 'error',
    summary: 'a secret can come from a file: NAME_FILE instead of NAME',
    how: 'run with each secret, declared or by its name, in a file that NAME_FILE names',
    fix: 'where NAME is not set, read the file that NAME_FILE names, without its trailing newline',
    async check({secretFiles, service, normalRun}) {
      const result = await secretFiles();
      if (result !== undefined) {
        const names = shortList(result.names.map((name) => `${name}_FILE`));
        return result.answered
          ? pass(`answers with ${names}`)
          : fail(`does not answer with ${names}: ${result.error || 'not ready'}`);
      }
      return secretVariables(service).length === 0
        ? notApplicable('the service takes no secrets')
        : unreachable(await normalRun());
    },
  },
  {
    id: 'survives-without-backing-service',
    severity: 'error',
    summary: 'without its backing services the service is alive but not ready, or exits with a message',
    how: 'run with nothing listening behind the names of its backing services',
    fix: 'connect on demand and retry; let the liveness path check only the process, and the readiness path what it needs',
    async check({withoutBackingServices, service, normalRun}) {
      const result = await withoutBackingServices();
      if (result === undefined)
        return service.backing.length === 0 ? notApplicable('no backing services') : unreachable(await normalRun());
      const {running, exitCode, loggedCharacters, alive, health} = result;
      const {health: check} = service;
      if (!running) {
        if (exitCode === 0) return fail('exits with code 0, which means success');
        return loggedCharacters === 0
          ? fail(`exits with code ${exitCode} without a message`)
          : pass(`exits with code ${exitCode} and a message`);
      }
      if (!alive.ok) return fail(`keeps running, but ${aliveQuestion(service)} answers ${replyText(alive)}`);
      // A connection shows no more than that the service lives.
      const ready = health.ok && (check.kind === 'http' ? check.path !== service.alive : check.kind === 'command');
      return ready
        ? fail(
            `${questionText(check, service.port)} answers ${replyText(health)} without ${shortList(service.backing)}`,
          )
        : pass(`alive: ${replyText(alive)}, ready: ${replyText(health)}`);
    },
  },
  {
    id: 'output-arrives-whole',
    severity: 'error',
    summary: '10 MB of output reach a slow reader complete',
    how: "a program started through the entry point prints 10 MB; a slow reader and the engine's log must get every byte",
    fix: 'do not set O_NONBLOCK on the stdout that the service inherits, and do not copy its output',
    async check({output, image}) {
      const result = await output();
      if (result === undefined)
        return notApplicable(
          `the entry point ${isOwnImage(image) ? 'serves no other module' : 'runs no other command'}`,
        );
      const {sent, read, logged} = result;
      return Math.min(read, logged) >= sent
        ? pass(`${sent} bytes sent, ${read} read, ${logged} logged`)
        : fail(`${sent} bytes sent, ${read} read, ${logged} logged`);
    },
  },
];

/** A declaration says which variables the service cannot do without: it must name all of them. */
export function judgeDeclared(required: readonly string[], run: ShortRun | undefined): Finding {
  if (run === undefined) return notApplicable('the declaration requires no variable');
  if (run.answered) return fail(`answers without ${shortList(required)}, which it declares as required`);
  if (run.exitCode === undefined) return fail('keeps running, but never becomes ready');
  if (run.exitCode === 0) return fail('exit code 0');
  const unnamed = required.filter((name) => !run.output.includes(name));
  return unnamed.length === 0
    ? pass(`exit code ${run.exitCode}, names ${shortList(required)}`)
    : fail(`exit code ${run.exitCode}, does not name ${shortList(unnamed)}`);
}

const aliveQuestion = ({health, alive, port}: ServiceUnderTest): string =>
  health.kind === 'http' ? `GET ${alive}` : questionText({kind: 'tcp'}, port);

const lastLineOf = (output: string): string => output.split('\n').at(-1)?.slice(0, 160) ?? '';
