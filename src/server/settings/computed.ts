import {addressText, parseAddress, splitAddresses} from './address.ts';
import type {SettingName} from './declaration.ts';
import type {GivenSettings} from './given.ts';
import {heapLimit, nodeWorkerCount, type Resources, type WorkerKind} from './limits.ts';
import type {Origin} from './value.ts';

/** Settings with those that follow from others and from the machine: workers, heap and address. */
export function computed(
  values: Readonly<Record<SettingName, Origin>>,
  given: GivenSettings,
  machine: Resources,
): Readonly<Record<SettingName, Origin>> {
  const kind = (values.workerClass.value ?? 'async') as WorkerKind;
  const threads = Number(values.threads.value ?? 1);
  const memory = machine.megabytes === undefined ? 'no memory limit' : `${machine.megabytes} MiB, 3/4 of the memory`;
  const workers = values.workers.given
    ? values.workers
    : values.reload.value === true
      ? byDefault(1, 'default with reload')
      : byDefault(nodeWorkerCount(kind, threads, machine), `default: ${machine.cpus} CPU, ${memory}`);
  const heap =
    machine.megabytes === undefined ? 0 : heapLimit(kind, threads, machine.megabytes / Number(workers.value ?? 1));
  const maxHeap = values.maxHeap.given ? values.maxHeap : byDefault(heap, `default: ${memory}`);
  // gunicorn's meaning of --timeout for a worker that serves one request at a time.
  const handlerTimeout = values.handlerTimeout.given
    ? values.handlerTimeout
    : kind === 'sync'
      ? byDefault(Number(values.timeout.value ?? 0), 'default: --timeout')
      : byDefault(0, 'default');
  return {...values, workers, maxHeap, handlerTimeout, bind: bindOf(values, given)};
}

function byDefault(value: number, from: string): Origin {
  return {value, from, given: false};
}

/**
 * The addresses to listen on, separated by commas. `bind` overrides `host` and `port`, unless one of them was given with
 * a higher rank: `--port` on the command line overrides BIND in the environment, and then there is one address.
 */
export function bindOf(
  {bind, host, port}: Readonly<Record<'bind' | 'host' | 'port', Origin>>,
  given: GivenSettings,
): Origin {
  const rank = (name: SettingName): number => given.get(name)?.rank ?? -1;
  const all =
    typeof bind.value === 'string' ? splitAddresses(bind.value).flatMap((one) => parseAddress(one) ?? []) : [];
  const whole = all.find((address) => 'host' in address) ?? all[0];
  const stronger = (['host', 'port'] as const).filter((name) => rank(name) > rank('bind'));
  if (whole !== undefined && stronger.length === 0) return bind;
  const base = whole !== undefined && 'host' in whole ? whole : {host: String(host.value), port: Number(port.value)};
  const origins = [...(whole === undefined ? [] : [bind]), ...stronger.map((name) => ({host, port})[name])];
  return {
    value: addressText({
      host: stronger.includes('host') ? String(host.value) : base.host,
      port: stronger.includes('port') ? Number(port.value) : base.port,
    }),
    from: origins.map(({from}) => from).join(', ') || 'default',
    given: origins.length > 0,
  };
}
