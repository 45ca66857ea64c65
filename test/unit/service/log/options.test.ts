import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {
  endpointOf,
  endpointText,
  fluentdAddress,
  gelfAddress,
  httpAddress,
  syslogAddress,
} from '../../../../src/service/log/address.ts';
import {logIssues} from '../../../../src/service/log/check.ts';
import {logDrivers, requiredEndpoint} from '../../../../src/service/log/drivers.ts';
import {bytesOf, secondsOf} from '../../../../src/service/log/values.ts';
import {logWarnings} from '../../../../src/service/log/warnings.ts';
import {refusedLog as refused} from './refused.ts';

/** The message for one option. */
const about = (driver: string, options: Readonly<Record<string, string>>): readonly string[] =>
  logIssues({driver, options}).map(({path, message}) => `${path.join('.')} ${message}`);

const read = (address: string, form: Parameters<typeof endpointOf>[1]): string | undefined => {
  const endpoint = endpointOf(address, form);
  return endpoint === undefined ? undefined : endpointText(endpoint);
};

describe('addresses of log endpoints', () => {
  test('the forms of the drivers, with their default ports', () => {
    assert.deepEqual(
      [
        read('tcp://10.0.0.9', syslogAddress),
        read('tcp+tls://[2001:db8::1]:6514', syslogAddress),
        read('udp://logs_1.example.com.', syslogAddress),
        read('unixgram:///dev/log', syslogAddress),
        read('h', fluentdAddress),
        read('tls://h:1', fluentdAddress),
        read('udp://h:12201', gelfAddress),
        read('https://h/', httpAddress),
        read('http://h:8088', httpAddress),
      ],
      [
        'tcp://10.0.0.9:514',
        'tls://[2001:db8::1]:6514',
        'udp://logs_1.example.com.:514',
        'unix:///dev/log',
        'tcp://h:24224',
        'tls://h:1',
        'udp://h:12201',
        'https://h:443',
        'http://h:8088',
      ],
    );
  });

  test('what is no address is refused', () => {
    const wrong = [
      '',
      'h',
      'tcp://',
      'tcp://h:0',
      'tcp://h:65536',
      'tcp://h:x',
      'tcp://10.0.0.300:1',
      'tcp://10.0.0:1',
      'tcp://-h:1',
      'tcp://a b:1',
      'tcp://u@h:1',
      'tcp://h:1/path',
      'tcp://h:1?a',
      'tcp://[10.0.0.1]:1',
      'tcp://::1:1',
      'http://h:1',
      'unix://dev/log',
      'unix:///dev/',
      'tcp://h:1\n',
    ];
    for (const one of wrong) assert.equal(endpointOf(one, syslogAddress), undefined, JSON.stringify(one));
    assert.equal(endpointOf('tcp://h', gelfAddress), undefined, 'the driver gelf has no default port');
    assert.equal(endpointOf('https://h:8088/services/collector', httpAddress), undefined);
    assert.deepEqual(about('gelf', {'gelf-address': 'tls://h:1'}), [
      'options.gelf-address must begin with tcp://, udp://, not tls://',
    ]);
  });
});

// Reproducible: the seed is in the message of a failure.
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
const choose = <T>(next: () => number, from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;

describe('any options', () => {
  const hostile = [
    '',
    ' ',
    '\0',
    '\n',
    '{{',
    '}}',
    '(',
    '[',
    '\\',
    '-1',
    '1e9',
    'NaN',
    '🙂',
    '\uD800',
    'é'.repeat(5000),
    '://',
    'tcp://',
    '(?=a)',
    '(?i)a',
    '9'.repeat(400),
  ];

  test('10,000 hostile values never throw, and what is accepted reads as what it is', () => {
    const next = random(1);
    const names = Object.entries(logDrivers).flatMap(([driver, {options}]) =>
      Object.keys(options).map((name) => ({driver, name})),
    );
    for (let round = 0; round < 10_000; round += 1) {
      const {driver, name} = choose(next, names);
      const value = Array.from({length: 1 + Math.floor(next() * 3)}, () => choose(next, hostile)).join('');
      const issues = logIssues({driver, options: {[name]: value}});
      const accepted = issues.every(({path}) => path[1] !== name);
      if (accepted && /size$|buffer-limit$/.test(name))
        assert.ok((bytesOf(value) ?? 0) >= 1, JSON.stringify({driver, name, value}));
      if (accepted && name.endsWith('-address')) assert.ok(!/\s|\0/.test(value), JSON.stringify({driver, name, value}));
      requiredEndpoint({driver, options: {[name]: value}});
      logWarnings({driver, options: {[name]: value}});
    }
  });

  test('a slip of one letter in an option is refused, with the option that was meant or another of the driver', () => {
    const next = random(2);
    for (const [driver, {options}] of Object.entries(logDrivers))
      for (const name of Object.keys(options)) {
        const at = 1 + Math.floor(next() * (name.length - 1));
        const wrong = `${name.slice(0, at)}x${name.slice(at)}`;
        const [issue, ...others] = logIssues({driver, options: {[wrong]: '1'}});
        assert.deepEqual(others, [], `${driver} ${wrong}`);
        assert.match(
          issue?.message ?? '',
          /^is no option of the log driver \S+; did you mean [a-z-]+\?$/,
          `${driver} ${wrong}`,
        );
      }
  });

  test('every wrong option of a file is named with its own line, however many there are', () => {
    const next = random(3);
    for (let round = 0; round < 200; round += 1) {
      const names = ['max-size', 'max-file', 'compress', 'mode', 'env-regex', 'labels-regex', 'tag'].filter(
        () => next() < 0.6,
      );
      const lines = refused(['driver: json-file', 'options:', ...names.map((name) => `  ${name}: '{{('`), '  z: 1']);
      const at = new Map(
        lines.map((line) => [/options\.(\S+)/.exec(line)?.[1] ?? '', Number(/:(\d+):/.exec(line)?.[1])]),
      );
      for (const [index, name] of [...names, 'z'].entries()) assert.equal(at.get(name), 6 + index, lines.join('\n'));
    }
  });

  test('addresses are read back as what they were made of', () => {
    const next = random(4);
    for (let round = 0; round < 2000; round += 1) {
      const host = choose(next, ['h', 'a.b', 'logs-1.example.com', '10.1.2.3', '[::1]', '[2001:db8::9]', 'x_y']);
      const port = 1 + Math.floor(next() * 65_535);
      const scheme = choose(next, ['tcp', 'udp', 'tcp+tls']);
      const endpoint = endpointOf(`${scheme}://${host}:${port}`, syslogAddress);
      assert.equal(endpoint && endpointText(endpoint), `${scheme === 'tcp+tls' ? 'tls' : scheme}://${host}:${port}`);
    }
  });

  test('durations and sizes are read as Go reads them', () => {
    assert.deepEqual(['1.5s', '1m30s', '250ms', '.5h', '0', '1', 's', '1s ', '-1s', '1d'].map(secondsOf), [
      1.5,
      90,
      0.25,
      1800,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(['10m', '512k', '1.5GiB', '7', '1 kb', '', 'm', '1x', '1..5k'].map(bytesOf), [
      10_485_760,
      524_288,
      1_610_612_736,
      7,
      1024,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
