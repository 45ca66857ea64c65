import * as v from 'valibot';
import {balancerSettings, type BalancerSettings} from '../../../../../src/deploy/hosts/balancer/settings.ts';
import type {BalancerState, SlotUse} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {loadBalancer} from '../../../../../src/service/load-balancer-schema.ts';

/** Settings from `load_balancer` of a deploy.yaml. */
export const settings = (file: object = {}): BalancerSettings => balancerSettings(v.parse(loadBalancer, file));

export const use = (host: string, replica: number, half: 'a' | 'b', address = `buy.local.3.${replica}`): SlotUse => ({
  host,
  replica,
  half,
  container: `buy.local.3.${replica}`,
  address,
  port: 3000,
});

/** Release 3 with two replicas, green. */
export const state: BalancerState = {
  name: 'buy.local',
  release: 3,
  previous: 2,
  hosts: [''],
  size: 2,
  health: '/readyz',
  slots: [use('', 1, 'b'), use('', 2, 'b')],
  settings: settings(),
};
