// Not in schema.ts: the command line checks it without loading the schema.

/** How many hosts change at a time: `all`, a number, or a percentage. */
export const batchPattern = /^(?:all|[1-9]\d*|[1-9]\d?%|100%)$/;
