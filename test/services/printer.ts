import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const NEEDED = {
  '/usr/sbin/cupsd': 'cups',
  '/usr/lib/cups/backend/cups-pdf': 'printer-driver-cups-pdf',
  '/usr/bin/pdftotext': 'poppler-utils',
};

/** Why no printer can be started here; null if one can. */
export function noPrinterHere(): string | null {
  const missing = Object.entries(NEEDED).filter(([file]) => !existsSync(file));
  if (missing.length > 0) return `SKIPPED: printing: apt-get install ${missing.map(([, apt]) => apt).join(' ')}`;
  return process.getuid?.() === 0 ? null : 'SKIPPED: printing: only root can start a print service of its own';
}

/** CUPS with a printer that prints to PDF, independent of this machine's own. */
export interface PrintService {
  /** Environment for programs that print. */
  readonly env: Readonly<Record<string, string>>;
  /** Creates the printer and makes it the default one. */
  setUp(): void;
  remove(): void;
  /** Stops it, as its operator or a fault does; `resume` restarts it. */
  stop(why: string): void;
  resume(): void;
  /** Printed files, oldest first. */
  papers(): string[];
  /** Waits for this many printed files. */
  printed(count: number): Promise<string[]>;
  close(): Promise<void>;
}

export async function startPrintService(): Promise<PrintService> {
  const folder = mkdtempSync('/dev/shm/sp-print-');
  const at = (name: string): string => join(folder, name);
  chmodSync(folder, 0o755);
  for (const name of ['run', 'spool', 'cache', 'log']) mkdirSync(at(name));
  for (const name of ['tmp', 'out']) {
    mkdirSync(at(name));
    chmodSync(at(name), 0o1777);
  }
  cpSync('/etc/cups', at('etc'), { recursive: true });
  for (const file of ['printers.conf', 'classes.conf']) rmSync(at(`etc/${file}`), { force: true });
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(at(`etc/${name}`), `${lines.join('\n')}\n`);
  write('cups-files.conf', [
    'ServerRoot /etc/cups',
    'ServerBin /usr/lib/cups',
    'DataDir /usr/share/cups',
    `CacheDir ${at('cache')}`,
    `RequestRoot ${at('spool')}`,
    `StateDir ${at('run')}`,
    `TempDir ${at('tmp')}`,
    ...['AccessLog', 'ErrorLog', 'PageLog'].map((log) => `${log} ${at(`log/${log}`)}`),
    'SystemGroup root',
    'User lp',
    'Group lp',
  ]);
  write('cupsd.conf', [
    `Listen ${at('run/cups.sock')}`,
    'Browsing No',
    'WebInterface No',
    'PreserveJobFiles No',
    'DefaultAuthType None',
    '<Location />',
    'Allow all',
    '</Location>',
    '<Policy default>',
    '<Limit All>',
    'Order deny,allow',
    '</Limit>',
    '</Policy>',
  ]);
  write('cups-pdf.conf', [
    `Out ${at('out')}`,
    `AnonDirName ${at('out')}`,
    'AnonUser root',
    'Label 2',
    `Log ${at('log')}`,
    `Spool ${at('tmp')}`,
  ]);
  // The backend reads its settings only in /etc/cups, so this folder is mounted there for it.
  const cupsd = spawn(
    'unshare',
    ['--mount', 'sh', '-c', `mount --bind '${at('etc')}' /etc/cups && exec /usr/sbin/cupsd -f`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((done) => cupsd.once('exit', () => done()));
  const env = { CUPS_SERVER: at('run/cups.sock') };
  const run = (command: string, ...args: string[]): void => {
    execFileSync(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'ignore'] });
  };
  while (cupsd.exitCode === null && !existsSync(env.CUPS_SERVER)) await sleep(50);
  if (cupsd.exitCode !== null) throw new Error(`cupsd ended with ${cupsd.exitCode}`);
  const papers = (): string[] =>
    readdirSync(at('out'))
      .filter((name) => name.endsWith('.pdf'))
      .map((name) => at(`out/${name}`))
      .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  return {
    env,
    papers,
    setUp() {
      // Via cairo, so that the PDF keeps its text as text.
      run(
        'lpadmin',
        '-p',
        'kiosk',
        '-E',
        '-v',
        'cups-pdf:/',
        '-P',
        '/usr/share/ppd/cups-pdf/CUPS-PDF_noopt.ppd',
        '-o',
        'pdftops-renderer-default=pdftocairo',
      );
      run('lpadmin', '-d', 'kiosk');
    },
    remove: () => run('lpadmin', '-x', 'kiosk'),
    stop: (why) => run('cupsdisable', '-r', why, 'kiosk'),
    resume: () => run('cupsenable', 'kiosk'),
    async printed(count) {
      while (papers().length < count) await sleep(100);
      return papers();
    },
    async close() {
      cupsd.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The text of a printed file, in reading order. */
export const textOf = (pdf: string): string =>
  execFileSync('/usr/bin/pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' });
