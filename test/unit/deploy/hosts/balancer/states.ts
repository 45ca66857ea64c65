import * as v from 'valibot';
import {balancerSettings, type BalancerSettings} from '../../../../../src/deploy/hosts/balancer/settings.ts';
import type {BalancerState, Colour, SlotUse} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {healthCheckOf} from '../../../../../src/service/schema/health-check.ts';
import {loadBalancer} from '../../../../../src/service/schema/load-balancer.ts';

/** Settings from `load_balancer` of a deploy.yaml. */
export const settings = (file: object = {}): BalancerSettings => balancerSettings(v.parse(loadBalancer, file));

export const use = (host: string, replica: number, colour: Colour, address = `buy.local.3.${replica}`): SlotUse => ({
  host,
  replica,
  colour,
  container: `buy.local.3.${replica}`,
  address,
  port: 3000,
});

/** Release 3 with two green replicas. */
export const state: BalancerState = {
  name: 'buy.local',
  release: 3,
  previous: 2,
  hosts: [''],
  size: 2,
  health: healthCheckOf('/readyz', undefined),
  slots: [use('', 1, 'green'), use('', 2, 'green')],
  settings: settings(),
};
