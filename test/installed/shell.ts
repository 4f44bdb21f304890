import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Booted } from '../kiosk-image/debian.ts';

/** Only a guard against hanging. */
const HANGS_MS = 1_200_000;

/** A root shell on a machine, into which a page is typed block by block. Variables set by one block remain for the next. */
export class RootShell {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = '';
  #ended = false;

  /** @param root where this machine sees the other's files */
  constructor(machine: Booted, root: string) {
    const [program, ...options] = machine.enter('--all');
    this.#folder = join(root, 'var/tmp');
    // Like a root login. -e, since a reader stops at a failure.
    const login = ['env', '-i', 'HOME=/root', 'LC_ALL=C.UTF-8', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'bash', '-e'];
    this.#child = spawn(program!, [...options, ...login], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#child.once('close', () => (this.#ended = true));
    this.#child.stdin!.on('error', () => undefined);
  }

  /**
   * @param o the text typed at prompts; `attention`: accepts exit code 1 (done, and something needs attention) as well as 0
   * @returns the output; throws if a command fails
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
