import {isOwnImage} from '../image/facts.ts';
import {secretVariables} from '../probes/secret-files.ts';
import {unknownWord} from '../probes/short-runs.ts';
import {fail, notApplicable, pass, type Rule, silent, someOf} from './rule.ts';

/** What happens when a container of the image is started. */
export const startRules: readonly Rule[] = [
  {
    id: 'starts',
    severity: 'error',
    summary: 'the service starts and answers',
    how: 'run with what deploy.yaml or the options give it, and asked by HTTP for 20 s',
    fix: 'see its log; tell the check what it needs: test_integration in deploy.yaml, or --env, --command, --port, --health',
    async check({served, subject}) {
      const {where, reply, state, lastLine} = await served();
      if (where !== 'nowhere') return pass(`GET ${subject.health} answers ${reply.status}`);
      if (!state.running)
        return fail(`ended with exit code ${state.exitCode}: ${state.error || lastLine || 'said nothing'}`);
      return fail(`no good answer to GET ${subject.health} on port ${subject.port}: ${reply.status || reply.error}`);
    },
  },
  {
    id: 'exec-form-entrypoint',
    severity: 'error',
    summary: 'the entry point is a list of words, not a text for a shell',
    how: 'docker image inspect',
    fix: 'ENTRYPOINT ["program", "word"] and CMD ["word"], or `exec` before the last command of the text',
    check({image: {entrypoint, command}}) {
      const whole = [...entrypoint, ...command];
      if (whole.length === 0) return notApplicable('neither entry point nor command');
      const shell = [entrypoint, command].find(
        ([program = '', flag]) => /(^|\/)(ba|da|a)?sh$/.test(program) && flag === '-c',
      );
      if (shell === undefined) return pass(JSON.stringify(whole));
      return /(^|[;&\n]\s*)exec [^;&|]+$/.test(shell[2] ?? '')
        ? pass('a shell that gives way with exec')
        : fail(`a text for a shell, without exec: ${JSON.stringify(shell).slice(0, 120)}`);
    },
  },
  {
    id: 'default-command-needs-nothing',
    severity: 'error',
    summary: '`docker run IMAGE` works without any variable',
    how: 'run without words and variables; it has to end with 0, or to run on for 5 s',
    fix: 'let the default command list what the image can do, or give every variable a default',
    async check({bare}) {
      const {exitCode, output} = await bare();
      if (exitCode === undefined) return pass('runs');
      return exitCode === 0
        ? pass(`exit code 0, ${output.split('\n').length} lines`)
        : fail(`exit code ${exitCode}: ${lastOf(output)}`);
    },
  },
  {
    id: 'unknown-task-fails',
    severity: 'error',
    summary: 'a word that the image does not know fails, with a message',
    how: `docker run IMAGE ${unknownWord}`,
    fix: 'let the entry point refuse what it does not know: a message on stderr and an exit code that is not 0',
    async check({unknownTask}) {
      const {exitCode, output} = await unknownTask();
      if (exitCode === undefined) return fail('the word is ignored: the container runs on');
      if (exitCode === 0) return fail('the word is ignored: exit code 0');
      return output === ''
        ? fail(`exit code ${exitCode}, and not a word why`)
        : pass(`exit code ${exitCode}: ${lastOf(output)}`);
    },
  },
  {
    id: 'missing-variable-fails-fast',
    severity: 'error',
    summary: 'without a variable that it needs the service ends at once and names it',
    how: 'run without its variables; it has to end soon and to name one of them',
    fix: 'read the whole configuration before anything else, and end with a message that names what is missing',
    async check({unconfigured, subject, served}) {
      const run = await unconfigured();
      const names = [...Object.keys(subject.environment), ...Object.keys(subject.secrets)];
      if (run === undefined)
        return names.length === 0 ? notApplicable('the service is given no variables') : silent(await served());
      if (run.answered) return notApplicable('the service answers without any of its variables');
      if (run.exitCode === undefined) return fail('starts, runs, and does not get ready');
      if (run.exitCode === 0) return fail('ends with exit code 0');
      const named = names.filter((name) => run.output.includes(name));
      return named.length === 0
        ? fail(`exit code ${run.exitCode}, and names none of ${someOf(names)}`)
        : pass(`exit code ${run.exitCode}, names ${someOf(named)}`);
    },
  },
  {
    id: 'secrets-from-files',
    severity: 'error',
    summary: 'a secret can come in a file: NAME_FILE in place of NAME',
    how: 'run with each secret in a file that NAME_FILE names',
    fix: 'where NAME is not set, read the file that NAME_FILE names, without its last line end',
    async check({secretFiles, subject, served}) {
      const found = await secretFiles();
      if (found !== undefined) {
        const names = someOf(found.names.map((name) => `${name}_FILE`));
        return found.answered
          ? pass(`answers with ${names}`)
          : fail(`does not answer with ${names}: ${found.error || 'not ready'}`);
      }
      return secretVariables(subject).length === 0
        ? notApplicable('the service is given no secrets')
        : silent(await served());
    },
  },
  {
    id: 'survives-without-backing-service',
    severity: 'error',
    summary: 'without its backing services the service stays alive and not ready, or ends with a message',
    how: 'run with nothing behind the names of its backing services',
    fix: 'connect when it is needed and try again; let the liveness path look at the process only, and the readiness path at what it needs',
    async check({alone, subject, served}) {
      const found = await alone();
      if (found === undefined)
        return subject.backing.length === 0 ? notApplicable('no backing services') : silent(await served());
      const {running, exitCode, told, alive, health} = found;
      if (!running) {
        if (exitCode === 0) return fail('ends with exit code 0, as if all were well');
        return told === 0
          ? fail(`ends with exit code ${exitCode}, and not a word why`)
          : pass(`ends with exit code ${exitCode} and a message`);
      }
      if (!alive.ok) return fail(`runs, but GET ${subject.alive} answers ${alive.status || alive.error}`);
      const ready = health.ok && subject.health !== subject.alive;
      return ready
        ? fail(`GET ${subject.health} answers 200 although ${someOf(subject.backing)} is absent`)
        : pass(`alive: ${alive.status}, ready: ${health.status || health.error}`);
    },
  },
  {
    id: 'output-arrives-whole',
    severity: 'error',
    summary: '10 MB of output arrive whole at a slow reader',
    how: "a program started through the entry point prints 10 MB; both a slow reader and the engine's log count them",
    fix: 'do not leave O_NONBLOCK on the standard output for the service, and copy no output in between',
    async check({output, image}) {
      const found = await output();
      if (found === undefined)
        return notApplicable(
          `the entry point ${isOwnImage(image) ? 'serves no other module' : 'runs no other command'}`,
        );
      const {sent, read, logged} = found;
      return Math.min(read, logged) >= sent
        ? pass(`${sent} bytes sent, ${read} read, ${logged} logged`)
        : fail(`${sent} bytes sent, ${read} read, ${logged} logged`);
    },
  },
];

const lastOf = (output: string): string => output.split('\n').at(-1)?.slice(0, 160) ?? '';
