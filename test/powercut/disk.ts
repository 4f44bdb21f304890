import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Call, descriptorOf, pathsOf, writtenBy } from './trace.ts';

/*
 * The model of a disk, after the abstract persistence model of Pillai et al., "All File Systems Are Not Created Equal"
 * (OSDI 2014), section 4, at its weakest: what POSIX promises and nothing that a certain file system adds.
 *
 * - A flush (fsync, fdatasync) of a file makes durable what was written to that file before it, its length and its mode;
 *   of a folder, the names that were made, changed or removed in that folder before it. A new file's flush does not make
 *   its name durable, and a new folder's does not make its own name durable.
 * - What is not durable may be there or not, each operation by itself and in any order: a later write without an earlier
 *   one, a name without the content, the content without a name.
 * - A write is not atomic: any of its sectors (512 bytes) may be there, and the file may have grown with zeros in their
 *   place. A rename within a file system, a link, an unlink and a mkdir are atomic, as is a single sector.
 *
 * Limits: a disk that reports a flush which it has not done is beyond this (and beyond every program); so are bytes that
 * rot, and a file system that is itself damaged by the cut. No file system in use is as weak as this one in everything.
 */

export type Ino = number;

/** One operation on the disk. `ends` is its position in the trace. */
export type Operation = { readonly what: string; readonly path: string; readonly ends: number } & (
  | { readonly kind: 'write'; readonly ino: Ino; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'size'; readonly ino: Ino; readonly size: number }
  | { readonly kind: 'mode'; readonly ino: Ino; readonly mode: number }
  | { readonly kind: 'names'; readonly names: readonly { folder: Ino; name: string; ino: Ino | null }[] }
);
/** The steps of a recording, in order. `starts` of a flush determines what it covers. */
export type Step =
  | { readonly step: 'operation'; readonly operation: Operation }
  | { readonly step: 'flush'; readonly ino: Ino; readonly starts: number; readonly path: string }
  | { readonly step: 'said'; readonly text: string };

interface Inode {
  readonly type: 'file' | 'folder' | 'link';
  readonly content: Buffer;
  readonly mode: number;
}

/** The state of a disk at one moment. */
export class Disk {
  readonly inodes: Map<Ino, Inode>;
  readonly folders: Map<Ino, Map<string, Ino>>;

  constructor(inodes = new Map<Ino, Inode>(), folders = new Map<Ino, Map<string, Ino>>()) {
    this.inodes = inodes;
    this.folders = folders;
  }

  copy(): Disk {
    return new Disk(new Map(this.inodes), new Map([...this.folders].map(([ino, names]) => [ino, new Map(names)])));
  }

  /** @param part the bytes of a write that arrived; `null`: the file has grown, and none did */
  apply(operation: Operation, part?: readonly [from: number, to: number] | null): void {
    if (operation.kind === 'names') {
      for (const { folder, name, ino } of operation.names) {
        const names = this.folders.get(folder)!;
        if (ino === null) names.delete(name);
        else names.set(name, ino);
      }
      return;
    }
    const before = this.inodes.get(operation.ino)!;
    if (operation.kind === 'mode') this.inodes.set(operation.ino, { ...before, mode: operation.mode });
    else this.inodes.set(operation.ino, { ...before, content: changed(before.content, operation, part) });
  }

  /** Every path below the root, folders before their contents. */
  *paths(folder: Ino = ROOT, path = ''): Iterable<{ path: string; inode: Inode }> {
    for (const name of [...this.folders.get(folder)!.keys()].toSorted()) {
      const ino = this.folders.get(folder)!.get(name)!;
      const inode = this.inodes.get(ino)!;
      yield { path: join(path, name), inode };
      if (inode.type === 'folder') yield* this.paths(ino, join(path, name));
    }
  }

  /** Equal for two disks that no program can tell apart. */
  fingerprint(): string {
    const hash = createHash('sha1');
    for (const { path, inode } of this.paths())
      hash.update(`${path}\0${inode.type}\0${inode.mode}\0${hashOf(inode.content)}\n`);
    return hash.digest('hex');
  }

