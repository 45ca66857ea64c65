import type {Key} from '../model/types.ts';
import {textsIn, wordsOf} from '../model/words.ts';

/** How a value belongs to a host and not to a container; `ambiguous` has both readings. */
export type HostReading =
  | {readonly kind: 'host'; readonly why: string}
  | {readonly kind: 'ambiguous'; readonly readings: readonly [string, string]};

const roots = 'var|etc|opt|srv|home|usr|run|tmp|mnt|root|dev|proc|sys|private|Users|Library|Volumes';
const surePath = new RegExp(`(?:^|[\\s'"(=,:])(?:file:(?://)?)?/(?:${roots})/[\\w.-]`);
const wholeRoot = new RegExp(`^/(?:${roots})/?$`);
const windowsPath = /^[A-Za-z]:[\\/]\S|^\\\\[\w.-]+\\/;
const sqlitePath = /^sqlite:\/\/\/\/\w/;
const fileWords = new Set(
  'dir directory directories folder folders root file files filename home basedir tmp temp tmpdir spool store storage output cert certificate keystore truststore ca socket'.split(
    ' ',
  ),
);
const urlWords = new Set(
  'url uri urls prefix route routes endpoint context cookie redirect callback health healthz metrics login logout api base index webhook mount static media public href link links skip'.split(
    ' ',
  ),
);

const host = (why: string): HostReading => ({kind: 'host', why});

/** Whether a key is of a host: log and pid files, bind addresses, users, absolute paths. */
export function hostReading(key: Key): HostReading | undefined {
  const texts = [...key.settings.values()].flatMap(({value}) => textsIn(value));
  const leaf = wordsOf(key.path.at(-1) ?? '');
  const around = wordsOf(key.path.slice(0, -1).join('.'));
  if (isPidFile(leaf)) return host('a pid file: a container has one process to signal');
  if (isLogFile(leaf, around, texts)) return host('a log file: a container logs to its standard output');
  if (isBind(leaf, around, texts)) return host('a bind address: in a container, all addresses are its own');
  if (isUser(leaf, around, texts)) return host("the process's user, which the image sets");
  if (
    isDaemon(
      leaf,
      [...key.settings.values()].map(({value}) => value),
    )
  )
    return host('makes a daemon: a container runs in the foreground');
  if (texts.some((text) => surePath.test(text) || windowsPath.test(text) || sqlitePath.test(text)) && !isUrlName(leaf))
    return host("an absolute path of the host's file system");
  if (texts.some((text) => wholeRoot.test(text)) && !isUrlName(leaf))
    return host("an absolute path of the host's file system");
  return unknownRoot(leaf, texts);
}

function isUrlName(leaf: readonly string[]): boolean {
  return leaf.some((word) => urlWords.has(word)) && !leaf.some((word) => fileWords.has(word));
}

/** `/data/reports`, `/templates/order.html`: a directory of the host, a path of a URL, or one inside the application. */
function unknownRoot(leaf: readonly string[], texts: readonly string[]): HostReading | undefined {
  const paths = texts.filter((text) => /^\/[\w.-]+(\/[\w.-]+)*\/?$/.test(text));
  if (paths.length === 0 || isUrlName(leaf)) return undefined;
  if (leaf.some((word) => fileWords.has(word)))
    return {kind: 'host', why: 'an absolute path, by its name of the file system'};
  if (!leaf.includes('path') || !paths.some((text) => /\.\w{2,4}$/.test(text))) return undefined;
  return {
    kind: 'ambiguous',
    readings: [
      'not for a container, if it is a file of the host',
      'constant or varies, if it is a path within the application or a URL',
    ],
  };
}

function isPidFile(leaf: readonly string[]): boolean {
  const name = leaf.join(' ');
  return /\bpid ?(file|path|dir)\b/.test(name) || name === 'pid' || name === 'pidfile';
}

function isLogFile(leaf: readonly string[], around: readonly string[], texts: readonly string[]): boolean {
  if (texts.length === 0) return false;
  const name = leaf.join(' ');
  if (
    /\b(log|logs|logging|errorlog|accesslog|logfile) ?(file|filename|path|dir|directory|folder)\b|\blogfile\b|\blogdir\b/.test(
      name,
    )
  )
    return true;
  const inLogs = around.some((word) => /^(log|logs|logging|accesslog|errorlog)$/.test(word));
  return (
    inLogs && /\b(file|filename|path|dir|directory)\b/.test(name) && texts.some((text) => /[\\/]|\.log\b/.test(text))
  );
}

const anyAddress = /(?:^|[^\d.])0\.0\.0\.0(?![\d./])|^(?:\w+:\/\/)?(\[::\]|\*)(:\d+)?$/;
const address =
  /^(?:\[?[\da-fA-F:.]*\]?|localhost|\*|[\w.-]+):\d{2,5}$|^\d{1,3}(\.\d{1,3}){3}$|^localhost$|^unix:|^\/[\w/.-]+\.sock$/;

const binds = (words: readonly string[]): boolean =>
  words.some((word) => /^(bind|binds|listen|listener|listening)$/.test(word));

function isBind(leaf: readonly string[], around: readonly string[], texts: readonly string[]): boolean {
  if (texts.some((text) => anyAddress.test(text) && text !== '*')) return true;
  return (binds(leaf) || binds(around.slice(-1))) && texts.length > 0 && texts.every((text) => address.test(text));
}

const processWords =
  /^(process|server|daemon|service|supervisor|uwsgi|gunicorn|run|runas|main|general|global|worker|cluster)$/;

function isUser(leaf: readonly string[], around: readonly string[], texts: readonly string[]): boolean {
  const name = leaf.join(' ');
  if (texts.length === 0 || !texts.every((text) => /^[\w.\\$-]+$/.test(text))) return false;
  if (/\brun ?as( user| group)?\b|^run (user|group)$|^(setuid|setgid|chuser)$|^(user|group) ?id$/.test(name))
    return true;
  if (!/^(user|group|uid|gid|owner)$/.test(name)) return false;
  const parent = around.slice(-2);
  return (
    parent.some((word) => processWords.test(word)) ||
    parent.join(' ') === 'run as' ||
    texts.every((text) => /^(www-data|nobody|daemon|nginx|apache|root)$/.test(text))
  );
}

function isDaemon(leaf: readonly string[], values: readonly unknown[]): boolean {
  return (
    /^(daemon|daemonize|daemonise|detach|chroot)$/.test(leaf.at(-1) ?? '') &&
    values.every((value) => /^(true|false|yes|no|on|off|[01]|\/.*)$/i.test(String(value)))
  );
}
