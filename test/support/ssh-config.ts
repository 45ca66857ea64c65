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
