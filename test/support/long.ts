/** Is nothing to be left out, as in `npm run test:all`? */
export const all = process.env['ENTRYPOINT_TEST_ALL'] === 'yes';

/** For a test that `npm test` has not the time for. */
export const long = all ? {} : {skip: 'part of npm run test:all'};
