import {buildApp} from './app.ts';
import declaration from './config.ts';
import {createPool} from './database.ts';

const config = declaration.read({task: 'run'});

/** `entrypoint run` listens, and closes the app after it has drained. */
const app = buildApp(config, createPool(config));

export default app;