  /**
   * Writes the disk into an empty folder.
   * @param pool folder beside it for large files. Nothing writes to those, so one copy is enough
   */
  writeTo(folder: string, pool: string): void {
    for (const { path, inode } of this.paths()) {
      const at = join(folder, path);
      if (inode.type === 'folder') mkdirSync(at, { mode: inode.mode });
      else if (inode.type === 'link') symlinkSync(inode.content.toString('utf8'), at);
      else if (inode.content.length < LARGE) writeFileSync(at, inode.content, { mode: inode.mode });
      else {
        const one = join(pool, `${hashOf(inode.content)}-${inode.mode}`);
        if (!existsSync(one)) writeFileSync(one, inode.content, { mode: inode.mode });
        linkSync(one, at);
      }
    }
  }
}

const ROOT: Ino = 1;
const LARGE = 1024 * 1024;
const WRITES = /^(p?writev?2?|pwrite64|sendto|sendmsg)$/;
const hashes = new WeakMap<Buffer, string>();
function hashOf(content: Buffer): string {
  const known = hashes.get(content) ?? createHash('sha1').update(content).digest('hex');
  hashes.set(content, known);
  return known;
}

function changed(
  content: Buffer,
  operation: Extract<Operation, { kind: 'write' | 'size' }>,
  part?: readonly [number, number] | null,
): Buffer {
  if (operation.kind === 'size') {
    const after = Buffer.alloc(operation.size);
    content.copy(after);
    return after;
  }
  const { at, bytes } = operation;
  const [from, to] = part ?? [0, bytes.length];
  const after = Buffer.alloc(Math.max(content.length, at + (part === null ? bytes.length : to)));
  content.copy(after);
  if (part !== null) bytes.copy(after, at + from, from, to);
  return after;
}

/** The mode in the arguments, minus a umask of 022. */
const modeOf = (args: string): number => Number.parseInt(/, 0([0-7]{3,4})\b/.exec(args)?.[1] ?? '644', 8) & ~0o022;

/** What a program did to everything below `root`, by its system calls. Several recordings can follow one another. */
export class Recording {
  readonly root: string;
  /** The disk before the recording. */
  readonly before = new Disk();
  readonly steps: Step[] = [];
  readonly #now: Disk;
  readonly #offsets = new Map<string, { at: number; append: boolean }>();
  #lastIno = ROOT;
  #time = 0;

  constructor(root: string) {
    this.root = root;
    this.before.inodes.set(ROOT, { type: 'folder', content: Buffer.alloc(0), mode: 0o755 });
    this.before.folders.set(ROOT, new Map());
    this.#scan(root, ROOT);
    this.#now = this.before.copy();
  }

