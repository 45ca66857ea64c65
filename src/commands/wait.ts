import {wordsText} from '../argv.ts';
import type {Words} from '../argv.ts';

/**
 * A command that waits until `words`, run in the container, succeed; it gives up after `seconds`, and at once
 * when the container does not run any more. A loop in one `sh` can be pasted, and costs one round trip on a host.
 */
export function waitUntilReady(container: string, words: Words, seconds: number): Words {
  const test = wordsText(['docker', 'exec', container, ...words]);
  const running = wordsText(['docker', 'inspect', '--format', '{{.State.Running}}', container]);
  return ['sh', '-c', [
    `end=$(($(date +%s) + ${seconds}))`,
    `until ${test}; do [ "$(${running})" = true ] && [ "$(date +%s)" -lt "$end" ] || exit 1; sleep 0.2; done`,
  ].join('; ')];
}
