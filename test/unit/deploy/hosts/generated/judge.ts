// What docker, `lb` and HAProxy accept, written down independently of the code that makes the commands.

const reference =
  /^(?:[A-Za-z0-9.:[\]-]+\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$|^sha256:\w+$/;
const alone = new Set('--detach --rm --interactive --read-only --init=false --no-healthcheck --init=maybe'.split(' '));

/** What is wrong with one command; empty if nothing is. */
export function wrongWords(words: readonly string[]): string[] {
  const wrong: string[] = [];
  const must = (good: boolean, what: string): void =>
    void (good || wrong.push(`${what}: ${words.slice(0, 12).join(' ')}`));
  for (const word of words) {
    must(!word.includes('\0'), 'NUL');
    // Linux refuses a longer word. @see execve(2), MAX_ARG_STRLEN
    must(Buffer.byteLength(word) < 131_072, 'too long a word');
  }
  const [program, verb] = words;
  if (program !== 'docker') return wrong;
  const after = (flag: string): string[] =>
    words.flatMap((word, index) => (word === flag ? [words[index + 1] ?? ''] : []));
  if (verb === 'stop') must(/^\d+$/.test(after('--time')[0] ?? ''), '--time');
  const lb = words.indexOf('lb');
  if (lb > 0) wrong.push(...wrongLb(words.slice(lb)));
  if (verb !== 'run') return wrong;
  for (const name of after('--name')) {
    must(/^[A-Za-z0-9][A-Za-z0-9_.-]+$/.test(name), 'name of a container');
    must(name.length <= 253 && name.split('.').every((label) => label.length <= 63), 'too long for a host name');
  }
  must(after('--name').length <= 1 && after('--network').length <= 1, 'twice');
  for (const alias of after('--network-alias')) must(/^[a-z0-9-]{1,63}$/.test(alias) && alias !== 'localhost', 'alias');
  for (const text of after('--stop-timeout')) must(/^\d+$/.test(text), '--stop-timeout');
  for (const text of after('--memory'))
    must(Number.parseInt(text, 10) > 0 && /^\d{1,16}[bkmg]$/i.test(text), '--memory');
  for (const text of after('--cpus')) must(/^\d{1,4}(?:\.\d{1,9})?$/.test(text), '--cpus');
  for (const text of after('--volume')) must(/^(?:[A-Za-z0-9][\w.-]+|\/[^:]*):\/[^:]+$/.test(text), '--volume');
  const mounted = after('--volume').map((text) =>
    new URL(text.split(':')[1] ?? '', 'http://x').pathname.replace(/\/$/, ''),
  );
  must(new Set(mounted).size === mounted.length && !mounted.includes(''), 'mount points');
  for (const text of after('--label')) must(/^[^=]+=/.test(text), '--label');
  for (const text of after('--env')) must(/^[A-Za-z_]\w*(?:=|$)/s.test(text), '--env');
  for (const text of after('--publish'))
    must(/^(?:(?:\d+(?:\.\d+){3}|\[[0-9a-f:]+\]):\d{0,5}:)?\d{1,5}$/.test(text), '--publish');
  const image = imageOf(words);
  must(reference.test(image), `image ${image}`);
  return wrong;
}

/** The first word that docker does not take for an option or its value. */
export function imageOf(words: readonly string[]): string {
  for (let index = 2; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-')) return word;
    if (!alone.has(word) && !word.includes('=') && !/^-[a-z]{2}/.test(word.slice(0, 3))) index += 1;
    else if (/^-q[ep]$/.test(word)) index += 1;
  }
  return '';
}

function wrongLb([, verb = '', ...words]: readonly string[]): string[] {
  const bad = (what: string): string[] => [`lb ${verb} ${what}: ${words.join(' ').slice(0, 200)}`];
  const seconds = ['start', 'idle', 'drain'].includes(verb) ? words[0] : '0';
  if (!/^\d+$/.test(seconds ?? '')) return bad('takes whole seconds');
  const servers = words.flatMap((word) => word.split(',')).filter((word) => word.includes('/'));
  return servers.flatMap((server) => {
    const name = /^[^/]+\/([^=]+)/.exec(server)?.[1] ?? '';
    return /^[A-Za-z0-9._:-]{1,128}$/.test(name) ? [] : bad(`names a server ${name}`);
  });
}
