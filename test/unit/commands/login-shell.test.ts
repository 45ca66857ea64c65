import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {loginShellText} from '../../../src/commands/login-shell.ts';
import {quote} from '../../../src/shell/argv.ts';
import {executables} from '../../../src/shell/executable.ts';

const path = process.env['PATH'];

// sshd starts the login shell so: its name, -c, the text. Those of them that this machine has; sh always.
const shells = [['sh'], ['dash'], ['bash'], ['bash', '-r'], ['busybox', 'sh'], ['zsh'], ['fish'], ['tcsh']].filter(
  ([program = '']) => executables(program, {directory: '/', path}).length > 0,
);

const through = ([program = '', ...words]: readonly string[], script: string, input = '') => {
  const {status, stdout, stderr} = spawnSync(program, [...words, '-c', loginShellText(script)], {
    input,
    encoding: 'utf8',
    env: {PATH: path, HOME: '/nonexistent', LANG: 'C.UTF-8'},
  });
  return {status, stdout, stderr: stderr.replaceAll(/^.*nonexistent.*\n/gm, '')};
};

test('a script for a login shell can still be read, one word for each line', () => {
  assert.equal(
    loginShellText("docker ps --format '{{.Names}}'"),
    `sh -c 'PATH=$PATH:/usr/local/bin:/snap/bin:$HOME/bin; eval "$1"' sh "docker ps --format '{{.Names}}'"`,
  );
  assert.equal(
    loginShellText('a "$b"\n! c'),
    `sh -c 'PATH=$PATH:/usr/local/bin:/snap/bin:$HOME/bin; eval "$(printf "%s\\n" "$@")"' sh 'a "$b"' \\!' c'`,
  );
});

test('every login shell runs a script as sh does, with its input, its output and its exit code', () => {
  const script = `# it's a comment
a=$(cat); for one in 1 "2  3" '4!5' \\!6; do printf '%s|%s\\n' "$a" "$one"; done
cat <<'END'
"$HOME" \\n !! !x \`date\` ~ * % # ^
END
echo warn >&2; (exit 7)`;
  for (const shell of shells)
    assert.deepEqual(
      through(shell, script, 'in\nput'),
      {
        status: 7,
        stdout: 'in\nput|1\nin\nput|2  3\nin\nput|4!5\nin\nput|!6\n"$HOME" \\n !! !x `date` ~ * % # ^\n',
        stderr: 'warn\n',
      },
      shell.join(' '),
    );
});

test('any word arrives through any login shell', () => {
  const word = fc
    .string({unit: fc.oneof(fc.constantFrom(...`'"\\!$\`\n\r\t~*?[]{}()<>|&;#^%= -`), fc.string())})
    .filter((text) => !text.includes('\0'));
  // Several words in one start of a shell: starts are what this costs.
  const words = fc.array(word, {minLength: 20, maxLength: 20});
  for (const shell of shells)
    fc.assert(
      fc.property(words, (all) => {
        const {stdout, stderr} = through(shell, `printf '%s\\0' ${all.map(quote).join(' ')}`);
        assert.deepEqual([stdout, stderr], [all.map((one) => `${one}\0`).join(''), ''], shell.join(' '));
      }),
      {numRuns: 6},
    );
});

test('a script as long as the survey of a host arrives', () => {
  const line = `case "$all" in *'	h1!	'*) echo 'it'\\''s' ;; esac`;
  const script = `all='	h1!	'\n${Array.from({length: 400}, () => line).join('\n')}`;
  for (const shell of shells) assert.equal(through(shell, script).stdout, "it's\n".repeat(400), shell.join(' '));
});
