import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {logIssues} from '../../../../src/service/log/check.ts';
import {logWarnings} from '../../../../src/service/log/warnings.ts';
import {refusedLog as refused} from './refused.ts';

/** The message for one option. */
const about = (driver: string, options: Readonly<Record<string, string>>): readonly string[] =>
  logIssues({driver, options}).map(({path, message}) => `${path.join('.')} ${message}`);

const texts = (log: Parameters<typeof logWarnings>[0]): readonly string[] =>
  logWarnings(log).map(({path, text}) => `${path.join('.')}: ${text}`);

describe('`log` in deploy.yaml', () => {
  test('all problems of the options are reported at once, each with its line', () => {
    assert.deepEqual(
      refused([
        'driver: syslog',
        'options:',
        '  syslog-adress: tcp://10.0.0.9',
        '  syslog-format: rfc5242',
        '  syslog-facility: local8',
        '  mode: nonblocking',
        '  max-buffer-size: many',
        '  colour: red',
        '  syslog-tls-key: /etc/key.pem',
      ]),
      [
        'deploy.yaml:6: environments.prod.log.options.syslog-adress is no option of the log driver syslog; did you mean syslog-address?',
        'deploy.yaml:7: environments.prod.log.options.syslog-format must be rfc3164, rfc5424 or rfc5424micro; did you mean rfc5424?',
        'deploy.yaml:8: environments.prod.log.options.syslog-facility must be a number from 0 to 23, kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, local0, local1, local2, local3, local4, local5, local6 or local7; did you mean local0?',
        'deploy.yaml:9: environments.prod.log.options.mode must be blocking or non-blocking; did you mean non-blocking?',
        'deploy.yaml:10: environments.prod.log.options.max-buffer-size must be a size such as 512k, 10m or 1g',
        'deploy.yaml:10: environments.prod.log.options.max-buffer-size needs mode: non-blocking, which alone has a buffer',
        'deploy.yaml:11: environments.prod.log.options.colour is no option of the log driver syslog (it has: cache-disabled, cache-max-size, cache-max-file, cache-compress, mode, max-buffer-size, env, env-regex, labels, labels-regex, tag, syslog-address, syslog-facility, syslog-format, syslog-tls-ca-cert, syslog-tls-cert, syslog-tls-key, syslog-tls-skip-verify)',
        'deploy.yaml:12: environments.prod.log.options.syslog-tls-key needs a syslog-address that begins with tcp+tls://',
      ],
    );
  });

  test('problems of `log` are reported beside those of other settings', () => {
    assert.deepEqual(refused(['driver: gelf', 'options: {gelf-address: tcp://h}', 'colour: red']), [
      'deploy.yaml:5: environments.prod.log.options.gelf-address is no address, such as udp://logs.example.com:12201',
      'deploy.yaml:6: environments.prod.log.colour is not a setting (known here: driver, options, secrets, fallback, reader)',
    ]);
  });

  test('a token is refused where it is written, and its source is asked for', () => {
    assert.deepEqual(
      refused(['driver: splunk', 'options:', '  splunk-url: https://splunk:8088', '  splunk-token: 176FCEBF']),
      [
        'deploy.yaml:7: environments.prod.log.options.splunk-token is a secret, and this file holds none: name its source, log.secrets: {splunk-token: {env: NAME}}',
      ],
    );
    assert.deepEqual(refused(['driver: splunk', 'secrets: {splunk-token: {env: SPLUNK_TOKEN}}']), []);
    assert.deepEqual(about('logdna', {'logdna-api-key': 'x'}), [
      'options.logdna-api-key is a secret, and this file holds none: name its source, log.secrets: {logdna-api-key: {env: NAME}}',
    ]);
    assert.deepEqual(about('loki', {'loki-url': 'https://me:pw@loki/push'}), [
      'options.loki-url has a password in it: name the source of the whole address, log.secrets: {loki-url: {env: NAME}}',
    ]);
  });

  test('a secret is an option of its driver, by reference, and in one place', () => {
    assert.deepEqual(
      refused([
        'driver: splunk',
        'options: {splunk-index: a}',
        'secrets:',
        '  splunk-tokn: {env: A}',
        '  splunk-index: {env: B}',
      ]),
      [
        'deploy.yaml:7: environments.prod.log.secrets.splunk-tokn is no option of the log driver splunk; did you mean splunk-token?',
        'deploy.yaml:8: environments.prod.log.secrets.splunk-index is in log.options as well: keep one of them',
      ],
    );
    assert.deepEqual(refused(['driver: splunk', 'secrets: {splunk-token: hunter2}']), [
      'deploy.yaml:5: environments.prod.log.secrets.splunk-token must reference a secret: {env: NAME}, {file: path} or {command: [words]}',
    ]);
  });

  test('a fallback is a driver without an endpoint, for one that has one', () => {
    const tcp = ['driver: syslog', 'options: {syslog-address: tcp://h}'];
    assert.deepEqual(refused([...tcp, 'fallback: {driver: local, options: {max-size: 10m}}']), []);
    assert.deepEqual(refused([...tcp, 'fallback: {driver: gelf}']), [
      'deploy.yaml:6: environments.prod.log.fallback.driver must be local, json-file, none: these start without an endpoint',
    ]);
    assert.deepEqual(refused([...tcp, 'fallback:', '  driver: local', '  options: {tag: x}']), [
      'deploy.yaml:8: environments.prod.log.fallback.options.tag is no option of the log driver local (it has: mode, max-buffer-size, max-size, max-file, compress)',
    ]);
    assert.deepEqual(refused(['driver: json-file', 'fallback: {driver: local}']), [
      'deploy.yaml:5: environments.prod.log.fallback is never used: json-file starts without an endpoint',
    ]);
  });

  test('rules across options hold', () => {
    assert.deepEqual(about('json-file', {'max-file': '3', compress: 'true'}), [
      'options.max-file needs max-size: without it, the first file grows forever',
      'options.compress needs max-size, and a max-file of at least 2',
    ]);
    assert.deepEqual(about('json-file', {'max-size': '10m', compress: 'true'}), [
      'options.compress needs max-size, and a max-file of at least 2',
    ]);
    assert.deepEqual(about('syslog', {'syslog-address': 'tcp+tls://h', 'syslog-tls-cert': '/c'}), [
      'options.syslog-tls-cert needs syslog-tls-key',
    ]);
    assert.deepEqual(about('syslog', {'syslog-address': 'tcp+tls://h', 'syslog-tls-skip-verify': 'false'}), [
      'options.syslog-tls-skip-verify switches the verification off whatever its value is: leave it out to verify',
    ]);
    assert.deepEqual(about('gelf', {'gelf-address': 'tcp://h:1', 'gelf-compression-type': 'gzip'}), [
      'options.gelf-compression-type is for udp:// only',
    ]);
    assert.deepEqual(about('gelf', {'gelf-address': 'udp://h:1', 'gelf-tcp-max-reconnect': '3'}), [
      'options.gelf-tcp-max-reconnect is for tcp:// only',
    ]);
    assert.deepEqual(
      about('awslogs', {
        'awslogs-format': 'json/emf',
        'awslogs-datetime-format': '%Y',
        'awslogs-multiline-pattern': '^I',
      }),
      [
        'options.awslogs-multiline-pattern cannot be beside awslogs-datetime-format',
        'options.awslogs-datetime-format cannot be beside awslogs-format',
        'options.awslogs-multiline-pattern cannot be beside awslogs-format',
      ],
    );
    assert.deepEqual(about('fluentd', {'fluentd-async-connect': 'true', 'fluentd-async-reconnect-interval': '20s'}), [
      'options.fluentd-async-connect is fluentd-async since Docker 20.10, and gone since 28',
      'options.fluentd-async-reconnect-interval must be from 100ms to 10s, or 0',
    ]);
    assert.deepEqual(about('none', {'max-size': '1m'}), [
      'options.max-size is no option of the log driver none, which has none',
    ]);
  });

  test('the examples of the manual of each driver are accepted', () => {
    const examples: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      [
        'json-file',
        {
          'max-size': '10m',
          'max-file': '3',
          compress: 'true',
          labels: 'production_status,geo',
          'env-regex': '^(os|customer)',
        },
      ],
      ['local', {'max-size': '10m', 'max-file': '2', compress: 'false'}],
      [
        'syslog',
        {
          'syslog-address': 'tcp+tls://192.168.1.3:514',
          'syslog-facility': 'daemon',
          'syslog-format': 'rfc5424micro',
          'syslog-tls-ca-cert': '/etc/ca-certificates/custom/ca.pem',
          'syslog-tls-cert': '/etc/c.pem',
          'syslog-tls-key': '/etc/k.pem',
          tag: 'mailer',
        },
      ],
      ['syslog', {'syslog-address': 'unix:///tmp/syslog.sock', 'syslog-facility': '3'}],
      [
        'splunk',
        {
          'splunk-url': 'https://http-inputs-XXXXXXXX.splunkcloud.com',
          'splunk-capath': '/path/to/cert/cacert.pem',
          'splunk-caname': 'SplunkServerDefaultCert',
          tag: '{{.Name}}/{{.FullID}}',
          'splunk-gzip-level': '-1',
          'splunk-format': 'json',
          'splunk-verify-connection': 'true',
        },
      ],
      [
        'journald',
        {labels: 'location', env: 'TEST', tag: '{{ with split .ImageName ":" }}{{join . "_"}}{{end}}-{{.ID}}'},
      ],
      [
        'fluentd',
        {
          'fluentd-address': 'fluentdhost:24224',
          'fluentd-async': 'true',
          'fluentd-retry-wait': '1s',
          'fluentd-buffer-limit': '1048576',
          'fluentd-max-retries': '4294967295',
        },
      ],
      ['fluentd', {'fluentd-address': 'unix:///path/to/fluentd.sock', 'fluentd-async-reconnect-interval': '500ms'}],
      [
        'gelf',
        {
          'gelf-address': 'udp://192.168.0.42:12201',
          'gelf-compression-type': 'none',
          'gelf-compression-level': '-1',
          'env-regex': '^(os|customer)',
        },
      ],
      [
        'gelf',
        {'gelf-address': 'tcp://192.168.0.42:12201', 'gelf-tcp-max-reconnect': '3', 'gelf-tcp-reconnect-delay': '1'},
      ],
      [
        'awslogs',
        {
          'awslogs-region': 'us-east-1',
          'awslogs-group': 'myLogGroup',
          'awslogs-create-group': 'true',
          'awslogs-datetime-format': String.raw`\[%b %d, %Y %H:%M:%S\]`,
          'awslogs-stream': 'a/b',
          'awslogs-endpoint': 'https://logs.us-east-1.amazonaws.com',
        },
      ],
      ['gcplogs', {'gcp-project': 'test-project', 'gcp-meta-zone': 'west1', 'gcp-log-cmd': 'true', labels: 'location'}],
      ['grafana/loki-docker-driver:3', {'loki-url': 'http://loki:3100/push', anything: 'goes'}],
      ['none', {}],
      ['fluentd', {mode: 'non-blocking', 'max-buffer-size': '16m', 'cache-disabled': 'true'}],
    ];
    for (const [driver, options] of examples) assert.deepEqual(about(driver, options), [], driver);
  });
});

