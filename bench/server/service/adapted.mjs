// The fetch handler behind an adapter for node:http, as a node-style handler of our server: what ADAPTER costs there.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import app from './fetch.mjs';

const {ADAPTER: name, ADAPTERS: directory} = process.env;
const found = createRequire(`${directory}/`).resolve(name === 'srvx' ? 'srvx/node' : name);
const {toNodeHandler, getRequestListener} = await import(pathToFileURL(found));

export default name === 'srvx' ? toNodeHandler(app.fetch) : getRequestListener(app.fetch);
