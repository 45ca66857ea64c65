import assert from 'node:assert/strict';
import {test} from 'node:test';
import {cli, service} from './harness.ts';

function refused(text: string, stderr: string, files: Readonly<Record<string, string>> = {}): void {
  assert.deepEqual(cli(service({'tasks.ts': text, ...files}), ['-l']), {code: 65, stdout: '', stderr});
}

test('a syntax error: file, line and source, without our stack', () => {
  refused(
    'export const a: number = 1;\nexport const b = (;\n',
    `entrypoint: tasks.ts has a syntax error: Expression expected
  tasks.ts:2
  export const b = (;
                    ^
fix: correct tasks.ts:2
`,
  );
});

test('a syntax error that only V8 sees', () => {
  refused(
    'export function b() {}\nconst c: number = 1;\nconst c = 2;\n',
    `entrypoint: tasks.ts has a syntax error: Identifier 'c' has already been declared
  tasks.ts:3
  const c = 2;
        ^
fix: correct tasks.ts:3
`,
  );
});

test('a syntax error in a file that tasks.ts imports', () => {
  refused(
    "import './src/tool.ts';\n",
    `entrypoint: src/tool.ts has a syntax error: Expected a semicolon
  src/tool.ts:2
  let x x;
fix: correct src/tool.ts:2
`,
    {'src/tool.ts': '\nlet x x;\n'},
  );
});

test('TypeScript that Node cannot run as it is', () => {
  refused(
    'enum A {x}\n',
    `entrypoint: tasks.ts has a syntax error: TypeScript enum is not supported in strip-only mode
  tasks.ts:1
  enum A {x}
  ^^^^^^^^^^
fix: Node only removes types: write it without enum, namespace and parameter properties
`,
  );
});

test('an exception while tasks.ts is loaded: its message and place', () => {
  refused(
    "export function a() {}\nfunction f() { throw new TypeError('boom\\nand more'); }\nf();\n",
    `entrypoint: cannot load tasks.ts: boom
  and more
  at tasks.ts:2:22
`,
  );
});

test('imports that are missing', () => {
  refused(
    "import 'left-pad-x';\n",
    'entrypoint: tasks.ts imports the package left-pad-x, which is not installed\nfix: npm install left-pad-x\n',
  );
  refused(
    "import './src/gone.ts';\n",
    'entrypoint: tasks.ts imports src/gone.ts, which does not exist\nfix: create src/gone.ts, or correct the import\n',
  );
  refused(
    "export {biuld} from 'entrypoint/tasks';\n",
    `entrypoint: tasks.ts imports a name that does not exist: The requested module 'entrypoint/tasks' does not provide an export named 'biuld'
  tasks.ts:1
  export {biuld} from 'entrypoint/tasks';
          ^^^^^
fix: correct tasks.ts:1
`,
  );
});

test('no task, or one task twice', () => {
  refused(
    'export const x = 1;\n',
    "entrypoint: tasks.ts exports no task\nfix: export {build, deploy, run} from 'entrypoint/tasks'; or export your own functions\n",
  );
  refused(
    'export function testIt() {}\nexport function test_it() {}\n',
    'entrypoint: tasks.ts exports the task test-it twice: as testIt and as test_it\nfix: rename one of them\n',
  );
});

test('tasks.ts is an ES module whatever package.json says; a problem that it throws is printed unchanged', () => {
  for (const type of ['{}', '{"type": "commonjs"}']) {
    const cwd = service({'package.json': type, 'tasks.ts': 'export const a: () => void = () => {};\n'});
    assert.deepEqual(cli(cwd, ['-l']), {code: 0, stdout: 'tasks.ts:\n  a\n', stderr: ''});
  }
  const thrown = service({
    'tasks.ts':
      "import {problem} from 'entrypoint';\nthrow problem({code: 'x', what: 'the moon is missing', fix: 'wait', exitCode: 42});\n",
  });
  assert.deepEqual(cli(thrown, ['-l']), {code: 42, stdout: '', stderr: 'entrypoint: the moon is missing\nfix: wait\n'});
});

test('tasks.ts gets the running copy of entrypoint, not the one in node_modules', () => {
  const cwd = service({
    'tasks.ts': "export {build} from 'entrypoint/tasks';\n",
    'node_modules/entrypoint/package.json': '{"name": "entrypoint", "exports": {"./tasks": "./tasks.js"}}',
    'node_modules/entrypoint/tasks.js': "throw new Error('the wrong copy')",
  });
  assert.deepEqual(cli(cwd, ['-l']), {
    code: 0,
    stdout: 'lifecycle:\n  build   Build the one image of the service\n',
    stderr: '',
  });
});

test('an error in a task of the service: message and place; the stack only with --verbose', () => {
  const cwd = service({
    'tasks.ts': `
export async function broken(): Promise<void> { JSON.parse('{'); }
export async function forever() { await new Promise(() => {}); }
export async function floating() { void Promise.reject(new Error('floated')); await new Promise((go) => { setTimeout(go, 500); }); }
`,
  });
  const message = "Expected property name or '}' in JSON at position 1 (line 1 column 2)";
  assert.deepEqual(cli(cwd, ['broken']), {
    code: 1,
    stdout: '',
    stderr: `entrypoint: broken failed: ${message}\n  at tasks.ts:2:54\n`,
  });
  assert.match(
    cli(cwd, ['broken', '--verbose']).stderr,
    /SyntaxError: Expected property name[^]*at .*broken.* \(file:.*tasks\.ts:2:54\)/,
  );
  assert.deepEqual(cli(cwd, ['forever']), {
    code: 1,
    stdout: '',
    stderr: 'entrypoint: a task never finished: it awaits a promise that never settles\n',
  });
  assert.deepEqual(cli(cwd, ['floating']), {
    code: 1,
    stdout: '',
    stderr: 'entrypoint: unhandled rejection: floated\n  at tasks.ts:4:56\n',
  });
});
