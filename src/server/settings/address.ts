/** An address to listen on: `0.0.0.0:3000`, `[::]:3000`, or the path of a socket, `unix:/run/app.sock`. */
export type Address = {readonly host: string; readonly port: number} | {readonly path: string};

/**
 * Reads an address in gunicorn's forms: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` and `PORT` for every address of the
 * machine, `unix:PATH`. Undefined when the text is not an address.
 */
export function parseAddress(text: string): Address | undefined {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return {path};
  const found = /^(?:(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/[\]]*)):)?(\d{1,5})$/.exec(text);
  if (found === null || Number(found[3]) > 65535) return undefined;
  return {host: found[1] ?? (found[2] || '0.0.0.0'), port: Number(found[3])};
}

/** An address in canonical form. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The address that the socket is bound to: port 0 becomes the port that the kernel chose. */
export function boundText(bind: string, port: number | undefined): string {
  return port === undefined ? bind : bind.replace(/:0$/, `:${port}`);
}
