import {weightsOf} from './canary.ts';
import {healthLines, quoted, uncheckedSlots} from './health-lines.ts';
import type {Route} from './settings.ts';
import {type BalancerState, halfOf, slotName, slotsOf, type SlotUse, stateLine} from './state.ts';

/** The directory of all fragments, in the balancer's container and beside the user's own HAProxy. */
const directory = '/etc/haproxy/entrypoint';

/**
 * A service's part of a balancer's configuration. Equal states render equally. images/haproxy/README.md says why each
 * line is there. Lines with `#>` are for the frontend that all services share: `lb` sorts those of all services by
 * their first word. The line with `#?` is the request of the health check.
 */
export function renderFragment(state: BalancerState): string {
  const {name, settings} = state;
  return [
    stateLine(state),
    ...routesOf(state).map((route) => `#> ${route}`),
    `backend ${name}`,
    '    balance roundrobin',
    '    # Each new attempt goes to another server.',
    '    option redispatch 1',
    '    retries 3',
    '    retry-on conn-failure empty-response',
    '    # A POST whose answer was lost may have been carried out: only safe methods are retried.',
    '    http-request disable-l7-retry unless METH_GET or { method HEAD OPTIONS }',
    '    timeout connect 2s',
    // Unset it would be `inter`: a check that asks a database, or meets a busy host, takes longer.
    '    timeout check 2s',
    `    timeout server ${settings.timeoutSeconds}s`,
    '    # Websockets: an hour of silence.',
    '    timeout tunnel 1h',
    '    # A reload keeps the results of the checks; otherwise dead servers would count as healthy at first.',
    '    load-server-state-from-file local',
    `    server-state-file-name ${directory}/${name}.state`,
    '    # For each server the time until its answers began, in ms, and their number: `lb counts`.',
    '    stick-table type string len 128 size 10k store gpc(2)',
    '    http-response track-sc0 srv_name',
    '    http-response sc-add-gpc(0,0) res.timer.hdr',
    '    http-response sc-inc-gpc(1,0)',
    ...forwardedLines(state),
    ...(settings.redirectPort === 0 ? [] : [redirectLine(settings.redirectPort)]),
    `    http-request return status 503 content-type "text/html; charset=utf-8" hdr retry-after 60 hdr cache-control no-store string ${quoted(settings.maintenancePage || page)} if { str(${name}/maintenance),map(${directory}/flags.map) -m found }`,
    ...choiceLines(state),
    ...healthLines(state),
    `    default-server ${serverDefaults(state)}`,
    ...serverLines(state),
    ...acmeLines(state),
    '',
  ].join('\n');
}

/**
 * The routes of a service, `RANK BACKEND CONDITION`. Where two routes match, the more specific one wins: a host before any
 * host, then the longer path.
 */
export function routesOf({name, settings: {routes, acme}}: Pick<BalancerState, 'name' | 'settings'>): string[] {
  const wanted = routes.length === 0 ? [{}] : routes;
  const challenges =
    acme === ''
      ? []
      : wanted.map((route) => `0 ${name}.acme if ${hostTest(route)}{ path_beg /.well-known/acme-challenge/ }`);
  return [...new Set(challenges), ...wanted.map((route) => `${rank(route)} ${name}${routeTest(route)}`)];
}

function rank({host, path = '/'}: Route): string {
  const hostRank = host === undefined ? 3 : host.startsWith('*') ? 2 : 1;
  return `${hostRank}.${String(9999 - path.length).padStart(4, '0')}`;
}

function routeTest(route: Route): string {
  const host = hostTest(route);
  const path = route.path?.replace(/\/+$/, '') ?? '';
  if (path === '') return host === '' ? '' : ` if ${host.trimEnd()}`;
  return ` if ${host}{ path ${path} } or ${host}{ path_beg ${path}/ }`;
}

function hostTest({host}: Route): string {
  if (host === undefined) return '';
  const [how, value] = host.startsWith('*') ? ['end', host.slice(1)] : ['str', host];
  return `{ req.hdr(host),host_only -m ${how} ${value.toLowerCase()} } `;
}

function forwardedLines({settings: {trustedProxies}}: BalancerState): string[] {
  const unless = trustedProxies.length === 0 ? '' : ` unless { src ${trustedProxies.join(' ')} }`;
  return [
    `    http-request del-header x-forwarded-for${unless}`,
    '    option forwardfor',
    `    http-request set-header x-forwarded-proto %[ssl_fc,iif(https,http)]${unless}`,
  ];
}

function redirectLine(port: number): string {
  return `    http-request redirect location https://%[req.hdr(host),host_only]${port === 443 ? '' : `:${port}`}%[pathq] code 308 unless { ssl_fc }`;
}

// While there is a canary, the map says which letter of the slots, a (blue) or b (green), is the new release, so that
// it starts and ends without a reload. Any server of that release can get the request: the first takes one in n, the
// second one in n-1, ... The letters and the variable keep their names: a running worker has the fragment that an
// earlier version rendered.
function choiceLines(state: BalancerState): string[] {
  const choice = (wish: string): string =>
    `    http-request set-var(txn.half) str(${state.name}/${wish}),map(${directory}/flags.map) if { req.hdr(x-canary) -m str ${wish} } or { req.cook(canary) -m str ${wish} }`;
  const slots = slotsOf(state);
  return [
    choice('always'),
    choice('never'),
    ...slots.map((slot, index) => {
      const left = slots.slice(index).filter(({colour}) => colour === slot.colour).length;
      return `    use-server ${slotName(slot)} if { var(txn.half) -m str ${halfOf(slot.colour)} }${left === 1 ? '' : ` { rand(${left}) eq 0 }`}`;
    }),
  ];
}

function serverDefaults({hosts, settings: {slowStartSeconds, own}}: BalancerState): string {
  return [
    'inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1 weight 100',
    ...(slowStartSeconds > 0 ? [`slowstart ${slowStartSeconds}s`] : []),
    // Docker's DNS resolves only containers on the balancer's own host.
    ...(hosts.join('') === '' && !own ? ['resolvers docker resolve-prefer ipv4 resolve-opts allow-dup-ip'] : []),
    'init-addr last,libc,none',
  ].join(' ');
}

function serverLines(state: BalancerState): string[] {
  const weights = weightsOf(state);
  const unchecked = new Set(uncheckedSlots(state));
  const uses: readonly SlotUse[] = [...state.slots, ...(state.canary?.slots ?? [])];
  return slotsOf(state).map((slot) => {
    const name = slotName(slot);
    const use = uses.find((one) => slotName(one) === name);
    if (use === undefined) return `    server ${name} 127.0.0.1:1 check disabled`;
    const weight = weights?.[name];
    return `    server ${name} ${use.address}:${use.port}${unchecked.has(name) ? '' : ' check'}${weight === undefined ? '' : ` weight ${weight}`}`;
  });
}

const acmeLines = ({name, settings: {acme}}: BalancerState): string[] =>
  acme === '' ? [] : ['', `backend ${name}.acme`, `    server acme ${acme} init-addr last,libc,none`];

const page =
  '<!doctype html><meta name="viewport" content="width=device-width"><title>Maintenance</title><h1>Down for maintenance</h1><p>Please try again in a minute.</p>\n';
