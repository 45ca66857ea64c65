import {stripVTControlCharacters} from 'node:util';
import type {Refusal} from '../report.ts';
import {type Choice, lockCommand} from './locks.ts';

// What the output of a failed install means, in one or two lines instead of sixty.

export interface Failure {
  readonly choice: Pick<Choice, 'manager' | 'lock'>;
  readonly output: string;
  /** `26.10.0` */
  readonly node: string;
  /** Variables that the service's settings name and the build does not have. */
  readonly unset: readonly string[];
}

/** Why the install failed; undefined if only its own words can say it. */
export function explain(failure: Failure): Refusal | undefined {
  const output = stripVTControlCharacters(failure.output);
  return [lockDiffers, compiles, denied, certificates, builds, gitRefused, engine]
    .map((one) => one({...failure, output}))
    .find((one) => one !== undefined);
}

/** Lines that match, without the manager's prefix. */
const matching = (output: string, pattern: RegExp, count = 5): readonly string[] =>
  output
    .split('\n')
    .filter((line) => pattern.test(line))
    .map((line) =>
      line
        .replace(/^npm (?:error|ERR!) /, '')
        .replace(/^.*?(?:YN\d{4}|➤)[:│ ]*/, '')
        .trim(),
    )
    .slice(0, count);

function lockDiffers({choice, output}: Failure): Refusal | undefined {
  const patterns = {
    npm: /package\.json and package-lock\.json|npm-shrinkwrap\.json are in sync|can only install (?:packages )?(?:when|with an existing)/,
    pnpm: /ERR_PNPM_(?:OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH|LOCKFILE_MISSING_DEPENDENCY|BROKEN_LOCKFILE)/,
    yarn: /lockfile needs to be updated/,
    berry: /YN0028|lockfile would have been (?:modified|created)/,
    bun: /lockfile had changes, but lockfile is frozen/,
  };
  if (!patterns[choice.manager].test(output)) return undefined;
  const details = {
    npm: /(?:Missing|Invalid): /,
    pnpm: /^\s*\* |specifiers in the lockfile|^\s*ERR_PNPM_.*(?:broken|missing)/i,
    yarn: /$^/,
    berry: /^.*(?:YN0028).*[-+] /,
    bun: /$^/,
  };
  return {
    what: `${choice.lock ?? 'the lock file'} does not match package.json`,
    evidence: matching(output, details[choice.manager]),
    fix: `${lockCommand(choice.manager)}, and commit ${choice.lock ?? 'the lock file'}`,
  };
}

/** Debian packages that packages with native code need besides the compiler. */
const libraries: Readonly<Record<string, string>> = {
  canvas: 'pkg-config libcairo2-dev libpango1.0-dev libjpeg-dev libgif-dev librsvg2-dev',
  sharp: 'libvips-dev',
  'node-libcurl': 'libcurl4-openssl-dev',
  kerberos: 'libkrb5-dev',
  libpq: 'libpq-dev',
  'pg-native': 'libpq-dev',
  'node-rdkafka': 'librdkafka-dev',
  odbc: 'unixodbc-dev',
  usb: 'libudev-dev',
  zeromq: 'cmake pkg-config',
  couchbase: 'cmake',
  gl: 'pkg-config libxi-dev libxext-dev mesa-common-dev',
  snappy: 'cmake',
};

