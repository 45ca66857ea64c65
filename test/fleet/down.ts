// down NAME DIR: removes a fleet, in a process of its own: the interrupted one may be killed before it is done.
import {fleetDown} from './fleet.ts';

const [name = '', directory = ''] = process.argv.slice(2);
fleetDown(name, directory);
