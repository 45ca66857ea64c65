import type {Rule} from './rule.ts';
import {privilegeRules} from './privileges.ts';
import {secretRules} from './secrets.ts';
import {signalRules} from './signals.ts';
import {startRules} from './start.ts';
import {surfaceRules} from './surface.ts';

/** The contract, in the order of its manual. */
export const rules: readonly Rule[] = [...startRules, ...signalRules, ...privilegeRules, ...surfaceRules, ...secretRules];
