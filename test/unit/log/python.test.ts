import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {withContext} from '../../../src/log/index.ts';
import {directoryWith} from '../../support/directory.ts';
import {recordedLog} from '../../support/log/lines.ts';

// entrypoint_log writes the lines of entrypoint/log.

type Line = Readonly<Record<string, unknown>>;
const library = join(import.meta.dirname, '../../../images/python/lib');

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

function python(program: string, env: Readonly<Record<string, string>> = {}): Ended {
  const directory = directoryWith({
    'main.py': `import logging, sys, entrypoint_log\n${program}`,
    'pyproject.toml': '[tool.entrypoint.config]\nLOG_TEST_PW = {type = "text", secret = true}\n',
  });
  const {status, stderr, stdout} = spawnSync('python3', ['main.py'], {
    cwd: directory,
    encoding: 'utf8',
    env: {PATH: process.env['PATH'], PYTHONPATH: library, PYTHONDONTWRITEBYTECODE: '1', ...env},
  });
  return {code: status, stderr, stdout};
}

const linesOf = (text: string): readonly Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

function lines(program: string, env: Readonly<Record<string, string>> = {}): readonly Line[] {
  const {code, stderr, stdout} = python(`entrypoint_log.configure()\nlog = logging.getLogger("shop")\n${program}`, env);
  assert.deepEqual([stderr, code], ['', 0]);
  return linesOf(stdout);
}

/** Without what differs from run to run. */
const stable = ({time, pid, instance, ...rest}: Line): Line => {
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(String(instance), /^[0-9a-z]{10}$/);
  assert.equal(typeof pid, 'number');
  return rest;
};

const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

test('a line of Python has the fields of a line of Node, by the same names, in the same order', () => {
  for (const format of ['json', 'ecs'] as const) {
    const program = `
with entrypoint_log.context(request_id="r1", traceparent="${parent}", job=4):
    log.warning("not paid", extra={"order": 7, "password": "p", "level": "x", "event": "unpaid", "note": "é\\u2028"})
log.info("placed")`;
    const {log: node, texts} = recordedLog(format);
    const log = node.child({});
    withContext({request_id: 'r1', traceparent: parent, job: 4}, () =>
      log.warn({logger: 'shop', order: 7, password: 'p', level: 'x', event: 'unpaid', note: 'é\u2028'}, 'not paid'),
    );
    log.info({logger: 'shop'}, 'placed');
    const written = lines(program, {LOG_FORMAT: format});
    const expected = texts.map((text) => JSON.parse(text) as Line);
    const values = (line: Line): Line =>
      Object.fromEntries(
        Object.entries(line).filter(([name]) => !/^time$|timestamp|pid$|instance|entity_id/.test(name)),
      );
    assert.deepEqual(written.map(values), expected.map(values));
    const order = (line: Line): readonly string[] => Object.keys(line).filter((name) => name !== 'job');
    assert.deepEqual(written.map(order), expected.map(order));
  }
});

test('the levels of logging, and those between them, by the names of Node', () => {
  const program = 'for number in (5, 10, 20, 25, 30, 40, 50): log.log(number, "x")';
  assert.deepEqual(
    lines(program, {LOG_LEVEL: 'Trace'}).map(({level, severity_text: severity}) => `${level} ${severity}`),
    ['trace TRACE', 'debug DEBUG', 'info INFO', 'info INFO', 'warning WARN', 'error ERROR', 'fatal FATAL'],
  );
  assert.deepEqual(
    lines('log.info("i"); log.error("e")', {LOG_LEVEL: 'loud', LOG_FORMAT: 'xml'}).map(({message}) => message),
    [
      'LOG_LEVEL is no level: expected trace, debug, info, warn, error, fatal or silent; info is used',
      'LOG_FORMAT is no format: expected json, ecs or text; json is used',
      'i',
      'e',
    ],
  );
  assert.equal(python('entrypoint_log.configure(); logging.critical("x")', {LOG_LEVEL: 'silent'}).stdout, '');
});

