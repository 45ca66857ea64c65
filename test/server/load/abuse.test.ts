import {abuse} from './abuse-suite.ts';

await abuse('async');
