import type {FoldedStep, FoldedWarning, Outcome} from '../echo.ts';
import {foldCommand, shortIds} from './fold.ts';
import {cut, durationText, ellipsis, type Look, paint, spinnerMark} from './look.ts';
import {type CommandState, type Event, type Item, itemOf, type State} from './state.ts';

/** Lines that stay on the screen. */
export interface Printed {
  readonly lines: readonly string[];
  /** Something was left out. */
  readonly folded: boolean;
}

const nothing: Printed = {lines: [], folded: false};

/** What an event leaves on the screen. `state` is the one before it. */
export function printed(state: State, event: Event, look: Look): Printed {
  const found = withoutExplanation(state, event, look);
  if (!found.folded || state.explained || found.lines.length === 0) return found;
  const text = `# ${ellipsis(look)} marks what is left out: --verbose shows all of it`;
  return {...found, lines: [...found.lines, paint(look, 'dim', text)]};
}

function withoutExplanation(state: State, event: Event, look: Look): Printed {
  switch (event.type) {
    case 'step':
      return nothing;
    case 'command':
      return commandLines(state, event, look);
    case 'output':
      return typeof event.read === 'object' ? foldedLine(state, event.read, look) : nothing;
    case 'note':
      return {
        lines: prefixed(`# ${shortIds(event.text, look)}`, event.prefix).map((line) => paint(look, 'dim', line)),
        folded: false,
      };
    case 'ended': {
      const item = itemOf(state, event.id);
      return item === undefined || item.id !== event.id ? nothing : ended(state, item, event, look);
    }
  }
}

/** A program that writes to the terminal itself comes below its command, and one that takes our place below all of it. */
function commandLines(state: State, {text, what}: Event & {type: 'command'}, look: Look): Printed {
  if (what.kind === 'become') return {lines: [paint(look, 'bold', `$ ${text}`)], folded: false};
  if (what.output !== 'direct' && what.output !== 'lines') return nothing;
  const item = state.items.find(({id}) => id === what.step);
  const title = item?.title ?? what.title;
  const host = item === undefined ? (what.prefix ?? what.host) : item.host;
  const command = foldedCommand(text, look);
  const mark = look.unicode ? '▸' : '>';
  return {
    lines: [
      ...(title === undefined ? [] : [fitted(`${mark} ${hostText(state, host, look)}${shortIds(title, look)}`, look)]),
      paint(look, title === undefined ? 'bold' : 'dim', command),
    ],
    folded: isFolded(command, look),
  };
}

function ended(state: State, item: Item, {at, outcome}: Event & {type: 'ended'}, look: Look): Printed {
  const {kind, commands} = item;
  // A read-only command that fails often is an answer; where it is not, the message of the failure has the command. A note
  // reports a failure in the background.
  if (kind === 'become' || kind === 'read' || kind === 'background') return nothing;
  if (kind === 'step' && commands.length === 0 && outcome.state === 'done') return nothing;
  const seconds = (at - item.at) / 1000;
  const [first] = commands;
  const named = item.title ?? (first === undefined ? '' : `$ ${first.text}`);
  const head = headLine(
    state,
    {outcome, seconds, host: item.host, title: named, isCommand: item.title === undefined},
    look,
  );
  if (outcome.state === 'failed')
    return {
      lines: [
        head,
        ...commands.filter((one) => !isAnswered(one)).flatMap((one) => wholeCommand(one, item, outcome, look)),
      ],
      folded: false,
    };
  const changes = commands.filter((one) => one.kind !== 'read');
  const folded = item.title === undefined || item.shown ? [] : repeated(changes, look);
  return {
    lines: [head, ...folded.map((line) => paint(look, 'dim', line))],
    folded: [head, ...folded].some((line) => isFolded(line, look)),
  };
}

/** A read-only command that has not failed. */
const isAnswered = ({kind, outcome}: CommandState): boolean => kind === 'read' && outcome?.state === 'done';

interface Head {
  readonly outcome: Pick<Outcome, 'state'>;
  readonly seconds: number;
  readonly host: string | undefined;
  readonly title: string;
  /** The title is a command. */
  readonly isCommand?: boolean;
  /** Instead of the duration. */
  readonly word?: string;
}

/** State, duration, host and title on one line. */
function headLine(state: State, {outcome, seconds, host, title, isCommand, word}: Head, look: Look): string {
  const [style, mark, said] = marks(outcome.state, look);
  const before = hostText(state, host, look);
  const free = look.columns - 1 - widthBefore - before.length;
  // On a narrow screen, the mark says it.
  const note = free < 3 * said.length ? '' : said;
  const room = free - note.length;
  const text = isCommand === true ? foldCommand(title, room, look) : cut(shortIds(title, look), room, look);
  return `${paint(look, style, mark)} ${paint(look, 'dim', (word ?? durationText(seconds)).padStart(durationWidth))}  ${before}${text}${paint(look, style, note)}`;
}

const durationWidth = 7;
/** Mark, duration and the spaces around it. */
const widthBefore = 2 + durationWidth + 2;

function marks(state: Outcome['state'], {unicode}: Look): ['green' | 'red' | 'yellow', string, string] {
  if (state === 'done') return ['green', unicode ? '✓' : '+', ''];
  return state === 'failed' ? ['red', unicode ? '✗' : 'x', '  failed'] : ['yellow', '-', '  stopped'];
}