test('an error is one event with its stack, its attributes and its causes, whichever way it is logged', () => {
  const program = `
class NotPlaced(Exception):
    pass
try:
    try:
        raise KeyError("k")
    except KeyError as cause:
        error = NotPlaced("two\\nlines")
        error.status = 502
        error.token = "t"
        raise error from cause
except NotPlaced as error:
    log.exception("failed")
    log.error(error)
    log.error("%s", error, exc_info=error)
    log.error({"message": "m", "err": error})`;
  for (const [at, line] of lines(program).entries()) {
    const {message, err} = line as {message: string; err: Readonly<Record<string, unknown>>};
    assert.equal(message, ['failed', 'two\nlines', 'two\nlines', 'm'][at]);
    const {stack, cause, ...rest} = err as {stack: string; cause: Line};
    assert.deepEqual(rest, {type: 'NotPlaced', message: 'two\nlines', status: 502, token: '[secret]'});
    assert.match(stack, /^Traceback[^]*main\.py[^]*NotPlaced: two\nlines$/);
    assert.deepEqual([cause['type'], cause['message']], ['KeyError', "'k'"]);
  }
});

test('a stack of 100 KB is one event of 8 KiB that has its end, where the error is', () => {
  const program = `
def one(depth): return two(depth) if depth else int("no number")
def two(depth): return one(depth - 1)
sys.setrecursionlimit(5000)
try:
    one(700)
except ValueError:
    log.exception("deep", extra={"order": 7})`;
  const [{order, message, err, cut} = {}] = lines(program);
  const {stack} = err as {stack: string};
  assert.deepEqual([order, message, cut], [7, 'deep', 1]);
  assert.match(stack, /^Traceback[^]*\.\.\.[^]*ValueError: invalid literal for int\(\) with base 10: 'no number'$/);
  assert.ok(stack.length > 6000, `${stack.length}`);
});

test('values that entrypoint_config has read as secrets are hidden in every form and place', () => {
  const program = `
import entrypoint_config
secret = entrypoint_config.read().LOG_TEST_PW
log.info("login with %s failed", secret.reveal(), extra={"pool": secret, "uri": "p%22w%20word", "b": "cCJ3IHdvcmQ"})
log.info("x" * 8185 + secret.reveal())
log.info({"in " + secret.reveal(): [secret.reveal()], "request": {"headers": {"Cookie": "c"}}})
log.info("%s", {"password": "named"})
try:
    raise ValueError(secret.reveal())
except ValueError:
    log.exception("failed")`;
  const written = lines(program, {LOG_TEST_PW: 'p"w word'});
  const text = JSON.stringify(written);
  for (const form of ['w word', 'w%20word', 'cCJ3IHdvcmQ', 'named', '"c"']) assert.ok(!text.includes(form), form);
  const [{message, pool} = {}] = written;
  assert.deepEqual([message, pool], ['login with [secret LOG_TEST_PW] failed', '[secret LOG_TEST_PW]']);
});

test('an error that nothing catches is one event, in a thread as well, and the exit code is that of Python', () => {
  const program = `
import threading
entrypoint_log.configure()
def fail():
    raise KeyError("in a thread")
thread = threading.Thread(target=fail, name="feed")
thread.start(); thread.join()
raise RuntimeError("two\\nlines")`;
  const {code, stderr, stdout} = python(program);
  const all = linesOf(stdout);
  assert.deepEqual([code, stderr, all.length], [1, '', 2]);
  assert.deepEqual(
    all.map(({level, event, origin, message}) => [level, event, origin, message]),
    [
      ['fatal', 'uncaught_exception', 'feed', "'in a thread'"],
      ['fatal', 'uncaught_exception', 'main', 'two\nlines'],
    ],
  );
});

