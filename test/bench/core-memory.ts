import { readPicture } from '../../electron/cli/demo/footage.ts';
import { demoPeople } from '../../electron/cli/demo/people.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { EMBEDDER } from '../../models/rules/manifest.ts';
import { enterKiosk } from '../e2e/node-screen.ts';
import { processMemory } from './harness.ts';
import { largeKiosk } from './large-kiosk.ts';

const PEOPLE = 10_000;
const PROBES = 50;
/** Everyone's check-ins over two days, none of them sent yet, as on a kiosk whose server is down. */
const CHECKINS = 40_000;

/** Most memory of the core with 10,000 people, whatever it has done, MB of 10⁶ bytes. */
export const CORE_MEMORY_BAR_MB = 300;

/** The same bar for fewer people, reduced by the mean templates of the missing ones. */
export const coreMemoryBar = (people: number): number =>
  CORE_MEMORY_BAR_MB - (Math.max(0, PEOPLE - people) * EMBEDDER.length * 4) / 1e6;

/** Memory of the real core process, bytes, and ms until it served and until it could also recognise faces. */
export interface CoreMemory {
  readonly loaded: number;
  readonly afterProbes: number;
  readonly peak: number;
  readonly openMs: number;
  readonly facesMs: number;
}

/**
 * Starts the browser host and its core process on a store of 10,000 people with 3 templates each and 40,000 check-ins, shows it a
 * real face 50 times, and reads the core's resident memory. The store is made once, in a minute, and kept in the temporary
 * folder. It holds only synthetic people.
 */
export async function measureCoreMemory(note: (message: string) => void): Promise<CoreMemory> {
  const home = await largeKiosk(PEOPLE, note, CHECKINS);
  const frame = await realFace();
  const began = performance.now();
  const host = await startBrowserHost({
    home,
    demo: false,
    secretInFile: true,
    browser: { mode: 'none' },
    log: () => undefined,
  });
  try {
    const link = await (await enterKiosk(host)).connect();
    const { people } = await link.client.status({});
    if (people !== PEOPLE) throw new Error(`the core holds ${people} people instead of ${PEOPLE}`);
    const openMs = performance.now() - began;
    while ((await link.client.status({})).face.use === 'off') await new Promise((resolve) => setTimeout(resolve, 20));
    const facesMs = performance.now() - began;
    const pid = host.corePid;
    if (pid === null) throw new Error('the core is gone');
    const loaded = processMemory(pid).resident;
    for (let i = 0; i < PROBES; i++) {
      const { visit } = await link.client.visitBegin({});
      const result = await link.client.probe({ visit, frame: { ...frame, takenAt: i } });
      // A kiosk of this size admits nobody by face alone. Any other result means that the gallery was not searched.
      if (result.kind !== 'other-method' && result.kind !== 'more')
        throw new Error(`unexpected: ${JSON.stringify(result)}`);
      await link.client.visitEnd({ visit });
    }
    const { resident: afterProbes, peak } = processMemory(pid);
    if (host.corePid !== pid) throw new Error('the core was restarted while it was measured');
    link.close();
    return { loaded, afterProbes, peak, openMs, facesMs };
  } finally {
    await host.close();
  }
}

/** A face in the form that a screen sends. */
async function realFace(): Promise<Omit<FaceFrame, 'takenAt'>> {
  const [person] = demoPeople();
  const picture = await readPicture(person!.pictures[0]!);
  const { openPipeline } = await import('../../models/node/pipeline.ts');
  const pipeline = await openPipeline();
  try {
    const [face] = await pipeline.detect(picture);
    if (!face) throw new Error('no face in the demo picture');
    return {
      picture: { ...picture, data: new Uint8Array(picture.data) },
      box: [...face.box],
      others: 0,
    };
  } finally {
    await pipeline.close();
  }
}
