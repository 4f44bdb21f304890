import type { Hello } from '../../../electron/contract/methods.ts';

/** Version and commit as all screens and commands show them: `0.2.0 (1a2b3c4d5e6f)`. */
export const buildName = ({ version, commit }: Pick<Hello, 'version' | 'commit'>): string =>
  commit ? `${version} (${commit.slice(0, 12)})` : version;
