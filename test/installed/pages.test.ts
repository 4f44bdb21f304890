import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion, ROOT } from '../../build/package/files.ts';
import { stillsOfA } from '../footage/index.ts';
import { type Booted, boot, copyOfDebian, debianRoot } from '../kiosk-image/debian.ts';
import { cantRun, run } from '../kiosk-image/machine.ts';
import { motoMissing } from '../services/moto.ts';
import { nextServer, serverArtefact } from './artefact.ts';
import { Administrator, browserAt } from './browser.ts';
import { type Step, stepsOf, TASKS } from './pages.ts';
import { PACKAGES } from './server.ts';
import { RootShell } from './shell.ts';
import { expectNoSourcesOn } from './sources.ts';
import { STORE, startStore } from './store.ts';

/*
 * An operator’s first day, month and incidents. Every command of those pages is typed as written, in order, into a root shell of
 * a Debian machine with its own systemd, PostgreSQL and Mosquitto, and the server’s archive.
 */

const impossible = cantRun('debootstrap', 'systemd-nspawn', 'nsenter', 'pgrep', 'dpkg-deb') ?? motoMissing();
if (impossible) console.log(impossible);
const NEXT = '0.1.1';

describe.skipIf(impossible !== null)(
  'the operators’ pages, as written',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sp-pages-'));
    let debian: ReturnType<typeof copyOfDebian>;
    let machine: Booted;
    let shell: RootShell;
    const beside: ChildProcess[] = [];
    let kiosk: { device: string; fingerprint: string } | null = null;
    let browser: Browser;
    let administrator: Administrator;
    let person = '';
    let said = '';
    const put = (path: string, text: string, mode = 0o644): void =>
      writeFileSync(join(debian.root, path), text, { mode });

    beforeAll(async () => {
      debian = copyOfDebian(debianRoot([], PACKAGES));
      run('cp', serverArtefact().archive, nextServer(NEXT).archive, join(debian.root, 'root'));
      put('etc/hosts', `127.0.0.1 localhost presence.example.org ${STORE}\n`);
      machine = await boot(debian.root);
      expect(machine.do('test', '-e', ROOT).code).toBe(1);
      beside.push(await startStore(machine, debian.root, folder));
      await machine.started();
      shell = new RootShell(machine, debian.root);
      browser = await browserAt(machine, folder);
      writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost presence.example.org\n');
    }, 7_200_000);
    afterAll(async () => {
      await browser?.close();
      shell?.close();
      for (const child of beside) child.kill('SIGKILL');
      await machine?.halt();
      debian?.remove();
      rmSync(folder, { recursive: true, force: true });
    }, 600_000);

    /** Runs a program from the sources as a kiosk in the machine’s network. @returns its JSON output, line by line */
    async function kioskRuns(args: readonly string[], input = ''): Promise<unknown[]> {
      const [program, ...inNetwork] = machine.enter('--net');
      const named = ['sh', '-c', `mount --bind ${join(folder, 'hosts')} /etc/hosts && exec "$@"`, 'sh'];
      const child = spawn(program!, [...inNetwork, 'unshare', '--mount', ...named, process.execPath, ...args], {
        env: { PATH: process.env.PATH, SMARTPRESENCE_HOME: join(folder, 'kiosk') },
      });
      beside.push(child);
      child.stdin.end(input);
      const [out, err] = await Promise.all(
        [child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray()).toString()),
      );
      if (out === '') throw new Error(`${args.join(' ')}: ${err}`);
      return out!
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    }
    const SP = join(ROOT, 'electron/cli/sp.ts');

    /** What a person does without commands, using what the page made before; and what has happened where a part begins. */
    const BY_HAND: Record<string, () => Promise<void>> = {
      async 'first-person'() {
        administrator = await Administrator.at(browser, 'ada@example.org');
        await administrator.signInByLink(/https:\/\/\S+#enter=\S+/.exec(said)![0]);
        await administrator.readConsentTexts();
        person = await administrator.enrolByPhoto();
      },
      async 'first-check-in'() {
        expect(await kioskRuns([SP, 'device', 'join', '--continue', '--json'])).toMatchObject([{ state: 'joined' }]);
        const checkin = join(import.meta.dirname, 'children/checkin.ts');
        expect(await kioskRuns([checkin])).toEqual([['Ada Lovelace']]);
        // Another picture of the face that the server enrolled.
        const identified = await kioskRuns([SP, 'faces', 'identify', '--json', stillsOfA()[1]!]);
        expect(identified).toMatchObject([{ person: { id: person, name: 'Ada Lovelace' }, reason: 'accept' }]);
        await administrator.seesCheckin('Ada Lovelace');
        expect(await administrator.printsEvacuationList(join(folder, 'list.pdf'))).toContain('Ada Lovelace');
      },
      async 'sign-in-again'() {
        await administrator.signInAgain();
        // She was erased and must not return.
        expect((await administrator.namesOfPeople()).join()).not.toContain('Ada Lovelace');
      },
      async 'bad-build'() {
        put(`opt/smartpresence/${NEXT}/app/sync/server/main.js`, 'throw new Error("a bad build");\n');
        machine.do('systemctl', 'restart', 'smartpresence-server');
        const starts = 'test "$(systemctl show --value --property=NRestarts smartpresence-server)" -ge 2';
        await machine.until('a server that does not start', 300_000, 'sh', '-c', starts);
      },
    };

    /** A kiosk run from the sources, in the machine’s network. It joins as far as it can without a person at the server. */
    const AT_THE_KIOSK: Record<string, (step: Step) => Promise<void>> = {
      async join(step) {
        const code = said.match(/^[0-9A-Z]{2,5}(?:-[0-9A-Z]{2,5}){8,}$/gm)!.at(-1)!;
        const args = step.commands.trim().split(' ').slice(1);
        const [line] = await kioskRuns([SP, ...args, '--no-wait', '--json'], `${code}\n`);
        kiosk = line as typeof kiosk;
        expect(kiosk).toMatchObject({ device: expect.any(String), fingerprint: expect.any(String) });
      },
    };

    /** Answers to the prompts of commands. */
    const ANSWERS: Record<string, () => string> = {
      'the secret access key of the store': () => 'key-secret',
      'the fingerprint that the kiosk shows': () => kiosk!.fingerprint,
    };

    /** A reader's values for examples in the page that must be replaced. */
    const yours: Record<string, () => string> = {
      VERSION: () => projectVersion(),
      NEXT: () => NEXT,
      KIOSK: () => kiosk!.device,
      PERSON: () => person,
      REQUEST: () => /^([0-9a-f-]{36}) {2}(requested|under-way)/m.exec(said)![1]!,
      INCIDENT: () => /^([0-9a-f-]{36}) .*Keys may have leaked$/m.exec(said)![1]!,
    };
    const written = (commands: string): string =>
      commands.replace(/^([A-Z_0-9]+)=(\S+)(?= # yours)/gm, (line, name: string) =>
        yours[name] ? `${name}=${yours[name]()}` : line,
      );

    test.each(TASKS)('%s', async (page) => {
      // A day later: what failed while the bucket was being set up has been retried.
      if (page !== TASKS[0]) await machine.until('no job that failed', 600_000, 'smartpresence', 'jobs', 'list');
      let seconds = 0;
      for (const step of stepsOf(page)) {
        if (step.mark === 'not run' || step.mark === 'in containers') continue;
        const since = performance.now();
        if (step.mark === 'by hand') await BY_HAND[step.note]!();
        else if (step.mark === 'on the kiosk') await AT_THE_KIOSK[step.note]!(step);
        else {
          const answer = step.mark === 'asks' ? `${ANSWERS[step.note]!()}\n` : '';
          const commands = written(step.commands);
          said += await shell
            .type(commands, { answer, attention: step.mark === 'ends with 1' })
            .catch((cause: Error) => Promise.reject(new Error(`${step.place}: ${cause.message}`)));
        }
        seconds += (performance.now() - since) / 1000;
        if (step.note === 'first-person')
          console.log(`from archive to first face: ${seconds.toFixed(0)} s of commands`);
      }
      expect(machine.say('systemctl', 'list-units', '--failed', '--no-legend', 'smartpresence*')).toBe('');
      expectNoSourcesOn(machine, debian.root, '/opt/smartpresence/*', 'bin/node');
      if (page === 'docs/operate/each-month.md') expect(said).toContain('9998-next: adds only');
      if (page === 'docs/operate/incidents.md') {
        expect(said).toContain(`The schema stays as ${NEXT} left it.`);
        const unit = 'smartpresence-server.service';
        const ours = `/opt/smartpresence/${projectVersion()}/systemd/${unit}`;
        expect(machine.say('cat', `/etc/systemd/system/${unit}`)).toBe(machine.say('cat', ours));
        expect(machine.say('systemctl', 'show', '--value', '--property=NeedDaemonReload', unit).trim()).toBe('no');
      }
    });
  },
  3_600_000,
);
