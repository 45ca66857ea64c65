/** Where to listen: `0.0.0.0:3000`, `[::]:3000`, or a path of a socket, `unix:/run/app.sock`. */
export type Address = {readonly host: string; readonly port: number} | {readonly path: string};

/**
 * An address as users write it: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` and `PORT` for every address of the machine,
 * `unix:PATH` (gunicorn's forms). Undefined when it is none.
 */
export function parseAddress(text: string): Address | undefined {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return {path};
  const found = /^(?:(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/[\]]*)):)?(\d{1,5})$/.exec(text);
  if (found === null || Number(found[3]) > 65535) return undefined;
  return {host: found[1] ?? (found[2] || '0.0.0.0'), port: Number(found[3])};
}

/** The one way that an address is written. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** An address as it is listened on: where port 0 was asked for, with the port that it became. */
export function boundText(bind: string, port: number | undefined): string {
  return port === undefined ? bind : bind.replace(/:0$/, `:${port}`);
}
