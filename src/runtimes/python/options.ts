import {option} from '../../option.ts';

/** Option of `run` that only a Python service heeds. */
export const pythonOptions = {
  appServer: option.choice(['gunicorn', 'uwsgi'], 'gunicorn', 'Python: the server that runs the service', {
    env: ['APP_SERVER'],
  }),
} as const;
