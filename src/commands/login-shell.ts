/**
 * Text for the login shell of a host, which sshd hands it to, that runs a script in a POSIX shell. Every login shell reads
 * the text alike: sh, bash, zsh, busybox, fish, csh and tcsh. It has no line breaks, which csh takes for the end of a
 * quotation: each line of the script is a word.
 *
 * The directories at the end of PATH have docker on some systems, and sshd's own PATH does not have them.
 * @throws RangeError for a NUL
 * @example
 * loginShellText('docker ps'); // sh -c 'PATH=...; eval "$1"' sh 'docker ps'
 */
export function loginShellText(script: string): string {
  const lines = script.split('\n');
  const text = lines.length === 1 ? '"$1"' : '"$(printf "%s\\n" "$@")"';
  return ['sh', '-c', `PATH=$PATH:/usr/local/bin:/snap/bin:$HOME/bin; eval ${text}`, 'sh', ...lines]
    .map(quoteForLoginShell)
    .join(' ');
}

// In single quotes, fish takes a backslash for special before another and before a quote, and csh an exclamation mark.
const special = /\\(?=[\\'!]|$)|!/;

/** Quotes one word for any login shell: what is special anywhere stands alone, in the one form that all shells read alike. */
function quoteForLoginShell(word: string): string {
  if (/[\0\n]/.test(word)) throw new RangeError('a word for a login shell cannot hold a NUL or a line break');
  if (/^[A-Za-z0-9_@+:,./-]+$/.test(word)) return word;
  if (!word.includes("'") && !special.test(word)) return `'${word}'`;
  if (!/["$`\\!]/.test(word)) return `"${word}"`;
  return word
    .split(new RegExp(`(${special.source}|')`))
    .filter((part) => part !== '')
    .map((part) => (part === "'" ? `"'"` : /^[\\!]$/.test(part) ? `\\${part}` : `'${part}'`))
    .join('');
}
