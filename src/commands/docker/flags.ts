import type {Words} from '../../shell/argv.ts';

/** A flag with its value; no words for an undefined value. */
export function flag(name: string, value: string | undefined): Words {
  return value === undefined ? [] : [name, value];
}

/** A flag for each pair: `--label a=b --label c=d`. */
export function pairs(name: string, values: Readonly<Record<string, string>> | undefined): Words {
  return Object.entries(values ?? {}).flatMap(([key, value]) => [name, `${key}=${value}`]);
}

/** Filters for labels: a name without a value matches any value. */
export function labelFilters(labels: Readonly<Record<string, string | undefined>>): Words {
  return Object.entries(labels).flatMap(([name, value]) => [
    '--filter',
    `label=${name}${value === undefined ? '' : `=${value}`}`,
  ]);
}
