import * as fc from 'fast-check';

// Settings of ~/.ssh/config that people use: those that suit sessions of their own, and those that a deploy needs.

const yesNo = fc.constantFrom('yes', 'no');
const level = fc.constantFrom('QUIET', 'FATAL', 'ERROR', 'INFO', 'VERBOSE', 'DEBUG');

/** Settings that would break a deploy, or fill its output, if ssh followed them. */
const harmful: Readonly<Record<string, fc.Arbitrary<string>>> = {
  RequestTTY: fc.constantFrom('no', 'yes', 'force', 'auto'),
  RemoteCommand: fc.constantFrom('tmux new -A -s main', 'sudo -i', 'fish -l', 'none'),
  SessionType: fc.constantFrom('none', 'default'),
  StdinNull: yesNo,
  ForkAfterAuthentication: yesNo,
  LocalForward: fc.constantFrom('127.0.0.1:38291 127.0.0.1:80', '38292 db:5432'),
  RemoteForward: fc.constantFrom('38293 127.0.0.1:80'),
  DynamicForward: fc.constantFrom('127.0.0.1:38294'),
  ExitOnForwardFailure: yesNo,
  ForwardX11: yesNo,
  Tunnel: fc.constantFrom('no', 'point-to-point'),
  PermitLocalCommand: yesNo,
  LocalCommand: fc.constantFrom('echo connected to %h', 'notify-send %n'),
  LogLevel: level,
  BatchMode: yesNo,
  ConnectTimeout: fc.constantFrom('0', '600'),
  ServerAliveInterval: fc.constantFrom('0', '300'),
  ServerAliveCountMax: fc.constantFrom('3', '1000'),
  ControlMaster: fc.constantFrom('no', 'yes', 'ask', 'auto', 'autoask'),
  ControlPath: fc.constantFrom('none', '~/.ssh/%r@%h-%p', '/tmp/%C'),
  ControlPersist: fc.constantFrom('no', 'yes', '10m'),
};

/** Settings that stay as the user set them. */
const kept: Readonly<Record<string, fc.Arbitrary<string>>> = {
  User: fc.constantFrom('deploy', 'Administrator'),
  ForwardAgent: yesNo,
  SendEnv: fc.constantFrom('LANG LC_*', 'EDITOR'),
  SetEnv: fc.constantFrom('STAGE=prod'),
  AddKeysToAgent: yesNo,
  IdentitiesOnly: yesNo,
  Compression: yesNo,
  TCPKeepAlive: yesNo,
  HashKnownHosts: yesNo,
  CheckHostIP: yesNo,
  VisualHostKey: fc.constantFrom('no'),
  GSSAPIAuthentication: yesNo,
  PreferredAuthentications: fc.constantFrom('publickey', 'publickey,password'),
  StrictHostKeyChecking: fc.constantFrom('yes', 'ask', 'accept-new'),
  EscapeChar: fc.constantFrom('none', '~'),
  ConnectionAttempts: fc.constantFrom('1', '3'),
  // Of macOS; they are unknown elsewhere, and ignored as the user says.
  IgnoreUnknown: fc.constantFrom('UseKeychain,GSSAPITrustDNS', 'UseKeychain'),
};

export const keptNames = Object.keys(kept).filter((name) => name !== 'IgnoreUnknown');

/** Lines of a Host. */
export const sshSettings: fc.Arbitrary<readonly string[]> = fc
  .record({...kept, ...harmful}, {requiredKeys: []})
  .map((chosen) =>
    Object.entries(chosen)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} ${value}${name === 'IgnoreUnknown' ? '\n  UseKeychain yes' : ''}`),
  );

/** A whole configuration, and a destination in it. */
export interface SshFile {
  readonly text: string;
  /** As deploy.yaml has it, and as a user types it. */
  readonly destination: string;
}

const connection = fc.record(
  {
    HostName: fc.constantFrom('10.0.0.5', 'h1.example.com', '2001:db8::5', '%h.internal'),
    Port: fc.constantFrom('22', '2222', '65535'),
    User: fc.constantFrom('deploy', 'Administrator', 'jo'),
    ProxyJump: fc.constantFrom('bastion', 'jo@bastion:2200', 'one,two', 'none', 'ssh://jo@bastion:22'),
    ProxyCommand: fc.constantFrom('none', 'nc %h %p', 'ssh -W %h:%p bastion'),
    IdentityFile: fc.constantFrom('~/.ssh/id_%h', '"/keys/a b"', 'none'),
    HostKeyAlias: fc.constantFrom('h1', 'lb.example.com'),
    UserKnownHostsFile: fc.constantFrom('/dev/null', '~/.ssh/hosts ~/.ssh/more'),
    BindAddress: fc.constantFrom('10.0.0.1'),
    AddressFamily: fc.constantFrom('any', 'inet', 'inet6'),
    CanonicalizeHostname: fc.constantFrom('no'),
    Ciphers: fc.constantFrom('aes128-ctr', '+aes256-cbc'),
  },
  {requiredKeys: []},
);

const patterns = ['h1', 'h*', '*', 'h1 h2', '!h2 *', 'h?', '*.example.com', 'bastion', 'H1'];

/** What names the connection itself; the user's own ssh and ours must agree on it. */
export const connectionNames = [
  'HostName',
  'Port',
  'User',
  'ProxyJump',
  'ProxyCommand',
  'IdentityFile',
  'HostKeyAlias',
  'UserKnownHostsFile',
  'BindAddress',
  'AddressFamily',
  'Ciphers',
];

/** Configurations of several blocks, in every way of writing them. */
export const sshFiles: fc.Arbitrary<SshFile> = fc
  .record({
    blocks: fc.array(
      fc.record({
        head: fc.oneof(
          fc.constantFrom(...patterns).map((pattern) => `Host ${pattern}`),
          fc.constantFrom(
            'Match all',
            'Match host h1',
            'Match user deploy',
            'Match originalhost h*',
            'Match exec true',
          ),
        ),
        lines: connection,
        settings: sshSettings,
        indent: fc.constantFrom('', '  ', '\t'),
        between: fc.constantFrom(' ', ' = ', '='),
        comment: fc.boolean(),
      }),
      {minLength: 1, maxLength: 4},
    ),
    destination: fc.constantFrom(
      'h1',
      'deploy@h1',
      'ssh://deploy@h1:2200',
      'ssh://h1',
      'jo@h1.example.com',
      'h2',
      'H1',
    ),
  })
  .map(({blocks, destination}) => ({
    destination,
    text: blocks
      .map(({head, lines, settings, indent, between, comment}) =>
        [
          ...(comment ? ['# a comment', ''] : []),
          head,
          // A jump and a command exclude each other: the first in the file wins.
          ...Object.entries(lines).map(([name, value]) => `${indent}${name}${between}${value}`),
          ...settings.map((line) => `${indent}${line}`),
        ].join('\n'),
      )
      .join('\n'),
  }));