function compiles({output, node}: Failure): Refusal | undefined {
  // A compiler that is there and fails says what is wrong better than this does.
  if (!/gyp ERR!|gyp: |node-gyp|not found: (?:make|g\+\+|cmake)|\bcmake-js\b/.test(output)) return undefined;
  if (
    !/find Python|not found: (?:make|g\+\+|gcc|cc|cmake)|(?:make|g\+\+|cc|cmake): (?:command )?not found|CMake is not installed/i.test(
      output,
    )
  )
    return undefined;
  const [, path = ''] =
    /(?:^npm (?:error|ERR!) path |^error |gyp ERR! cwd )\S*node_modules\/((?:@[^/\s]+\/)?[^/\s:]+)/m.exec(output) ??
    /node_modules\/((?:@[^/\s]+\/)?[^/\s:]+)\s+(?:install|postinstall|preinstall)[$: ]/m.exec(output) ??
    /install script from "([^"]+)"/.exec(output) ??
    /((?:@[\w.-]+\/)?[\w.-]+)@(?:npm|virtual):\S+ (?:couldn't be built|must be built)/.exec(output) ??
    [];
  const name = path === '' ? 'a dependency' : path;
  const more = libraries[name];
  return {
    what: `${name} has no binary for Node ${node} on ${process.arch}, and this image has no compiler`,
    fix: `RUN apt-install g++ make python3${more === undefined ? '' : ` ${more}`} before install-dependencies, in a Dockerfile without triggers (docs/images.md), or a version of ${name} with a binary for Node ${node.split('.')[0]}`,
  };
}

function denied({output, unset}: Failure): Refusal | undefined {
  const pattern =
    /\bE40[13]\b|ERR_PNPM_FETCH_40[13]|40[13] (?:Unauthorized|Forbidden)|YN0041|Invalid authentication|Response Code: 40[13]| - 40[13]\b|HTTP 40[13]/i;
  if (!pattern.test(output)) return undefined;
  const names = unset.join(', ');
  const [name] = unset;
  return {
    what: `the registry denied a package${names === '' ? '' : `; the settings name ${names}, which the build does not have`}`,
    evidence: matching(output, pattern, 2),
    fix:
      name === undefined
        ? 'correct the token: entrypoint build --secret npmrc=$HOME/.npmrc, or the variable that .npmrc names'
        : `export ${name}, and entrypoint build; or: docker build --secret id=${name},env=${name} .`,
  };
}

function certificates({output}: Failure): Refusal | undefined {
  const pattern =
    /UNABLE_TO_(?:GET_ISSUER|VERIFY)|SELF_SIGNED_CERT|unable to (?:get local issuer|verify the first) certificate|self.signed certificate|UnknownIssuer|server certificate verification failed/i;
  if (!pattern.test(output)) return undefined;
  return {
    what: 'the certificate of the registry is signed by a CA that the image does not know, as behind a company proxy',
    evidence: matching(output, pattern, 1),
    fix: 'entrypoint build --ca=FILE, or: docker build --secret id=ca,src=FILE .',
  };
}

function builds({output}: Failure): Refusal | undefined {
  if (!output.includes('ERR_PNPM_IGNORED_BUILDS')) return undefined;
  return {
    what: 'pnpm runs no install script that the repository does not allow',
    evidence: matching(output, /ERR_PNPM_IGNORED_BUILDS/, 1),
    fix: 'pnpm approve-builds, and commit pnpm-workspace.yaml',
  };
}

function gitRefused({output}: Failure): Refusal | undefined {
  const pattern =
    /could not read Username|Could not read from remote repository|Authentication failed for|Permission denied \(publickey\)|Host key verification failed/;
  if (!pattern.test(output)) return undefined;
  return {
    what: 'a dependency from a git repository was denied',
    evidence: matching(output, pattern, 2),
    fix: 'entrypoint build --secret netrc=$HOME/.netrc, with a line: machine github.com login USER password TOKEN',
  };
}

function engine({output}: Failure): Refusal | undefined {
  const pattern = /The engine "\w+" is incompatible|ERR_PNPM_UNSUPPORTED_ENGINE|EBADENGINE|EBADDEVENGINES/;
  if (!pattern.test(output) || !/error|ERR/.test(output)) return undefined;
  return {
    what: 'a package asks for another version of Node or of the package manager',
    evidence: matching(output, /incompatible|Expected version|Got: |Unsupported engine|Required:|not match/i, 3),
    fix: 'update the package, choose another Node (FROM entrypoint/node-service:24), or name the manager\'s version in package.json: "packageManager"',
  };
}
