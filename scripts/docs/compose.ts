import {
  backingKeys,
  buildKeys,
  deployKeys,
  type Fate,
  healthKeys,
  serviceKeys,
  topKeys,
} from '../../src/init/from/compose-keys.ts';

/** The table of docs/init.md: every key of the Compose specification, and what `init --from` makes of it. */
export function composeTable(): string {
  const groups: readonly (readonly [string, Readonly<Record<string, Fate>>])[] = [
    ['', topKeys],
    ['services.*.', serviceKeys],
    ['services.*.build.', buildKeys],
    ['services.*.healthcheck.', healthKeys],
    ['services.*.deploy.', deployKeys],
    ['a backing service: ', backingKeys],
  ];
  const rows = groups.flatMap(([prefix, keys]) =>
    Object.entries(keys).map(([key, fate]) => {
      const name = prefix.includes(':') ? `${prefix}\`${key}\`` : `\`${prefix}${key}\``;
      return `| ${name} | ${fateText(fate)} |`;
    }),
  );
  return ['| key | becomes |', '|---|---|', ...rows].join('\n');
}

function fateText(fate: Fate): string {
  if ('as' in fate) return fate.as;
  return 'option' in fate ? `\`${fate.option}\` of \`docker_options\`` : `not taken: ${fate.reason}`;
}
