import type {FoldedOutput, FoldedStep} from '../../shell/echo.ts';

// BuildKit's plain progress: `#7 [2/4] RUN npm ci`, `#7 12.3 a line of its output`, `#7 DONE 12.4s`, `#7 CACHED`.
const linePattern = /^#(\d+) (.*)$/;
const dockerfileStep = /^\[(?!internal\]|auth\])/;
// BuildKit's own, at the end: ` 2 warnings found (use docker --debug to expand):`, ` - JSONArgsRecommended: ...`.
const ownWarning = /^ (?:\d+ warnings? found|- \w+: )/;

/**
 * Reads the steps of a Dockerfile out of what BuildKit prints without a terminal, with the warnings of the steps of our images
 * (`entrypoint: ...`, and `fix: ...` below it).
 * @example
 * await context.run(dockerBuild(options, client), {fold: buildSteps});
 */
export const buildSteps: FoldedOutput = () => {
  const names = new Map<string, string>();
  const warnings = new Map<string, string[]>();
  return (line) => {
    const [, id = '', text = ''] = linePattern.exec(line) ?? [];
    if (id === '') return ownWarning.test(line) ? {warning: line.trim()} : undefined;
    const name = names.get(id);
    if (name === undefined) {
      names.set(id, text);
      return text;
    }
    const [, seconds] = /^DONE (\d+\.\d+)s$/.exec(text) ?? [];
    const state =
      text === 'CACHED' ? 'cached' : text.startsWith('ERROR: ') ? 'failed' : seconds === undefined ? undefined : 'done';
    // What its resolution took; what it takes itself follows.
    if (state === 'done' && name.includes('] FROM ') && Number(seconds) === 0) return undefined;
    if (state !== undefined)
      return dockerfileStep.test(name)
        ? {title: name, state, seconds: Number(seconds ?? 0), ...warned(warnings.get(id))}
        : undefined;
    const said = text.replace(/^\d+\.\d+ /, '');
    const before = warnings.get(id) ?? [];
    if (said.startsWith('entrypoint: ') || (said.startsWith('fix: ') && before.at(-1)?.startsWith('fix: ') === false))
      warnings.set(id, [...before, said]);
    if (text === name || said === '') return name;
    const [, number] = /^(\[[^\]]*\]) /.exec(name) ?? [];
    // A long command would leave no room for what it says.
    return dockerfileStep.test(name) ? `${number} ${said}` : `${name}: ${said}`;
  };
};

const warned = (warnings: readonly string[] | undefined): Pick<FoldedStep, 'warnings'> =>
  warnings === undefined ? {} : {warnings};
