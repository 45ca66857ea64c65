import {abuse} from './abuse-suite.ts';
import {all} from './under-load.ts';

if (all) await abuse('threads');
