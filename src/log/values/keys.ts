import {knownSecrets} from '../../config/declaration/secret.ts';
import {isSecretKey} from './secrets.ts';
import {quoted} from './text.ts';

/** What is known about the name of a field. */
export interface KeyInfo {
  /** `"name":` */
  readonly text: string;
  readonly secret: boolean;
}

// A line looks its names up instead of quoting and judging them: services log the same ones again and again.
const most = 2000;
const longest = 64;
let infos = new Map<string, KeyInfo>();
let declared = 0;

/** The name of a field as JSON, and whether its value is a secret. */
export function keyInfo(key: string): KeyInfo {
  const names = knownSecrets().size;
  if (names !== declared) {
    declared = names;
    infos = new Map();
  }
  const known = infos.get(key);
  if (known !== undefined) return known;
  const info = {text: `${quoted(key)}:`, secret: key.length <= longest && isSecretKey(key)};
  if (key.length > longest) return info;
  if (infos.size >= most) infos = new Map();
  infos.set(key, info);
  return info;
}