test('processes that are forked have an instance and numbers of their own; no line is lost at os._exit', () => {
  const program = `
import os
entrypoint_log.configure()
logging.info("parent")
for _ in range(2):
    if os.fork() == 0:
        for at in range(300): logging.info("child %d", at)
        os._exit(0)
while True:
    try: os.wait()
    except ChildProcessError: break
logging.info("parent")`;
  const found = new Map<unknown, number[]>();
  for (const {instance, seq} of linesOf(python(program).stdout))
    found.set(instance, [...(found.get(instance) ?? []), Number(seq)]);
  assert.deepEqual(
    [...found.values()].map(({length}) => length).toSorted((a, b) => a - b),
    [2, 300, 300],
  );
  for (const numbers of found.values())
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 1),
    );
});

test('without a reader a service goes on, and counts what is lost', () => {
  const program = `
import os
entrypoint_log.configure()
reader, writer = os.pipe()
os.dup2(writer, 1); os.close(writer); os.close(reader)
for _ in range(5): logging.info("lost")
sys.stderr.write(repr(tuple(entrypoint_log.counts())))`;
  assert.deepEqual(python(program), {code: 0, stderr: '(0, 0, 5)', stdout: ''});
});

test('dictConfig, a formatter in a handler of the service, and print as events if asked for', () => {
  const program = `
import logging.config
logging.config.dictConfig(entrypoint_log.dict_config("debug"))
logging.getLogger("shop").debug("one")
own = logging.StreamHandler(sys.stdout)
own.setFormatter(entrypoint_log.Formatter())
logging.getLogger("own").addHandler(own)
logging.getLogger("own").propagate = False
logging.getLogger("own").info("two")
sys.stdout.flush()
restore = entrypoint_log.capture_print()
print("three", 3, "\\nlines")
restore()
print('{"message": "as before"}')`;
  assert.deepEqual(
    linesOf(python(program).stdout).map(({message, seq, logger}) => [message, seq, logger]),
    [
      ['one', 1, 'shop'],
      ['two', 2, 'own'],
      ['three 3 \nlines', 3, 'print'],
      ['as before', undefined, undefined],
    ],
  );
});

test('middleware for WSGI and ASGI: lines of a request have its ids, which the application sees, and others have none', () => {
  const program = `
import asyncio
def app(environ, start_response):
    log.info("wsgi", extra={"seen": environ["HTTP_X_REQUEST_ID"]})
    def body():
        log.info("body")
        yield b""
    return body()
async def asgi(scope, receive, send):
    log.info("asgi", extra={"seen": dict(scope["headers"])[b"x-request-id"].decode()})
served = entrypoint_log.WsgiMiddleware(app)
for environ in ({"HTTP_X_REQUEST_ID": "r1", "HTTP_TRACEPARENT": "${parent}"}, {"HTTP_X_REQUEST_ID": 'no "id'}):
    body = served(environ, None)
    list(body)
    body.close()
    log.info("outside")
async def both():
    scopes = [{"type": "http", "headers": [(b"x-request-id", b"a%d" % at)]} for at in range(3)]
    await asyncio.gather(*(entrypoint_log.AsgiMiddleware(asgi)(scope, None, None) for scope in scopes))
asyncio.run(both())`;
  const written = lines(program).map(stable);
  const [first, body, outside, second] = written;
  const trace = 'a'.repeat(32);
  const [id, span] = ['r1', 'b'.repeat(16)];
  assert.deepEqual(
    [first, body].map((line) => [line?.['request_id'], line?.['trace_id'], line?.['span_id']]),
    [
      [id, trace, span],
      [id, trace, span],
    ],
  );
  assert.equal(outside?.['request_id'], undefined);
  assert.match(String(second?.['request_id']), /^[0-9a-f]{32}$/);
  assert.equal(second?.['trace_id'], second?.['request_id']);
  assert.deepEqual(
    written.slice(-3).map(({request_id: own}) => own),
    ['a0', 'a1', 'a2'],
  );
  for (const {seen, request_id: own} of written) if (seen !== undefined) assert.equal(seen, own);
});