describe('warnings', () => {
  test('what loses lines is said', () => {
    assert.deepEqual(texts({driver: 'local', options: {mode: 'non-blocking'}}), [
      'options.mode: mode: non-blocking with a buffer of 1m, the default, loses lines uncounted while the service writes faster than the driver; max-buffer-size: 16m holds more',
    ]);
    assert.deepEqual(texts({driver: 'local', options: {mode: 'non-blocking', 'max-buffer-size': '2m'}}), [
      'options.max-buffer-size: mode: non-blocking with a buffer of 2m loses lines uncounted while the service writes faster than the driver; max-buffer-size: 16m holds more',
    ]);
    assert.deepEqual(texts({driver: 'local', options: {mode: 'non-blocking', 'max-buffer-size': '4m'}}), []);
    assert.deepEqual(texts({driver: 'json-file'}), [
      "driver: json-file without max-size fills the disk of the host, unless the engine's daemon.json sets one: options: {max-size: 10m, max-file: '3'}",
    ]);
    assert.deepEqual(
      texts({driver: 'splunk', options: {'splunk-url': 'https://h', 'splunk-verify-connection': 'false'}}),
      [
        'options.splunk-verify-connection: splunk-verify-connection: false starts without Splunk: what it refuses, such as a wrong token, is only in the log of the engine, and the lines are lost',
      ],
    );
  });

  test('what blocks a start is said, and what becomes of a deploy', () => {
    const blocks = 'is down, docker starts no container with the log driver';
    assert.deepEqual(texts({driver: 'syslog', options: {'syslog-address': 'tcp://h'}}), [
      `driver: while tcp://h:514 ${blocks} syslog: not after a crash or a reboot either; a deploy is refused, unless log.fallback names a driver`,
    ]);
    assert.deepEqual(texts({driver: 'fluentd', options: {'fluentd-address': 'h'}, fallback: {driver: 'local'}}), [
      `driver: while tcp://h:24224 ${blocks} fluentd: not after a crash or a reboot either`,
    ]);
    assert.deepEqual(texts({driver: 'fluentd', options: {'fluentd-address': 'h', 'fluentd-async': 'true'}}), []);
    assert.deepEqual(texts({driver: 'syslog', options: {'syslog-address': 'udp://h'}}), []);
    assert.deepEqual(texts({driver: 'gelf', options: {'gelf-address': 'udp://h:1'}}), []);
  });

  test('a plugin is passed on, which is said, with what a slip may have meant', () => {
    assert.deepEqual(texts({driver: 'loki', options: {a: 'b'}}), [
      "driver: loki is no log driver of Docker's own: it is passed on as a plugin, with options that are not checked",
    ]);
    assert.deepEqual(texts({driver: 'sylog'}), [
      "driver: sylog is no log driver of Docker's own: it is passed on as a plugin, with options that are not checked; did you mean syslog?",
    ]);
  });

  test('the safe settings need no warning', () => {
    for (const log of [
      {driver: 'local'},
      {driver: 'json-file', options: {'max-size': '10m'}},
      {driver: 'journald'},
      {driver: 'none'},
    ])
      assert.deepEqual(texts(log), [], log.driver);
  });
});
