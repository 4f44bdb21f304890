import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Booted } from '../kiosk-image/debian.ts';

/** A guard against hanging alone. */
const HANGS_MS = 1_200_000;

/** One shell of root's on a machine, into which a page is typed block by block: what one block has set, the next one has. */
export class RootShell {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = '';
  #ended = false;

  /** @param root where this machine sees that one's files */
  constructor(machine: Booted, root: string) {
    const [program, ...options] = machine.enter('--all');
    this.#folder = join(root, 'var/tmp');
    // As a login of root's; -e, since a reader stops at what fails.
    const login = ['env', '-i', 'HOME=/root', 'LC_ALL=C.UTF-8', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'bash', '-e'];
    this.#child = spawn(program!, [...options, ...login], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#child.once('close', () => (this.#ended = true));
    this.#child.stdin!.on('error', () => undefined);
  }

  /**
   * @param o what is typed where it asks; `attention`: 1 is an end as good as 0 (done, and something needs attention)
   * @returns what was said; fails where a command does
   */
  async type(commands: string, o: { answer?: string; attention?: boolean } = {}): Promise<string> {
    writeFileSync(join(this.#folder, 'block'), commands);
    writeFileSync(join(this.#folder, 'answer'), o.answer ?? '');
    const from = this.#said.length;
    const end = `-- end of block ${from} --`;
    const fails = o.attention ? `set +e\ntrap 'code=$?; [ $code = 1 ] || exit $code' ERR` : 'set -e';
    this.#child.stdin!.write(`${fails}\n. /var/tmp/block </var/tmp/answer\ntrap - ERR\necho '${end}'\n`);
    for (const since = performance.now(); ; await new Promise((done) => setTimeout(done, 50))) {
      const said = this.#said.slice(from);
      if (said.includes(end)) return said.replace(`${end}\n`, '');
      if (this.#ended || performance.now() - since > HANGS_MS)
        throw new Error(`${this.#ended ? 'this failed' : 'this does not end'}:\n${commands}\n${said}`);
    }
  }

  close(): void {
    this.#child.stdin!.end();
  }
}
