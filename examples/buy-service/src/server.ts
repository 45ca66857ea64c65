import {buildApp} from './app.ts';
import {readConfig} from './config.ts';
import {createPool} from './database.ts';

const config = readConfig(process.env);

/** `entrypoint run` listens, and closes the app after it has drained. */
const app = buildApp(config, createPool(config.database));

export default app;
