const block = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/= \t\n]+)-----END \1-----/g;
const space = /^[ \t\n]+|[ \t\n]+$/g;
const labels = {certificate: /^(?:TRUSTED )?CERTIFICATE$/, key: /^(?:[A-Z0-9]+ )?PRIVATE KEY$/};

/** PEM text with its line breaks; undefined if its blocks are not all of the wanted kind, or one is damaged. */
export function pemOf(text: string, kind: 'certificate' | 'key'): string | undefined {
  const lines = (text.includes('\n') ? text : text.replaceAll('\\n', '\n')).replaceAll('\r\n', '\n');
  // What OpenSSL writes in front of a key for elliptic curves.
  const found = [...lines.matchAll(block)].filter(([, label]) => kind === 'certificate' || label !== 'EC PARAMETERS');
  if (found.length === 0 || (kind === 'key' && found.length > 1)) return undefined;
  for (const [, label = '', body = ''] of found) {
    const data = body.replaceAll(/[ \t\n]/g, '');
    // DER begins with a sequence: the first six bits of 0x30.
    if (!labels[kind].test(label) || !isBase64(data) || !data.startsWith('M')) return undefined;
  }
  if (lines.replaceAll(block, '').replaceAll(space, '') !== '') return undefined;
  return `${lines.replaceAll(space, '')}\n`;
}

/** Whether text is base64 with its padding. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
