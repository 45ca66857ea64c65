// down NAME DIR: takes a fleet away, as a process of its own: who is interrupted may not live long enough.
import {fleetDown} from './fleet.ts';

const [name = '', directory = ''] = process.argv.slice(2);
fleetDown(name, directory);
