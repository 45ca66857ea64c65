import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ignoredPathspecs, ignorePatterns, ignorePatternsBelow} from '../../../src/image/dockerignore.ts';

test('a .dockerignore is read as docker reads it: comments, spaces, slashes, exceptions', () => {
  assert.deepEqual(ignorePatterns('\uFEFF# all\n/dist/\n ./tmp \n\n!  dist/keep\n**/*.md\r\n/\n'), [
    'dist',
    'tmp',
    '!dist/keep',
    '**/*.md',
    '.',
  ]);
});

test('the patterns of a service in a workspace are those of its directory', () => {
  assert.deepEqual(ignorePatternsBelow('services/shop', ['dist', '!dist/keep', '**/*.md']), [
    'services/shop/dist',
    '!services/shop/dist/keep',
    'services/shop/**/*.md',
  ]);
});

test('git leaves out what docker ignores, but not the files that docker reads in any case', () => {
  assert.deepEqual(ignoredPathspecs(['docs'], []), [':(exclude,glob)docs', ':(exclude,glob)docs/**']);
  assert.deepEqual(ignoredPathspecs(['Docker*', '.docker*', 'a'], ['a/Dockerfile', '.dockerignore']), [
    ':(exclude,glob)Docker*',
    ':(exclude,glob)Docker*/**',
  ]);
  assert.deepEqual(ignoredPathspecs(['docs', '!docs/keep'], []), [], 'exceptions are beyond pathspecs');
  assert.deepEqual(ignoredPathspecs(['../x', String.raw`a\b`, '.'], []), []);
});
