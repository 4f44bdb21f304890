import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { serverArtefact } from '../installed/artefact.ts';
import { Administrator, browserAt, type Pace } from '../installed/browser.ts';
import { stepsOf, TASKS } from '../installed/pages.ts';
import { PACKAGES } from '../installed/server.ts';
import { STORE, startStore } from '../installed/store.ts';
import { type Booted, boot, copyOfDebian, debianRoot } from '../kiosk-image/debian.ts';
import { run } from '../kiosk-image/machine.ts';
import { benchLine } from './harness.ts';
import type { BenchGroup } from './types.ts';

const GROUP = 'first-day';
const LIMIT_S = 300;
/** Time per key at 40 words a minute; office workers type 52 on average (Dhakal et al., CHI 2018). */
const PACE: Pace = { key: 300, press: 1_500, read: 8_000 };
/** Time to read a question of the set-up; to find, copy and paste a block of the page; to put two keys into a password safe. */
const QUESTION_MS = 2_000;
const BLOCK_MS = 5_000;
const KEYS_MS = 25_000;

/** The operator's answers, by text in the question; '' accepts the default. */
const ANSWERS: readonly (readonly [question: string, answer: string])[] = [
  ['Host names', 'presence.example.org'],
  ['IP address', ''],
  ['Port of console', ''],
  ['Port for kiosks', ''],
  ['PEM file of your certificate', 'own'],
  ['Name of the first site', 'Head office'],
  ['Its time zone', 'Europe/Berlin'],
  ['Broker:', ''],
  ['Name of the bucket', 'example-presence'],
  ['Its region', 'eu-central-1'],
  ['Address of the store', `https://${STORE}`],
  ['CA of its certificate', '/etc/ssl/s3-ca.pem'],
  ['Access key id', 'key-id'],
  ['Secret access key', 'secret-of-the-store'],
  ['Mail server as', 'none'],
  ['Organisation', 'Example Ltd'],
  ['How people reach', 'privacy@example.org'],
  ['Data protection officer', 'dpo@example.org'],
  ['Text files of your own', ''],
  ['E-mail address', 'ada@example.org'],
];

/** A root terminal with a person in front of it. */
class Terminal {
  readonly #child;
  #said = '';
  #block = 0;

  constructor(machine: Booted) {
    const login = [...machine.enter('--all'), 'env', '-i', 'HOME=/root', 'LC_ALL=C.UTF-8', 'TERM=xterm', 'bash', '-l'];
    // script(1) provides a terminal. Without one, set-up would neither hide input nor let it be edited.
    this.#child = spawn('script', ['-qefc', login.join(' '), '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  /** Waits for output since the last call, and marks it as read. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (const since = performance.now(); ; await sleep(50)) {
      const said = stripVTControlCharacters(this.#said).replaceAll('\r', '');
      const found = pattern.exec(said);
      if (found) {
        this.#said = '';
        return found;
      }
      if (performance.now() - since > 600_000) throw new Error(`${pattern} is not said in ten minutes: ${said}`);
    }
  }

  /** @param pace ms per key; 0: the text is pasted from where it was just shown */
  async type(text: string, pace = PACE.key): Promise<void> {
    for (const key of text) {
      this.#child.stdin.write(key);
      await sleep(pace);
    }
    this.#child.stdin.write('\r');
  }

  /** @returns its output */
  async paste(block: string): Promise<string> {
    await sleep(BLOCK_MS);
    // The shell computes the mark, so that its echo doesn't match.
    this.#child.stdin.write(`${block}echo end-$((${++this.#block} + 0)).\r`);
    return (await this.until(new RegExp(`(.*)\\nend-${this.#block}\\.`, 's')))[1]!;
  }

  close(): void {
    this.#child.stdin.end();
  }
}

/** Goes from the archive to the first face, following docs/install/first-day.md. @returns seconds of each part */
async function firstDay(machine: Booted, folder: string): Promise<Record<string, number>> {
  const page = stepsOf(TASKS[0]).map(({ commands }) => commands);
  const block = (start: string): string => {
    const found = page.find((commands) => commands.startsWith(start));
    if (!found) throw new Error(`${TASKS[0]} has no block that begins with ${start}`);
    return found;
  };
  const terminal = new Terminal(machine);
  const browser = await browserAt(machine, folder);
  try {
    // The database exists before the archive does.
    await terminal.paste(block('VERSION='));
    await terminal.paste(block('PASSWORD='));
    const parts: Record<string, number> = {};
    let since = performance.now();
    const ends = (part: string): void => {
      parts[part] = (performance.now() - since) / 1000;
      since = performance.now();
    };
    await terminal.paste(block('sha256sum'));
    const url = /^postgres:.*$/m.exec(await terminal.paste(block('echo "postgres:')))![0];
    ends('unpacked and installed');
    await terminal.type('smartpresence setup');
    await terminal.until(/PostgreSQL as .*: $/);
    await sleep(QUESTION_MS);
    await terminal.type(url, 0);
    const keys = await terminal.until(/ENCRYPTION_KEY=(\S+)\s+SECRET_KEY=(\S+).*of ENCRYPTION_KEY: $/s);
    await sleep(KEYS_MS);
    await terminal.type(keys[1]!.slice(-6));
    await terminal.until(/of SECRET_KEY: $/);
    await terminal.type(keys[2]!.slice(-6));
    for (const [question, answer] of ANSWERS) {
      await terminal.until(new RegExp(`${question}[^\\n]*: $`));
      await sleep(QUESTION_MS);
      await terminal.type(answer);
    }
    const [link] = await terminal.until(/https:\S+#enter=\S+/);
    ends('set up');
    await terminal.paste(block('systemctl enable --now'));
    await terminal.paste(block('smartpresence backup setup'));
    await terminal.paste(block('until smartpresence doctor'));
    ends('started, backed up and checked');
    const administrator = await Administrator.at(browser, 'ada@example.org', PACE);
    await sleep(BLOCK_MS);
    await administrator.signInByLink(link);
    ends('signed in with a second factor');
    await administrator.enrolByPhoto();
    ends('a person enrolled by a photo');
    return parts;
  } finally {
    await browser.close();
    terminal.close();
  }
}

export const group: BenchGroup = {
  name: GROUP,
  describe: 'how long an operator takes from the archive to the first enrolled face, at 40 words a minute',
  leavesOut:
    'to fetch the archive and to set up PostgreSQL; a program types, at the pace of a person who makes no mistake',
  async *run({ note }) {
    const folder = mkdtempSync(join(tmpdir(), 'sp-first-day-'));
    const debian = copyOfDebian(debianRoot([], PACKAGES));
    let machine: Booted | undefined;
    let store: Awaited<ReturnType<typeof startStore>> | undefined;
    try {
      run('cp', serverArtefact().archive, join(debian.root, 'root'));
      writeFileSync(join(debian.root, 'etc/hosts'), `127.0.0.1 localhost presence.example.org ${STORE}\n`);
      machine = await boot(debian.root);
      store = await startStore(machine, debian.root, folder);
      await machine.started();
      note('types');
      const parts = await firstDay(machine, folder);
      const line = { group: GROUP, unit: 's', better: 'lower' } as const;
      for (const [name, ours] of Object.entries(parts))
        yield benchLine({ ...line, name, ours, reference: null, referenceValue: null });
      yield benchLine({
        ...line,
        name: 'archive to first enrolled face',
        ours: Object.values(parts).reduce((sum, part) => sum + part, 0),
        reference: 'limit',
        referenceValue: LIMIT_S,
        bar: 1,
      });
    } finally {
      store?.kill('SIGKILL');
      await machine?.halt();
      debian.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