/** A column as wide as the longest name so far, of a quarter of the screen at most; none while there are no hosts. */
function hostText({hostWidth}: State, host: string | undefined, look: Look): string {
  const width = Math.min(hostWidth, Math.floor(look.columns / 4));
  return width === 0 ? '' : `${cut(host ?? '', width, look).padEnd(width)}  `;
}

const mostCommands = 5;

/** Commands of a step, each on a line; one that was tried again has its number of tries. */
function repeated(commands: readonly CommandState[], look: Look): string[] {
  const texts = [...new Set(commands.map(({text}) => text))];
  const shown = texts.length <= mostCommands ? texts : texts.slice(0, mostCommands - 1);
  const lines = shown.map((text) => {
    const tries = commands.filter((one) => one.text === text).length;
    const note = tries === 1 ? '' : `  (${tries} times)`;
    return `  ${foldedCommand(text, {...look, columns: look.columns - 2 - note.length})}${note}`;
  });
  const more = texts.length - shown.length;
  return more === 0 ? lines : [...lines, `  ${ellipsis(look)}${more} more commands`];
}

const foldedCommand = (text: string, look: Look): string => `$ ${foldCommand(text, look.columns - 3, look)}`;

/** A command of a failed step as it is printed without a terminal, with the output that was folded. */
function wholeCommand(command: CommandState, item: Item, outcome: Outcome, look: Look): string[] {
  const {text, prefix, lines, dropped} = command;
  // An item of one command ends with it.
  const {code, seconds, stderr = ''} = command.outcome ?? (item.id === command.id ? outcome : {seconds: 0});
  const own = stderr.trimEnd() === '' ? [] : stderr.trimEnd().split('\n');
  return [
    ...prefixed(`$ ${text}`, prefix).map((line) => paint(look, 'bold', line)),
    ...(dropped === 0 ? [] : [paint(look, 'dim', `# ${dropped} earlier lines are left out: --verbose shows them`)]),
    ...lines,
    ...own.flatMap((line) => prefixed(line, prefix)),
    ...(code === undefined
      ? []
      : prefixed(`# exit ${code}, ${seconds.toFixed(1)} s`, prefix).map((line) =>
          paint(look, code === 0 ? 'dim' : 'red', line),
        )),
  ];
}

const prefixed = (text: string, prefix: string | undefined): string[] =>
  text.split('\n').map((line) => (prefix === undefined ? line : `${prefix} | ${line}`));

function foldedLine(state: State, read: FoldedStep | FoldedWarning, look: Look): Printed {
  if ('warning' in read) return {lines: [warningLine(read.warning, look)], folded: false};
  const {title, seconds, state: how, warnings = []} = read;
  const head: Head = {
    outcome: {state: how === 'failed' ? 'failed' : 'done'},
    seconds,
    host: undefined,
    title,
    ...(how === 'cached' ? {word: 'cached'} : {}),
  };
  return {lines: [headLine(state, head, look), ...warnings.map((line) => warningLine(line, look))], folded: false};
}

/** Whole, however long. */
const warningLine = (text: string, look: Look): string => paint(look, 'yellow', `  ${text}`);

const isFolded = (line: string, look: Look): boolean => line.includes(ellipsis(look));

const fitted = (line: string, look: Look): string => cut(line, look.columns - 1, look);

/** How long a command runs before it is worth a line. */
const shownAfter = {step: 100, command: 200, act: 200, become: Infinity, read: 800, background: 2000} as const;
const idleAfter = 1000;

/**
 * The lines at the bottom of the screen, which change: each step that runs, with the last line of its output or its command;
 * if there is nothing else, the task, so that nothing is silent for long.
 */
export function live(state: State, {now, task}: {readonly now: number; readonly task: string}, look: Look): string[] {
  const {items} = state;
  const running = items.filter(
    (item) => now - item.at >= shownAfter[item.kind] && (!item.shown || item.kind === 'step'),
  );
  if (running.length === 0) {
    if (items.some(({shown}) => shown) || now - state.at < idleAfter) return [];
    return [liveLine(state, {at: state.at, title: task}, now, look)];
  }
  // The last line of the screen is the cursor's.
  const room = Math.max(1, look.rows - 2);
  if (running.length * 2 <= room)
    return running.flatMap((item) => [liveLine(state, item, now, look), ...detail(item, look)]);
  const shown = running.length <= room ? running : running.slice(0, Math.max(1, room - 1));
  const more = running.length - shown.length;
  return [
    ...shown.map((item) => liveLine(state, item, now, look)),
    ...(more === 0 || room === 1 ? [] : [paint(look, 'dim', `  and ${more} more`)]),
  ];
}

function liveLine(
  state: State,
  {at, title, host, commands = []}: Pick<Item, 'at' | 'title'> & Partial<Item>,
  now: number,
  look: Look,
): string {
  const before = hostText(state, host, look);
  const room = look.columns - 1 - widthBefore - before.length;
  const [first] = commands;
  const text =
    title === undefined ? foldCommand(`$ ${first?.text ?? ''}`, room, look) : cut(shortIds(title, look), room, look);
  const duration = durationText((now - at) / 1000).padStart(durationWidth);
  return `${paint(look, 'cyan', spinnerMark(look, now))} ${paint(look, 'dim', duration)}  ${before}${text}`;
}

function detail({title, last, commands}: Item, look: Look): string[] {
  const current = commands.findLast(({outcome}) => outcome === undefined) ?? commands.at(-1);
  const text = last ?? (title === undefined || current === undefined ? undefined : foldedCommand(current.text, look));
  return text === undefined ? [] : [paint(look, 'dim', fitted(`  ${text}`, look))];
}
