/** Is nothing to be left out, as in `npm run test:all`? */
export const all = process.env['ENTRYPOINT_TEST_ALL'] === 'yes';

/** For a test that `npm test` has not the time for. */
export const long = all ? {} : {skip: 'part of npm run test:all'};

/** For the variants of a test of which `npm test` runs one or two. */
export const longIf = (isLong: boolean): typeof long => (isLong ? long : {});
