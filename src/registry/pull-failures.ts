import {sshText} from '../commands/destination.ts';
import {exitCode, isProblem, problem} from '../errors.ts';
import {type Host, hostName, isRemote} from '../service/hosts.ts';
import {ownImageFix} from '../service/schema/image-name.ts';
import {splitRegistry} from '../service/schema/registry-name.ts';
import {explainEngine, loginFix} from './failures.ts';

/** What was pulled, and where. */
export interface FailedPull {
  readonly host: Host;
  readonly images: readonly string[];
  /** Whether deploy.yaml has a login for it. */
  readonly hasLogin: boolean;
}

// Words of docker 20.10 to 29, and of containerd.
const missing = /manifest unknown|manifest for \S+ not found|name unknown|repository does not exist|: not found$/im;
const otherPlatform = /no matching manifest for ([\w/]+)|does not match the specified platform/i;
const limited = /toomanyrequests|rate limit/i;

/** A failed pull on a host with what the engine there says of the registry: exit code 69 if that cannot be reached. */
export function explainPull(error: unknown, {host, images, hasLogin}: FailedPull): unknown {
  if (!isProblem(error) || error.code !== 'command_failed') return error;
  const text = error.details.join('\n');
  const image = images.find((one) => text.includes(one)) ?? imageOf(images, text);
  const registry = splitRegistry(image).host;
  const details = error.details.slice(-3);
  const there = (command: string): string => (isRemote(host) ? `${sshText(host)} ${command}` : command);
  const logIn = hasLogin
    ? loginFix
    : `log in as a user with access: ${there(`docker login ${registry}`)}; or give deploys a login with \`registry_login\` in deploy.yaml`;
  const pulled = /^entrypoint: (\S+) is for (\S+)$/m.exec(text);
  if (pulled !== null)
    return problem({
      code: 'host_unsuitable',
      what: `${pulled[1]} is built for ${pulled[2]}, which ${hostName(host)} is not; nothing has changed`,
      fix: 'build the image for the platform of the host too, and publish it',
      exitCode: exitCode.unavailable,
      cause: error,
    });
  const platform = otherPlatform.exec(text);
  if (platform !== null)
    return problem({
      code: 'host_unsuitable',
      what: `${image} is not built for ${hostName(host)}, which is ${platform[1] ?? 'of another platform'}: ${error.message}`,
      fix: 'build the image for that platform too, and publish it',
      exitCode: exitCode.unavailable,
      details,
      cause: error,
    });
  // Docker says the same of an image that does not exist and of one that is private.
  if (missing.test(text) && !/unauthorized|authentication required|no basic auth/i.test(text))
    return problem({
      code: 'image_missing',
      what: `${image} is not in its registry${/may require|denied/i.test(text) ? ', or the login there may not read it' : ''}: ${error.message}`,
      fix: ownImageFix(image) ?? `publish it, or correct its name in deploy.yaml; if it is private, ${logIn}`,
      details,
      cause: error,
    });
  if (limited.test(text))
    return problem({
      code: 'registry_unavailable',
      what: `the registry ${registry} allows no more pulls for now: ${error.message}`,
      fix: `wait, or ${logIn}`,
      exitCode: exitCode.unavailable,
      details,
      cause: error,
    });
  return explainEngine(error, image, {
    login: logIn,
    down: isRemote(host)
      ? `start it, or make it reachable from ${hostName(host)}: ${there(`curl https://${registry}/v2/`)}`
      : undefined,
  });
}

/** The image whose registry the text names, else the first. */
const imageOf = (images: readonly string[], text: string): string =>
  images.find((one) => text.includes(splitRegistry(one).host)) ?? images[0] ?? '';
