import {dockerNetworkConnect, dockerRun} from '../../../../commands/docker/index.ts';
import {balancerCertificate, balancerConfig, balancerRestore} from '../../../../commands/lb.ts';
import {problem} from '../../../../errors.ts';
import {ownImageFix} from '../../../../service/schema/image-name.ts';
import {roleLabels, sharedLabels} from '../../../../stack/names.ts';
import {stackOf, settingsHash, type Target} from '../../../target.ts';
import {balancerContainer} from '../../balancer/container.ts';
import {renderFragment} from '../../balancer/fragment.ts';
import {uncheckedSlots} from '../../balancer/health-lines.ts';
import type {FleetBalancer} from '../../fleet.ts';
import {networkOf} from '../../stack-network.ts';
import {balancerOf} from '../../state.ts';
import {certificateFix, checkCertificate} from './certificate.ts';
import type {FailureCause, Prepared, Round} from './step.ts';
import {balancerUndo} from './traffic.ts';

/** A hash of the settings that a balancer's container depends on; all others are in its configuration. */
export function balancerHash({
  settings: {
    load_balancer: {image, address, port, tls, own},
  },
}: Target): string {
  return settingsHash({image, address, port, tls: tls?.port, own});
}

/**
 * Prepares a balancer for a deploy: it runs, and has slots for every replica; the old release stays in its slots.
 * @param options `repair`: reset its servers to its file, since a failed deploy may have moved the traffic
 * @throws Problem `balancer_differs`, `balancer_outdated`
 */
export function prepareBalancer(
  target: Target,
  {surveyed, held, before}: FleetBalancer,
  {dedicated, repair}: {dedicated: boolean; repair: boolean},
): Prepared {
  const name = balancerOf(target);
  const {name: shared, own} = target.settings.load_balancer;
  const exists = surveyed.state.balancerState !== undefined;
  const hash = balancerHash(target);
  if (exists && surveyed.state.balancerSettings !== hash) throw differsProblem(target, name);
  if (exists && surveyed.state.lbVersion < 3 && uncheckedSlots(before).length > 0) throw outdatedProblem(target, name);
  const changed = held === undefined || renderFragment(held) !== renderFragment(before);
  return {
    commands: [
      ...(exists
        ? []
        : [
            dockerRun(
              balancerContainer(target.settings.load_balancer, {
                name,
                network: dedicated ? undefined : networkOf(target),
                labels: {
                  ...(shared === undefined ? roleLabels(stackOf(target), 'balancer') : sharedLabels(shared)),
                  'entrypoint.settings': hash,
                },
              }),
              'detached',
            ),
          ]),
      // A shared balancer is in the network of each of its services.
      ...(shared === undefined || dedicated || own !== undefined
        ? []
        : [dockerNetworkConnect(networkOf(target), name)]),
      ...(changed ? [balancerConfig(name, before.name, renderFragment(before), 'reload')] : []),
      ...(exists && (repair || (dedicated && changed)) ? [balancerRestore(name, before.name)] : []),
    ],
    causes: balancerCauses(target),
    undo: held === undefined ? balancerUndo(target, exists) : [],
    what: [
      ...(exists ? [] : [`start the load balancer ${name}`]),
      ...(changed ? [`configure ${name}`] : []),
      ...(exists && repair ? [`reset ${name} to its file`] : []),
    ],
  };
}

/** Installs the certificate: a step of its own, since it needs the standard input. An unchanged certificate changes nothing. */
export function certificateSteps(target: Target, balancers: readonly FleetBalancer[]): Round {
  const {tls} = target.settings.load_balancer;
  if (tls === undefined) return [];
  return balancers.map(
    ({
      surveyed: {
        machine: {host},
      },
      before,
    }) => ({
      phase: 'prepare',
      host,
      what: `install the certificate of ${balancerOf(target)}`,
      commands: [
        {
          ...balancerCertificate(balancerOf(target), before.name, [
            tls.certificate,
            ...(tls.key === undefined ? [] : [tls.key]),
          ]),
          checkInput: checkCertificate,
        },
      ],
      purpose: `the load balancer on ${host} rejected the certificate`,
      fix: certificateFix,
    }),
  );
}

/** Failures of a balancer among the commands of a step. */
function balancerCauses(target: Target): FailureCause[] {
  const {image, address, port} = target.settings.load_balancer;
  return [
    {pattern: 'lb: ', purpose: 'the load balancer rejected its configuration and keeps the old one'},
    {
      pattern: balancerOf(target),
      purpose: 'cannot start the load balancer',
      fix: `free ${address}:${port}, or set another load_balancer.port in deploy.yaml (0: any free one)`,
    },
    {
      pattern: image,
      purpose: 'cannot start the load balancer',
      fix:
        ownImageFix(image) ??
        `correct load_balancer.image in deploy.yaml: ${image} must be an image of the load balancer`,
    },
  ];
}

function differsProblem({environment, settings}: Target, name: string): Error {
  return problem({
    code: 'balancer_differs',
    what: `load_balancer in deploy.yaml differs from what ${name} was started with; changing it would interrupt the service`,
    fix:
      settings.load_balancer.name === undefined
        ? `revert the change, or apply it when traffic is low: entrypoint remove ${environment} (volumes stay), then deploy again`
        : `revert the change; or, when traffic is low, remove the balancer from each host (docker rm --force ${name}) and deploy all services that share it`,
  });
}

function outdatedProblem({environment}: Target, name: string): Error {
  return problem({
    code: 'balancer_outdated',
    what: `${name}, which an earlier version started, cannot check releases that expect different answers, and \`health\` in deploy.yaml expects another one than the release that serves`,
    fix: `change only the path, the host and header values; or apply it when traffic is low: entrypoint remove ${environment} (volumes stay), then deploy again`,
  });
}
