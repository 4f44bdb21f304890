import { userInfo } from 'node:os';
import { request } from '../../../sync/edge/http.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { Printing } from '../../contract/printing.ts';
import type { CoreOptions } from '../interface.ts';
import type { StaffService } from '../staff/service.ts';
import { decodeIpp, encodeIpp, GROUP, type IppAnswer, type IppAttributes, type IppRequest } from './ipp.ts';
import { jobAfter, newestJob, troubleOf } from './rules.ts';

const GET_JOBS = 0x000a;
const CUPS_GET_DEFAULT = 0x4001;
const NOT_FOUND = 0x0406;
/** Limit for an answer about one printer and its jobs, bytes. */
const MAX_ANSWER = 1 << 20;
const ANSWER_MS = 5_000;
const NO_PRINTER: Printing = { printer: 'none', trouble: null, newest: 0, job: null };

/** Returns the CUPS socket on this machine, found as CUPS clients do. Null if this system has another print service. */
export function cupsSocket(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | null {
  if (env.CUPS_SERVER?.startsWith('/')) return env.CUPS_SERVER;
  if (platform === 'darwin') return '/private/var/run/cupsd';
  return platform === 'linux' ? '/run/cups/cups.sock' : null;
}

/**
 * What the screen can't know about its printing: whether there is a printer, and the outcome of a job. The browser prints the
 * page; this queries CUPS through its socket on this machine.
 */
export function createPrinting(deps: {
  readonly staff: Pick<StaffService, 'require'>;
  readonly socket: string | null;
  readonly log: CoreOptions['log'];
}): Pick<CoreMethods, 'printing'> {
  const { staff, socket, log } = deps;
  return {
    async printing({ token, after }) {
      staff.require(token);
      if (socket === null) return { printer: 'unknown', trouble: null, newest: 0, job: null };
      try {
        const printer = await defaultPrinter(socket);
        if (!printer) return NO_PRINTER;
        const jobs = await jobsOf(socket, printer.name);
        return {
          printer: 'ready',
          trouble: troubleOf(printer.attributes),
          newest: newestJob(jobs),
          job: after === null ? null : jobAfter(jobs, after),
        };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Without CUPS there is no printer. A CUPS that does not answer is logged.
        if (code !== 'ENOENT' && code !== 'ECONNREFUSED') log('warn', 'printing: CUPS does not answer', { error });
        return NO_PRINTER;
      }
    },
  };
}

/** Null if no printer is the default, so the browser would find none either. */
async function defaultPrinter(socket: string): Promise<{ name: string; attributes: IppAttributes } | null> {
  const answer = await ask(socket, CUPS_GET_DEFAULT, [
    [
      'keyword',
      'requested-attributes',
      'printer-name',
      'printer-state',
      'printer-state-reasons',
      'printer-is-accepting-jobs',
    ],
  ]);
  if (answer.status === NOT_FOUND) return null;
  const attributes = groupsOf(answer, GROUP.printer)[0];
  const name = attributes?.get('printer-name')?.[0];
  return attributes && typeof name === 'string' ? { name, attributes } : null;
}

async function jobsOf(socket: string, printer: string): Promise<IppAttributes[]> {
  const answer = await ask(socket, GET_JOBS, [
    ['uri', 'printer-uri', `ipp://localhost/printers/${encodeURIComponent(printer)}`],
    ['name', 'requesting-user-name', userInfo().username],
    ['keyword', 'which-jobs', 'all'],
    ['keyword', 'requested-attributes', 'job-id', 'job-state'],
  ]);
  return groupsOf(answer, GROUP.job);
}

const groupsOf = ({ groups }: IppAnswer, tag: number): IppAttributes[] =>
  groups.filter((group) => group.tag === tag).map(({ attributes }) => attributes);

function ask(socketPath: string, operation: number, attributes: IppRequest): Promise<IppAnswer> {
  const body = encodeIpp(operation, attributes);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath,
        method: 'POST',
        path: '/',
        headers: { host: 'localhost', 'content-type': 'application/ipp', 'content-length': body.length },
        signal: AbortSignal.timeout(ANSWER_MS),
      },
      (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size > MAX_ANSWER) asked.destroy(new Error('the answer of CUPS is too large'));
          else pieces.push(piece);
        });
        response.on('error', reject);
        response.on('end', () => {
          try {
            if (response.statusCode !== 200) throw new Error(`CUPS answered ${response.statusCode}`);
            resolve(decodeIpp(Buffer.concat(pieces)));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