  #scan(path: string, folder: Ino): void {
    for (const name of readdirSync(path)) {
      const at = join(path, name);
      const stat = lstatSync(at);
      if (!stat.isFile() && !stat.isDirectory() && !stat.isSymbolicLink()) continue;
      const ino = ++this.#lastIno;
      const type = stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'link';
      const content = stat.isFile() ? readFileSync(at) : Buffer.from(stat.isDirectory() ? '' : readlinkSync(at));
      this.before.inodes.set(ino, { type, content, mode: stat.mode & 0o777 });
      this.before.folders.get(folder)!.set(name, ino);
      if (type !== 'folder') continue;
      this.before.folders.set(ino, new Map());
      this.#scan(at, ino);
    }
  }

  add(calls: readonly Call[]): void {
    const from = this.#time;
    // Output counts from the moment at which it is sent, an operation from the moment at which it is done.
    const said = (call: Call) => WRITES.test(call.name) && !this.#inside(descriptorOf(call).path);
    const placed = calls.map((call) => ({ call, at: said(call) ? call.start : call.end }));
    for (const { call, at } of placed.toSorted((a, b) => a.at - b.at)) {
      this.#time = from + at;
      this.#add(call, from + call.start);
    }
    this.#offsets.clear();
  }

  /** Adds a fact that no system call reports. */
  said(text: string): void {
    this.steps.push({ step: 'said', text });
  }

  /** Keeps, of the output, only the first occurrence of each of these texts. @returns those that never occurred */
  onlySaid(texts: ReadonlySet<string>): string[] {
    const open = new Set(texts);
    const steps = this.steps.splice(0).flatMap((step): Step[] => {
      if (step.step !== 'said') return [step];
      const found = [...open].filter((text) => step.text.includes(text));
      for (const text of found) open.delete(text);
      return found.map((text) => ({ step: 'said', text }));
    });
    this.steps.push(...steps);
    return [...open];
  }

  /** Resolves a path; null outside of the root, or if nothing exists there. */
  #find(path: string | null): Ino | null {
    if (path === this.root) return ROOT;
    if (!path?.startsWith(`${this.root}/`)) return null;
    let ino: Ino | undefined = ROOT;
    for (const name of path
      .slice(this.root.length + 1)
      .split('/')
      .filter((part) => part !== '' && part !== '.'))
      ino = ino === undefined ? undefined : this.#now.folders.get(ino)?.get(name);
    return ino ?? null;
  }

  #place(path: string): { folder: Ino; name: string } | null {
    const folder = this.#find(dirname(path));
    return folder === null ? null : { folder, name: path.slice(dirname(path).length + 1) };
  }

  #do(operation: Operation): void {
    this.#now.apply(operation);
    this.steps.push({ step: 'operation', operation });
  }

  #make(type: Inode['type'], mode: number, content: string | null = null): Ino {
    const ino = ++this.#lastIno;
    // Durable or not, nobody can find a file without a name. Only its name and its content are operations.
    for (const disk of [this.before, this.#now]) {
      disk.inodes.set(ino, { type, mode, content: Buffer.from(content ?? '') });
      if (type === 'folder') disk.folders.set(ino, new Map());
    }
    return ino;
  }

  #names(call: Call, path: string, names: { path: string; ino: Ino | null }[]): void {
    const places = names.map((one) => ({ ...this.#place(one.path)!, ino: one.ino }));
    const what = `${call.name} ${names.map((one) => this.#short(one.path)).join(' → ')}`;
    this.#do({ kind: 'names', names: places, what, path: this.#short(path), ends: this.#time });
  }

  #inside = (path: string | null): boolean => path?.startsWith(`${this.root}/`) ?? false;

  #short = (path: string): string => (path.startsWith(this.root) ? path.slice(this.root.length + 1) : path);

  #add(call: Call, starts: number): void {
    const { name } = call;
    if (name.startsWith('open') || name === 'creat') this.#open(call);
    else if (WRITES.test(name)) this.#write(call);
    else this.#change(call, starts);
  }

  #change(call: Call, starts: number): void {
    const { name, args } = call;
    const paths = pathsOf(call);
    const [first = '', second = ''] = paths;
    const inside = this.#inside;
    const about = { path: '', what: '', ends: this.#time };
    switch (name) {
      case 'fsync':
      case 'fdatasync': {
        const { path } = descriptorOf(call);
        const ino = this.#find(path);
        if (ino !== null) this.steps.push({ step: 'flush', ino, starts, path: this.#short(path!) });
        return;
      }
      case 'lseek': {
        const { fd, path } = descriptorOf(call);
        const ino = this.#find(path);
        if (ino !== null) this.#offset(fd, ino).at = call.result;
        return;
      }
      case 'dup':
      case 'dup2':
      case 'dup3':
      case 'fcntl': {
        const { fd, path } = descriptorOf(call);
        const ino = this.#find(path);
        if (ino !== null && (name !== 'fcntl' || args.includes('F_DUPFD')))
          this.#offsets.set(`${call.result} ${ino}`, this.#offset(fd, ino));
        return;
      }
      case 'ftruncate':
      case 'truncate': {
        const path = name === 'truncate' ? first : descriptorOf(call).path;
        const ino = this.#find(path);
        if (ino === null) return;
        const size = Number(/(\d+)$/.exec(args)![1]);
        if (this.#now.inodes.get(ino)!.content.length === size) return;
        const short = this.#short(path!);
        this.#do({ ...about, kind: 'size', ino, size, path: short, what: `${name} ${short} to ${size} B` });
        return;
      }
      case 'chmod':
      case 'fchmod':
      case 'fchmodat':
      case 'fchmodat2': {
        const path = name === 'fchmod' ? descriptorOf(call).path : first;
        const ino = this.#find(path);
        if (ino === null) return;
        const mode = modeOf(args);
        if (this.#now.inodes.get(ino)!.mode === mode) return;
        const short = this.#short(path!);
        this.#do({ ...about, kind: 'mode', ino, mode, path: short, what: `${name} ${short}` });
        return;
      }
      case 'mkdir':
      case 'mkdirat':
        if (!inside(first)) return;
        this.#names(call, first, [{ path: first, ino: this.#make('folder', modeOf(args)) }]);
        return;
      case 'symlink':
      case 'symlinkat':
        if (!inside(second)) return;
        this.#names(call, second, [{ path: second, ino: this.#make('link', 0o777, first) }]);
        return;
      case 'link':
      case 'linkat':
        if (!inside(second)) return;
        this.#names(call, second, [{ path: second, ino: this.#find(first)! }]);
        return;
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        if (this.#find(first) === null) return; // a socket, which is irrelevant here
        this.#names(call, first, [{ path: first, ino: null }]);
        return;
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        if (!inside(first) && !inside(second)) return;
        const ino = this.#find(first);
        if (ino === null || !inside(second)) throw new Error(`can't follow ${name} ${first} to ${second}`);
        this.#names(call, second, [
          { path: first, ino: null },
          { path: second, ino },
        ]);
        return;
      }
      case 'mmap': {
        const mapped = /, \d+<([^>]*)>/.exec(args)?.[1];
        if (!mapped || !/PROT_WRITE/.test(args) || !/MAP_SHARED/.test(args)) return;
        break;
      }
      case 'fallocate':
      case 'copy_file_range':
      case 'sendfile':
      case 'splice':
      case 'sync_file_range':
      case 'msync':
      case 'sync':
      case 'syncfs':
        break;
    }
    // None of our programs does this today. If one does, the model must support it before it can report that nothing is lost.
    if (args.includes(Buffer.from(this.root).toString('hex').replace(/../g, '\\x$&')))
      throw new Error(`the model does not know ${name} in ${this.root}`);
  }

  #open(call: Call): void {
    const path = call.opened;
    if (!path?.startsWith(`${this.root}/`)) return;
    const { args, result: fd } = call;
    if (args.includes('O_TMPFILE')) throw new Error(`the model does not know O_TMPFILE in ${this.root}`);
    let ino = this.#find(path);
    if (ino === null) {
      if (!args.includes('O_CREAT')) return; // a socket or a pipe
      ino = this.#make('file', modeOf(args));
      this.#names(call, path, [{ path, ino }]);
    } else if (args.includes('O_TRUNC') && this.#now.inodes.get(ino)!.content.length > 0) {
      const short = this.#short(path);
      this.#do({ kind: 'size', ino, size: 0, path: short, what: `truncate ${short} to 0 B`, ends: this.#time });
    }
    this.#offsets.set(`${fd} ${ino}`, { at: 0, append: args.includes('O_APPEND') });
  }

  #offset(fd: number, ino: Ino): { at: number; append: boolean } {
    const known = this.#offsets.get(`${fd} ${ino}`) ?? { at: 0, append: false };
    this.#offsets.set(`${fd} ${ino}`, known);
    return known;
  }

  #write(call: Call): void {
    const { fd, path } = descriptorOf(call);
    const bytes = writtenBy(call);
    const ino = this.#find(path);
    if (ino === null) {
      if (bytes.length > 0) this.steps.push({ step: 'said', text: bytes.toString('latin1') });
      return;
    }
    let at: number;
    if (call.name.startsWith('p'))
      at = Number((call.name === 'pwritev2' ? /(\d+), \w+$/ : /(\d+)$/).exec(call.args)![1]);
    else {
      const offset = this.#offset(fd, ino);
      at = offset.append ? this.#now.inodes.get(ino)!.content.length : offset.at;
      offset.at = at + bytes.length;
    }
    if (bytes.length === 0) return;
    const short = this.#short(path!);
    const what = `write ${short} (${bytes.length} B at ${at})`;
    this.#do({ kind: 'write', ino, at, bytes, path: short, what, ends: this.#time });
  }
}
