import { join } from 'node:path';
import { build } from 'vite';
import { SyncEngine } from '../../sync/edge/engine.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Link, newKiosk } from '../kit/kiosk.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/** A server with its screens, and one kiosk whose sync engine runs. */
export interface System {
  readonly server: TestServer;
  readonly link: Link;
  readonly outbox: MemoryOutbox;
  readonly engine: SyncEngine;
  /** Address of a page of the console. */
  at(path: string): string;
  close(): Promise<void>;
}

/** @param env more variables of the server; `report`: what the kiosk reports about itself */
export async function newSystem(
  site: string,
  env: Record<string, string> = {},
  report?: () => Inventory | null,
): Promise<System> {
  const pages = temporaryFolder();
  await build({
    configFile: join(import.meta.dirname, '../../vite.config.ts'),
    logLevel: 'error',
    build: { outDir: pages.path, emptyOutDir: true },
  });
  const server = await newServer({
    env: { SMARTPRESENCE_SITE: site, SMARTPRESENCE_TIMEZONE: 'UTC', ...env },
    pages: pages.path,
    start: false,
  });
  const { secret, bundle, box: outbox } = await newKiosk(server);
  await server.start();
  const engine = new SyncEngine({ secret, bundle, source: outbox, ...(report && { report }) });
  engine.start();
  return {
    server,
    link: { secret, bundle },
    outbox,
    engine,
    at: (path) => `${server.peopleUrl}/console/#/${path}`,
    async close() {
      await engine.stop();
      await server.close();
      pages.remove();
    },
  };
}
