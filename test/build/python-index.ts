import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

const placeholders = {index: 'https://index.invalid/simple', files: 'https://files.invalid/'};

/**
 * Lock files of uv and pipenv name an index and its files: those that pip uses here.
 * @param image one with pip
 */
export async function useIndex(directory: string, image: string): Promise<void> {
  for (const name of ['uv.lock', 'Pipfile.lock']) {
    const file = join(directory, name);
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (!text.includes(placeholders.index)) continue;
    const index = indexOfPip(image);
    const answer = await fetch(`${index}/idna/`, {headers: {accept: 'application/vnd.pypi.simple.v1+json'}});
    const {files} = (await answer.json()) as {files: readonly {url: string}[]};
    const origin = new URL(files[0]?.url ?? '', `${index}/`).origin;
    writeFileSync(file, text.replaceAll(placeholders.index, index).replaceAll(placeholders.files, `${origin}/`));
  }
}

function indexOfPip(image: string): string {
  const script = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url.rstrip("/"))';
  const words = ['run', '--rm', '--network', 'none', '--entrypoint', 'python3', image, '-c', script];
  return execFileSync('docker', words, {encoding: 'utf8'}).trim();
}