test('readable lines with LOG_FORMAT=text: one call, and stacks below', () => {
  const {stdout} = python(
    'entrypoint_log.configure()\nlogging.getLogger("shop").info("placed", extra={"order": 7, "note": "a b"})\nlogging.error(ValueError("x"))',
    {LOG_FORMAT: 'text'},
  );
  assert.match(
    stdout,
    /^\d\d:\d\d:\d\d info placed logger=shop order=7 note="a b"\n\d\d:\d\d:\d\d error x err="ValueError: x"\n {9}ValueError: x\n$/,
  );
});

test('words of a message that have secrets by their names, and a text that is cut behind several long secrets', () => {
  const program = `
import dataclasses, entrypoint_config
@dataclasses.dataclass
class Login:
    password: str
log.info("%s", {"password": "named-1"})
log.info("%(token)s and %(a)s", {"token": "named-2", "a": 1})
log.info("%s %r", Login("named-3"), [{"cookie": "named-4"}])
secret = entrypoint_config.read().LOG_TEST_PW.reveal()
for before in range(0, 1000, 37):
    log.info("x" * before + secret * 20)`;
  const written = lines(program, {LOG_TEST_PW: `K${'0123456789abcdef'.repeat(60)}`});
  assert.deepEqual(
    written.slice(0, 3).map(({message}) => message),
    ['{"password":"[secret]"}', '[secret] and 1', '{"password":"[secret]"} [{"cookie":"[secret]"}]'],
  );
  assert.doesNotMatch(JSON.stringify(written), /[0-9a-f]{32}|named-/);
});

test('events of structlog, by its own formatter for logging and as its last processor', () => {
  const program = `
# As structlog.stdlib.ProcessorFormatter.wrap_for_formatter passes an event on.
def stdlib(event):
    log.info(event, extra={"_logger": log, "_name": "info"})
stdlib({"event": "placed", "order": 7, "name": "jo", "token": "t", "level": "info", "timestamp": "now"})
try:
    raise ValueError("no")
except ValueError as error:
    stdlib({"event": "failed", "exc_info": True})
    rendered = entrypoint_log.structlog_processor(None, "exception", {"event": "failed", "exc_info": error, "logger": "shop"})
    print(rendered, flush=True)`;
  const [placed, failed, rendered] = lines(program).map(stable);
  assert.deepEqual(placed, {
    level: 'info',
    severity_text: 'INFO',
    message: 'placed',
    order: 7,
    name: 'jo',
    token: '[secret]',
    logger: 'shop',
    seq: 1,
  });
  for (const {message, err, logger} of [failed ?? {}, rendered ?? {}])
    assert.deepEqual(
      [message, logger, (err as {type: string}).type, (err as {message: string}).message],
      ['failed', 'shop', 'ValueError', 'no'],
    );
  assert.equal(rendered?.['level'], 'error');
});

test('a service without a configuration logs by the fallback, also by logging.info(); its own configuration wins', () => {
  const program = `
import logging.config
entrypoint_log.fallback()
logging.info("one")
logging.getLogger("shop").info("two")
logging.getLogger("shop").debug("not shown")
logging.basicConfig(format="own %(message)s", stream=sys.stdout, level="INFO")
logging.info("three")
logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"handlers": []}})
logging.getLogger("shop").warning("four")
try:
    raise ValueError("no")
except ValueError:
    logging.exception("five")`;
  const {stdout, stderr} = python(program);
  const [one, two, three, ...others] = stdout.trimEnd().split('\n');
  assert.deepEqual([three, stderr, others.length], ['own three', '', 2]);
  assert.deepEqual(
    [one, two, ...others].map((line) => (JSON.parse(line ?? '') as Line)['message']),
    ['one', 'two', 'four', 'five'],
  );
});
