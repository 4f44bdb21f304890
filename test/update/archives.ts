import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MIGRATIONS } from '../../electron/core/store/migrations.ts';
import { archiveName, type BuildFacts, BuildManifest, buildFacts } from '../../sync/protocol/wire/release.ts';

/** Archives made by hand, right and wrong ones. */

export interface RawEntry {
  readonly path: string | Buffer;
  /** `0` file, `5` folder, `2` link, or a type that no build may contain. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly to?: string;
  readonly mode?: number;
  /** The size claimed by the header, if it differs. */
  readonly claims?: number;
}

const BLOCK = 512;

/** A tar archive of these entries, exactly as described. */
export function tar(entries: readonly RawEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const body = Buffer.from(entry.content ?? '');
    parts.push(header(entry, entry.claims ?? body.length), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header({ path, type = '0', to = '', mode = 0o644 }: RawEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const name = typeof path === 'string' ? Buffer.from(path) : path;
  // ustar's prefix holds the part before a slash.
  const cut = name.length <= 100 ? 0 : name.lastIndexOf('/', name.length - 1);
  if (name.length > 100) name.copy(block, 345, 0, Math.min(cut, 155));
  name.copy(block, 0, cut === 0 ? 0 : cut + 1);
  block.write(mode.toString(8).padStart(7, '0'), 100);
  block.write('0000000', 108);
  block.write('0000000', 116);
  block.write(size.toString(8).padStart(11, '0'), 124);
  block.write('00000000000', 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(to, 157, 100);
  block.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** A pax record, prefixed with its own length. */
export function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  length += String(length + String(length).length).length;
  return `${length}${rest}`;
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

export interface BuildParts {
  readonly version: string;
  readonly commit?: string;
  readonly schema?: number;
  readonly minReader?: number;
  readonly platform?: BuildFacts['platform'];
  /** Contents of `entry`, a program. */
  readonly program: string;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly links?: Readonly<Record<string, string>>;
}

export const ENTRY = 'bin/kiosk';

export function manifestOf(parts: BuildParts): BuildManifest {
  const files = { [ENTRY]: parts.program, ...parts.files };
  return BuildManifest.parse({
    product: 'smartpresence-kiosk',
    version: parts.version,
    commit: parts.commit ?? sha256(`commit of ${parts.version}`).slice(0, 40),
    platform: parts.platform ?? 'linux-x64',
    host: 'browser',
    schema: parts.schema ?? MIGRATIONS.at(-1)!.schema,
    minReader: parts.minReader ?? MIGRATIONS.at(-1)!.minReader,
    node: '24.15.0',
    entry: ENTRY,
    files: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, sha256(content)])),
    links: parts.links ?? {},
  });
}

/** Makes a real, small build with every file in its manifest. */
export function buildArchive(folder: string, parts: BuildParts): { archive: string; facts: BuildFacts; bytes: number } {
  const manifest = manifestOf(parts);
  const packed = gzipSync(
    tar([
      { path: 'build.json', content: JSON.stringify(manifest) },
      { path: ENTRY, content: parts.program, mode: 0o755 },
      ...Object.entries(parts.files ?? {}).map(([path, content]) => ({ path, content })),
      ...Object.entries(parts.links ?? {}).map(([path, to]) => ({ path, type: '2', to })),
    ]),
  );
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, archiveName(manifest));
  writeFileSync(archive, packed);
  return { archive, facts: buildFacts(manifest), bytes: packed.length };
}
