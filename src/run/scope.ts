import {toCommand} from '../argv.ts';
import type {Command, Words} from '../argv.ts';
import {messageOf} from '../errors.ts';
import type {Echo} from './echo.ts';
import type {Scope} from './types.ts';

interface Step {
  readonly when: 'always' | 'failure';
  readonly command: Command;
}

/**
 * Clean-up that survives errors and interrupts: `execute` must not listen to the interrupt that ended the body,
 * or nothing would be cleaned up after Ctrl-C.
 */
export function makeScope(execute: (command: Command) => Promise<unknown>, echo: Echo) {
  return async <T>(body: (scope: Scope) => Promise<T>): Promise<T> => {
    let steps: Step[] = [];
    const add = (when: Step['when']) => (command: Words | Command) => void steps.unshift({when, command: toCommand(command)});
    const clean = async (failed: boolean): Promise<void> => {
      for (const {command} of steps.filter(({when}) => failed || when === 'always')) {
        await execute(command).catch((error: unknown) => echo.note(`clean-up goes on: ${messageOf(error)}`));
      }
    };
    try {
      const result = await body({
        always: add('always'),
        onFailure: add('failure'),
        keep: () => void (steps = steps.filter(({when}) => when === 'always')),
      });
      await clean(false);
      return result;
    } catch (error) {
      await clean(true);
      throw error;
    }
  };
}
