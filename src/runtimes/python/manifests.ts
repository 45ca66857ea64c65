import {readdirSync} from 'node:fs';
import {join} from 'node:path';

// Names of files that say what a Python service needs. The install in the image reads the same names
// (images/python/lib/entrypoint_build/manifests/project.py).

/** `requirements.txt`, `requirements-dev.in`, `dev-requirements.txt`. */
const requirementFile = /^[^.].*\.(?:txt|in)$/;
/** Conda's: no package manager of the images reads them; the install names them. */
export const isCondaFile = (name: string): boolean => /^(?:environment\.ya?ml|conda-lock\.yml)$/.test(name);
const others =
  /^(?:pyproject\.toml|uv\.lock|uv\.toml|poetry\.lock|poetry\.toml|pdm\.lock|pdm\.toml|Pipfile|Pipfile\.lock|constraints.*\.(?:txt|in)|pylock.*\.toml|setup\.py|setup\.cfg|\.python-version)$/;

/** Whether a file of this name lists requirements, as pip reads them. */
export const isRequirementFile = (name: string): boolean => name.includes('requirements') && requirementFile.test(name);

/** Whether the installation of a Python service's dependencies reads or names a file of this name. */
export const isPythonManifest = (name: string): boolean =>
  isRequirementFile(name) || isCondaFile(name) || others.test(name);

/** The files of a directory that list requirements, and those of its directory `requirements`; relative to it. */
export function requirementFiles(directory: string): readonly string[] {
  return [
    ...names(directory).filter(isRequirementFile),
    ...names(join(directory, 'requirements'))
      .filter((name) => requirementFile.test(name))
      .map((name) => `requirements/${name}`),
  ];
}

// Loading Node's glob instead would add 10 ms to every start of a service.
/** The names in a directory; none if it cannot be read. */
export function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
