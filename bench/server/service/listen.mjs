// The service in one process, without an app server. PM2 runs the same file.
import {createServer} from 'node:http';
import listener from './app.mjs';

createServer(listener).listen({port: Number(process.env.PORT), host: '127.0.0.1', backlog: 2048});
