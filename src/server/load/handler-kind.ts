/**
 * Whether the text of a function of two parameters shows that it takes a `Request`. To find out by a call would run the
 * handler twice for the first request, or answer that request from the wrong arguments.
 * @returns false if it is one of node:http, or if the text does not tell
 */
export function isFetchText(text: string): boolean {
  const [first = '', second = ''] = parameters(text);
  const request = nameOf(first);
  const other = nameOf(second);
  const body = text.slice(text.indexOf(second) + second.length);
  const uses = (name: string | undefined, members: string): boolean =>
    name !== undefined && new RegExp(`(?<![\\w$.])${escaped(name)}\\??\\.(?:${members})`).test(body);
  if (uses(other, responseMembers) || uses(request, incomingMembers)) return false;
  return (
    infoName.test(other ?? second) ||
    /\bnew Response\b|\bResponse\.(?:json|redirect|error)\(/.test(body) ||
    uses(request, requestMembers) ||
    (request !== undefined &&
      new RegExp(`\\bnew URL\\(\\s*${escaped(request)}\\.url\\s*\\)|\\.fetch\\(\\s*${escaped(request)}\\b`).test(body))
  );
}

/**
 * Whether a function takes more arguments than its `length` says: by a rest parameter or `arguments`, as a wrapper of another
 * handler does, or as a second parameter with a default.
 */
export function takesMore(text: string): boolean {
  const all = parameters(text);
  // With a declared parameter, `arguments` is what compilers make of any async function.
  return all.length >= 2 || all[0]?.startsWith('...') === true || (all[0] === '' && /\barguments\b/.test(text));
}

/** What handlers call their second argument if it is no response: a name, or the members that they take from it. */
const infoName = /^_?(?:info|conn(?:ection)?info|env|bindings)$|^\{[^}]*\b(?:incoming|outgoing|remoteAddr)\b/i;

/** Of node:http's response, and of express'. */
const responseMembers =
  '(?:end|write|writeHead|writeEarlyHints|writeContinue|setHeader|setHeaders|getHeader|hasHeader|removeHeader|appendHeader|flushHeaders|pipe|on|once|destroy|send|sendStatus|sendFile|status|json|redirect|render|cookie|type|set)\\(|statusCode\\b|statusMessage\\b|headersSent\\b|writableEnded\\b|socket\\b';
/** Of node:http's request alone. */
const incomingMembers =
  '(?:on|once|pipe|setEncoding|resume|read)\\(|(?:socket|connection|rawHeaders|httpVersion|complete)\\b|headers\\[|headers\\.host\\b';
/** Of a `Request` alone. */
const requestMembers =
  '(?:json|text|formData|arrayBuffer|bytes|blob|clone)\\(|headers\\.(?:get|has|entries|keys|values|forEach)\\(';

/** The declared parameters of a function, as they are written. */
function parameters(text: string): readonly string[] {
  const alone = /^\s*(?:async\s+)?([\p{ID_Continue}$]+)\s*=>/u.exec(text)?.[1];
  if (alone !== undefined) return [alone];
  const start = text.indexOf('(');
  const all = [''];
  let depth = 0;
  for (const character of text.slice(start + 1)) {
    if (depth === 0 && character === ')') break;
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    if (depth === 0 && character === ',') all.push('');
    else all[all.length - 1] += character;
  }
  return all.map((each) => each.trim());
}

/** The name of a parameter, without its default; undefined for a pattern and for a rest parameter. */
const nameOf = (parameter: string): string | undefined =>
  /^([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:=|$)/u.exec(parameter)?.[1];

const escaped = (name: string): string => name.replaceAll('$', '\\$');
