// Loaded when it is needed only. The bundle of a CommonJS package has no named exports for an `import()` of it.
export {parse} from 'yaml';
