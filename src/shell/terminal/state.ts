import type {Announcement, FoldedLine, Outcome} from '../echo.ts';

/** What happens, in the order it happens; times are in milliseconds. */
export type Event =
  | {
      readonly type: 'step';
      readonly id: number;
      readonly at: number;
      readonly title: string;
      readonly host?: string | undefined;
    }
  | {
      readonly type: 'command';
      readonly id: number;
      readonly at: number;
      readonly text: string;
      readonly what: EventCommand;
    }
  /** A line of folded output. */
  | {
      readonly type: 'output';
      readonly id: number;
      readonly line: string;
      readonly read: FoldedLine;
    }
  | {readonly type: 'ended'; readonly id: number; readonly at: number; readonly outcome: Outcome}
  | {readonly type: 'note'; readonly at: number; readonly text: string; readonly prefix?: string | undefined};

/** An announcement whose step is named by its id. */
export interface EventCommand extends Pick<Announcement, 'prefix' | 'host' | 'title' | 'kind' | 'output'> {
  readonly step?: number | undefined;
}

export interface CommandState {
  readonly id: number;
  readonly kind: Item['kind'];
  readonly text: string;
  readonly prefix: string | undefined;
  /** Lines of folded output, the last ones. */
  readonly lines: readonly string[];
  /** How many lines came before those. */
  readonly dropped: number;
  readonly outcome: Outcome | undefined;
}

/** A step or a command that runs. */
export interface Item {
  readonly id: number;
  readonly at: number;
  readonly kind: 'step' | NonNullable<Announcement['kind']>;
  readonly title: string | undefined;
  readonly host: string | undefined;
  readonly commands: readonly CommandState[];
  /** What its output said last. */
  readonly last: string | undefined;
  /** Its output is on the terminal, unfolded. */
  readonly shown: boolean;
}

/** Everything that the screen shows follows from this, the time and the terminal. */
export interface State {
  readonly items: readonly Item[];
  /** Columns of the longest host's name so far. */
  readonly hostWidth: number;
  /** When something last happened. */
  readonly at: number;
  /** It was explained what an ellipsis means. */
  readonly explained: boolean;
}

export const startState = (at: number, explained = false): State => ({items: [], hostWidth: 0, at, explained});

const mostLines = 2000;
const widestHost = 24;

/** The state after an event. An item that has ended is gone. */
export function reduce(state: State, event: Event): State {
  const {items} = state;
  switch (event.type) {
    case 'step':
      return withItem(
        state,
        itemWith({id: event.id, at: event.at, kind: 'step', title: event.title, host: event.host}),
      );
    case 'command': {
      const {id, at, text, what} = event;
      const {prefix, host, title, kind = 'command', output} = what;
      const command: CommandState = {id, kind, text, prefix, lines: [], dropped: 0, outcome: undefined};
      const shown = output === 'direct' || output === 'lines';
      const parent = items.find((item) => item.id === what.step);
      if (parent === undefined)
        return withItem(state, itemWith({id, at, kind, title, host: prefix ?? host, commands: [command], shown}));
      return changed(state, parent.id, {
        commands: [...parent.commands, command],
        last: undefined,
        shown: parent.shown || shown,
      });
    }
    case 'output': {
      const item = itemOf(state, event.id);
      if (item === undefined) return state;
      const commands = replaced(item.commands, event.id, (one) => {
        const lines = [...one.lines, event.line].slice(-mostLines);
        return {...one, lines, dropped: one.dropped + one.lines.length + 1 - lines.length};
      });
      return changed(state, item.id, {commands, last: typeof event.read === 'string' ? event.read : item.last});
    }
    case 'ended': {
      const next = {...state, at: event.at};
      const item = itemOf(state, event.id);
      if (item === undefined) return next;
      if (item.id === event.id) return {...next, items: items.filter((one) => one !== item)};
      return changed(next, item.id, {
        commands: replaced(item.commands, event.id, (one) => ({...one, outcome: event.outcome})),
      });
    }
    case 'note':
      return {...state, at: event.at};
  }
}

/** The item that a step or a command belongs to. */
export const itemOf = ({items}: State, id: number): Item | undefined =>
  items.find((item) => item.id === id || item.commands.some((command) => command.id === id));

const itemWith = (
  given: Omit<Item, 'commands' | 'last' | 'shown'> & Partial<Pick<Item, 'commands' | 'shown'>>,
): Item => ({commands: [], last: undefined, shown: false, ...given});

function withItem(state: State, item: Item): State {
  const width = Math.min(widestHost, item.kind === 'read' ? 0 : (item.host?.length ?? 0));
  return {...state, at: item.at, items: [...state.items, item], hostWidth: Math.max(state.hostWidth, width)};
}

const replaced = (
  commands: readonly CommandState[],
  id: number,
  change: (command: CommandState) => CommandState,
): CommandState[] => commands.map((one) => (one.id === id ? change(one) : one));

const changed = (state: State, id: number, change: Partial<Item>): State => ({
  ...state,
  items: state.items.map((item) => (item.id === id ? {...item, ...change} : item)),
});
