import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** System calls that change a file system, flush it, or send bytes elsewhere (a program's answers). */
const TRACED = [
  'openat,open,creat,dup,dup2,dup3,fcntl,lseek',
  'write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,ftruncate,truncate,fallocate,mmap',
  'rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat',
  'chmod,fchmod,fchmodat,fchmodat2,copy_file_range,sendfile,splice',
  'fsync,fdatasync,sync,syncfs,sync_file_range,msync',
].join(',');

/** One system call that succeeded. */
export interface Call {
  readonly name: string;
  /** As printed by strace, with every string and path in hexadecimal. */
  readonly args: string;
  readonly result: number;
  /** Path of the file descriptor that it returned. */
  readonly opened: string | null;
  /** Its position among all entries and exits. What ended before `start` is done when this call begins. */
  readonly start: number;
  readonly end: number;
}

/** The command line that records `command` with all its threads and children into a file. */
export const straceOf = (file: string, command: readonly string[]): [string, string[]] => [
  'strace',
  [
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-y',
    '-xx',
    '-s',
    '16777216',
    '-e',
    `trace=${TRACED}`,
    '-e',
    'signal=none',
    '-o',
    file,
    ...command,
  ],
];

/** Runs a command to its end and records it. @throws if it fails */
export async function recordRun(file: string, command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(...straceOf(file, command), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${said.slice(-3000)}`);
}

const WHOLE = /^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)(?:<([^>]*)>)?/;
const UNFINISHED = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/;

/** Reads strace's output, in the order in which the calls ended. */
export async function readTrace(file: string): Promise<Call[]> {
  const calls: Call[] = [];
  const begun = new Map<string, { start: number; args: string }>();
  let at = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    at += 1;
    const unfinished = UNFINISHED.exec(line);
    if (unfinished) {
      begun.set(unfinished[1]!, { start: at, args: unfinished[3]! });
      continue;
    }
    const resumed = RESUMED.exec(line);
    const before = resumed && begun.get(resumed[1]!);
    const call = WHOLE.exec(before ? `${resumed[1]} ${resumed[2]}(${before.args}${resumed[3]}` : line);
    if (!call) continue; // an exit, or a signal
    const result = call[4] === '?' ? -1 : Number(call[4]);
    if (result < 0) continue;
    const opened = call[5] === undefined ? null : unhex(call[5]).toString('utf8');
    calls.push({ name: call[2]!, args: call[3]!, result, opened, start: before ? before.start : at, end: at });
  }
  return calls;
}

export const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');

/** The strings in the arguments, in order; those of an iovec separately. */
export const stringsOf = (call: Call): Buffer[] => [...call.args.matchAll(/"([^"]*)"/g)].map((m) => unhex(m[1]!));

/** All bytes that a call writes. */
export const writtenBy = (call: Call): Buffer => Buffer.concat(stringsOf(call)).subarray(0, call.result);

/** The path arguments, with relative ones resolved against their folder. */
export function pathsOf(call: Call): string[] {
  const found: string[] = [];
  for (const [, folder, path] of call.args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"/g)) {
    const name = unhex(path!).toString('utf8');
    found.push(name.startsWith('/') || folder === undefined ? name : `${unhex(folder).toString('utf8')}/${name}`);
  }
  return found;
}

/** The file descriptor in the first argument, and its path; null if the file has no name. */
export function descriptorOf(call: Call): { fd: number; path: string | null } {
  const [, fd, path, gone] = /^(\d+)(?:<([^>]*)>(\(deleted\))?)?/.exec(call.args) ?? [];
  return { fd: Number(fd), path: path === undefined || gone ? null : unhex(path).toString('utf8') };
}
