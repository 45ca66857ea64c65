import {dockerNetworkConnect, dockerRun} from '../../../../commands/docker/index.ts';
import {balancerCertificate, balancerConfig, balancerRestore} from '../../../../commands/lb.ts';
import {problem} from '../../../../errors.ts';
import type {Commands} from '../../../../shell/argv.ts';
import {roleLabels, sharedLabels} from '../../../../stack/names.ts';
import {stackOf, settingsHash, type Target} from '../../../target.ts';
import {balancerContainer} from '../../balancer/container.ts';
import {renderFragment} from '../../balancer/fragment.ts';
import type {BalancerView} from '../../fleet.ts';
import {networkOf} from '../../network.ts';
import {balancerOf} from '../../state.ts';
import type {Cause, Round} from './step.ts';
import {balancerUndo} from './traffic.ts';

export interface Prepared {
  readonly commands: Commands;
  readonly undo: Commands;
  readonly what: readonly string[];
  readonly causes?: readonly Cause[] | undefined;
}

/** What of the file a balancer's container depends on; all else is in its configuration. */
export function balancerHash({
  settings: {
    load_balancer: {image, address, port, tls, own},
  },
}: Target): string {
  return settingsHash({image, address, port, tls: tls?.port, own});
}

/**
 * The balancer as it must be before anything moves: it runs, and has room for every replica; the old release is still
 * in its slots. With `repair`, it is set to what its file says: a deploy that died may have moved the traffic.
 * @throws Problem `balancer_differs`
 */
export function prepareBalancer(
  target: Target,
  {found, held, before}: BalancerView,
  {apart, repair}: {apart: boolean; repair: boolean},
): Prepared {
  const name = balancerOf(target);
  const {name: shared, own} = target.settings.load_balancer;
  const exists = found.state.balancerState !== undefined;
  const settings = balancerHash(target);
  if (exists && found.state.balancerSettings !== settings) throw movedBalancer(target, name);
  const changed = held === undefined || renderFragment(held) !== renderFragment(before);
  return {
    commands: [
      ...(exists
        ? []
        : [
            dockerRun(
              balancerContainer(target.settings.load_balancer, {
                name,
                network: apart ? undefined : networkOf(target),
                labels: {
                  ...(shared === undefined ? roleLabels(stackOf(target), 'balancer') : sharedLabels(shared)),
                  'entrypoint.settings': settings,
                },
              }),
              'detached',
            ),
          ]),
      // Where other services share it, it has their networks, too.
      ...(shared === undefined || apart || own !== undefined ? [] : [dockerNetworkConnect(networkOf(target), name)]),
      ...(changed ? [balancerConfig(name, before.name, renderFragment(before), 'reload')] : []),
      ...(exists && (repair || (apart && changed)) ? [balancerRestore(name, before.name)] : []),
    ],
    causes: balancerCauses(target),
    undo: held === undefined ? balancerUndo(target, exists) : [],
    what: [
      ...(exists ? [] : [`start the load balancer ${name}`]),
      ...(changed ? [`configure ${name}`] : []),
      ...(exists && repair ? [`set ${name} back to its file`] : []),
    ],
  };
}

/** The certificate has an input of its own, and so is a step of its own. The same one again changes nothing. */
export function certificateSteps(target: Target, balancers: readonly BalancerView[]): Round {
  const {tls} = target.settings.load_balancer;
  if (tls === undefined) return [];
  return balancers.map(
    ({
      found: {
        machine: {host},
      },
      before,
    }) => ({
      phase: 'prepare',
      host,
      what: `give ${balancerOf(target)} its certificate`,
      commands: [
        balancerCertificate(balancerOf(target), before.name, [
          tls.certificate,
          ...(tls.key === undefined ? [] : [tls.key]),
        ]),
      ],
      purpose: `the load balancer on ${host} refuses the certificate`,
      fix: 'load_balancer.tls.certificate is the certificate with its chain, in PEM; its key stands in the same text or in load_balancer.tls.key',
    }),
  );
}

/** What is said of a balancer among the other things of a step. */
function balancerCauses(target: Target): Cause[] {
  const {image, address, port} = target.settings.load_balancer;
  return [
    {sign: 'lb: ', purpose: 'the load balancer refused its configuration, and goes on with the old one'},
    {
      sign: balancerOf(target),
      purpose: 'the load balancer could not be started',
      fix: `free ${address}:${port}, or set another load_balancer.port in deploy.yaml (0 = any free one)`,
    },
    {
      sign: image,
      purpose: 'the load balancer could not be started',
      fix: `its image (${image}) is made by: npm run images; hosts need it in the registry`,
    },
  ];
}

function movedBalancer({environment}: Target, name: string): Error {
  return problem({
    code: 'balancer_differs',
    what: `load_balancer in deploy.yaml differs from what ${name} was started with, and changing it would cut off the users`,
    fix: `set it back, or at a quiet time: entrypoint remove ${environment} (volumes stay), then deploy again`,
  });
}
